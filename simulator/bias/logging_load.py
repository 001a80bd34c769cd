"""What logging takes at the load that a scenario serves, and how long a training set takes to fill."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.scenario.bias import Policy
from simulator.scenario.model import Scenario

__all__ = ["LoggingLoad", "logging_load"]

DAY = 86_400.0


@dataclass(frozen=True)
class LoggingLoad:
    """The rows of a day.

    Attributes
    ----------
    name
        The policy.
    rows, random_rows
        Logged in a day in all, and of random items.
    bytes
        What they take.
    """

    name: str
    rows: float
    random_rows: float
    bytes: float


def logging_load(scenario: Scenario, policies: Mapping[str, Policy]) -> tuple[LoggingLoad, ...]:
    """Return the rows that each policy logs in a day of the scenario's load; none without a bias section."""
    bias = scenario.bias
    if bias is None:
        return ()
    rows = scenario.offered_qps * DAY * bias.slots
    return tuple(
        LoggingLoad(name, rows, rows * share, rows * bias.row_bytes)
        for name, share in ((n, 1.0 if p.recommender == "random" else p.exploration) for n, p in policies.items())
    )
