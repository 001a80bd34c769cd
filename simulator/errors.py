"""Every exception the simulator raises on purpose, and the exit code each one ends a command with.

    SimulatorError                 1   a fault of ours, said in one message
      InputError                   2   something the user gave cannot be used
        ScenarioError              2   a scenario with problems, all of them, each with its place
        ProfileError               2   a cost profile that is missing or broken
        OutputError                2   a place that cannot be written
      TooLargeError                5   the work asked for is beyond the limit; carries the estimate
    KeyboardInterrupt
      Interrupted                130   Ctrl-C, or a time limit (5), with what was found by then

Outcomes that a user asked about ("the SLA is missed", "the system is saturated") are values, not exceptions.
"""

from dataclasses import dataclass

__all__ = [
    "InputError",
    "Interrupted",
    "OutputError",
    "Problem",
    "ProfileError",
    "ScenarioError",
    "SimulatorError",
    "TooLargeError",
]


class SimulatorError(Exception):
    """A failure with a message for people; `exit_code` is what a command returns for it."""

    exit_code = 1


class InputError(SimulatorError):
    """Something the user gave cannot be used; the message says where, what was expected and what to do."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scenario.

    Attributes
    ----------
    place
        Where it was written: ``file:line:column``, or ``--set PATH=VALUE``.
    path
        The key's address inside the scenario, such as ``funnel.retrieve.shards``; empty for the whole file.
    message
        What was expected and what was got.
    remedy
        What to do, such as the nearest known key; may be empty.
    """

    place: str
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: {self.path}" if self.path else self.place
        return f"{where}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class ScenarioError(InputError):
    """A scenario that cannot be used; `problems` holds everything wrong with it, in the file's order."""

    def __init__(self, problems: "list[Problem]") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class ProfileError(InputError):
    """A cost profile that is missing, broken, or asked for what it does not hold."""


class OutputError(InputError):
    """A file or folder that cannot be written."""


class TooLargeError(SimulatorError):
    """Work beyond the limit; the message carries the estimate and how to lower it."""

    exit_code = 5


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what was found by then in `found`."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__()
