"""A capacity planner for machine-learned ranking systems."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.version import __version__

if TYPE_CHECKING:
    from simulator.api import Loaded, Result, load
    from simulator.errors import InputError, OutputError, ProfileError, ScenarioError, SimulatorError, TooLargeError
    from simulator.scenario.model import Scenario, Study
    from simulator.statistics.intervals import Estimate

__all__ = [
    "Estimate",
    "InputError",
    "Loaded",
    "OutputError",
    "ProfileError",
    "Result",
    "Scenario",
    "ScenarioError",
    "SimulatorError",
    "Study",
    "TooLargeError",
    "__version__",
    "load",
]

_HOME = {"Loaded": "api", "Result": "api", "load": "api", "Scenario": "scenario.model", "Study": "scenario.model"}
_HOME |= {"Estimate": "statistics.intervals"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  whatever is asked for
    """Return a public name, loaded when it is first asked for: the command line loads no more than it needs."""
    if name not in __all__:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(f"simulator.{_HOME.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
