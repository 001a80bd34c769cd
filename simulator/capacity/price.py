"""What a system costs to keep running: its workers at the scenario's price."""

from simulator.scenario.model import Scenario

__all__ = ["cost_per_hour", "cost_per_million_queries", "workers_in_all"]

HOUR_S, MILLION = 3600.0, 1e6


def workers_in_all(scenario: Scenario) -> int:
    """Return how many workers all replicas of all shards of all stages have."""
    return sum(stage.shards * stage.replicas * stage.workers for stage in scenario.funnel)


def cost_per_hour(scenario: Scenario, workers: int | None = None) -> float | None:
    """Return the price of `workers` for an hour, all of the scenario's unless given, in its currency; None unpriced."""
    workers = workers_in_all(scenario) if workers is None else workers
    return scenario.prices.worker_hour * workers if scenario.prices else None


def cost_per_million_queries(scenario: Scenario) -> float | None:
    """Return the price of the workers while a million queries arrive at the offered load; None without prices."""
    hourly = cost_per_hour(scenario)
    return hourly / (scenario.offered_qps * HOUR_S) * MILLION if hourly is not None else None
