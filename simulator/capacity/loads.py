"""How busy the queues of a run were, and which of them most."""

from typing import TYPE_CHECKING

from simulator.engine.plan import Plan
from simulator.statistics.intervals import Estimate

if TYPE_CHECKING:
    from simulator.capacity.run_answer import StageAnswer

__all__ = ["busiest_of", "loads_of", "simulated_of"]


def loads_of(plan: Plan, stages: "tuple[StageAnswer, ...]", merge_utilization: Estimate) -> dict[str, float]:
    """Return the utilisation of every queue by name; of a stage that of its busiest shard."""
    loads = {stage.name: stage.busiest.value for stage in stages}
    return loads | ({"merge": merge_utilization.value} if plan.merge_workers else {})


def busiest_of(loads: dict[str, float]) -> str:
    """Return the name of the queue with the highest utilisation."""
    return max(loads, key=lambda name: loads[name])


def simulated_of(stages: "tuple[StageAnswer, ...]") -> dict[tuple[str, str], Estimate]:
    """Return the estimates of all stages by (stage, quantity), named as theory names them."""
    named = {"utilization": "busiest"}  # theory is about the busiest shard
    quantities = ("utilization", "queue", "latency", "p50", "p99")
    return {(stage.name, name): getattr(stage, named.get(name, name)) for stage in stages for name in quantities}
