"""What a system costs to keep running: its workers at the scenario's price, as many as run on average."""

from collections.abc import Iterable

from simulator.capacity.run_answer import StageAnswer
from simulator.scenario.model import Scenario

__all__ = ["cost_per_hour", "cost_per_million_queries", "mean_workers", "workers_in_all"]

HOUR_S, MILLION = 3600.0, 1e6


def workers_in_all(scenario: Scenario) -> int:
    """Return how many workers all replicas of all shards of all stages have."""
    return sum(stage.shards * stage.replicas * stage.workers for stage in scenario.funnel)


def mean_workers(stages: Iterable[StageAnswer]) -> float:
    """Return how many workers ran on average over time, in all stages.

    Where the number of replicas follows the load a replica counts from when it is ordered to when it is let go; where
    it does not, these are the scenario's workers.
    """
    return sum(stage.shards * stage.mean_replicas.value * stage.workers for stage in stages)


def cost_per_hour(scenario: Scenario, workers: float) -> float | None:
    """Return the price of `workers` for an hour, in the scenario's currency; None without prices."""
    return scenario.prices.worker_hour * workers if scenario.prices else None


def cost_per_million_queries(scenario: Scenario, workers: float) -> float | None:
    """Return the price of `workers` while a million queries arrive at the offered load; None without prices."""
    hourly = cost_per_hour(scenario, workers)
    return hourly / (scenario.offered_qps * HOUR_S) * MILLION if hourly is not None else None
