"""The funnel that is really served: that of a scenario, scaled down to what the cores of this machine can run at once.

A stage keeps the candidates that one of its shards is given, so that its calls take as long as in the scenario.
"""

import os
from dataclasses import dataclass

import numpy as np

from simulator.data.features import IntArray
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.errors import InputError
from simulator.scenario.model import Costs, Scenario, Stage

__all__ = ["Funnel", "cores", "processes_of", "served_funnel"]

UNSERVED = ("deadline", "hedging", "queue_limit", "retry", "batching", "autoscaling", "imbalance", "network")
"""What a stage may say that is not served: both sides go without."""


@dataclass(frozen=True)
class Funnel:
    """What is served.

    Attributes
    ----------
    scenario
        What is served, as a scenario: what is simulated beside what is measured. A stage that states its cost has calls
        that are stood in for, by a core kept busy for as long.
    notes
        What differs from the scenario that was asked for, and why.
    """

    scenario: Scenario
    notes: tuple[str, ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in order."""
        return self.scenario.funnel

    @property
    def processes(self) -> int:
        """How many processes serve it."""
        return sum(map(processes_of, self.stages))

    @property
    def candidates(self) -> Law[float]:
        """The law of the candidates that enter."""
        return self.scenario.traffic.candidate_laws[0]

    def draw(self, rng: np.random.Generator, count: int) -> IntArray:
        """Return the candidates of so many queries, whole and at least 1, shape (count,)."""
        luck = rng.random(count)
        return np.maximum(1, np.round(self.candidates.quantile(luck, 1 - luck))).astype(np.int64)

    def entering(self, s: int, candidates: int) -> int:
        """Return the candidates that enter stage `s` of the so many that enter the funnel."""
        return min([candidates, *(stage.keep for stage in self.stages[:s] if stage.keep is not None)])


def processes_of(stage: Stage) -> int:
    """Return how many processes serve a stage."""
    return stage.shards * stage.replicas * stage.workers


def cores() -> list[int]:
    """Return the numbers of the cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # only where the system has it
    return sorted(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


def served_funnel(scenario: Scenario, room: int) -> Funnel:
    """Return what is served of `scenario` where `room` processes, at least 1, can run at once.

    Raises
    ------
    InputError
        Where queries come in classes, or wait for their answers: neither is served.
    """
    traffic = scenario.traffic
    if traffic.classes:
        raise InputError("traffic.classes: expected queries of one kind to be served, got classes; ask for one of them")
    if traffic.arrivals == "closed":
        raise InputError("traffic.arrivals: expected an open load to be served, got closed; use arrivals: poisson")
    sizes = _sizes(scenario.funnel, room)
    notes = _left_out(scenario)
    stages, entering, law = list[Stage](), 1.0, traffic.candidate_laws[0]
    for stage, (shards, replicas, workers) in zip(scenario.funnel, sizes, strict=True):
        share = shards / stage.shards
        if stages:
            before = stages[-1]
            kept = None if before.keep is None else max(1, round(before.keep / entering * share))
            stages[-1] = before.model_copy(update={"keep": kept})
        elif share < 1:
            law = Constant[float].model_construct(distribution="constant", mean=max(1.0, law.mean_value() * share))
        entering = share
        changed = {name: Stage.model_fields[name].get_default() for name in UNSERVED}
        size = {"shards": shards, "replicas": replicas, "workers": workers}
        stages.append(stage.model_copy(update=changed | size))
    asked, served = (sum(map(processes_of, one)) for one in (scenario.funnel, stages))
    if served < asked:
        notes.append(
            f"scaled down from {asked:,} workers to {served}, as {room} fit the cores here: "
            + ", ".join(f"{one.name} {one.shards} x {one.replicas} x {one.workers}" for one in stages)
            + "; each shard is given as many candidates as before"
        )
    if served > room:
        notes.append(
            f"{served} workers share {room} cores: every stage needs one, and what they take grows with the load"
        )
    small = scenario.model_copy(
        update={
            "funnel": tuple(stages),
            "faults": (),
            "costs": Costs(),  # of no use: what calls take is measured
            "admission": None,
            "traffic": traffic.model_copy(update={"candidates": law, "cache": None}),
        }
    )
    return Funnel(small, tuple(notes))


def _left_out(scenario: Scenario) -> list[str]:
    """Return what the scenario asks for and nobody serves."""
    asked = [
        f"funnel.{stage.name}.{name}"
        for stage in scenario.funnel
        for name in UNSERVED
        if getattr(stage, name) != Stage.model_fields[name].get_default()
    ]
    others = {
        "traffic.arrivals": scenario.traffic.arrivals != "poisson",
        "traffic.cache": scenario.traffic.cache,
        "admission": scenario.admission,
        "faults": scenario.faults,
    }
    asked += [name for name, said in others.items() if said]
    return [f"not served, and left out of the prediction too: {', '.join(asked)}"] if asked else []


def _sizes(stages: tuple[Stage, ...], room: int) -> list[tuple[int, int, int]]:
    """Return shards, replicas and workers of each stage: taken from the largest stage until all fit, one each left."""
    sizes = [[stage.shards, stage.replicas, stage.workers] for stage in stages]

    def count(size: list[int]) -> int:
        return size[0] * size[1] * size[2]

    while sum(map(count, sizes)) > max(room, len(sizes)):
        largest = max(sizes, key=count)
        at = next(i for i in (1, 2, 0) if largest[i] > 1)  # replicas, then workers, then shards
        others = sum(map(count, sizes)) - count(largest)
        rest = count(largest) // largest[at]
        largest[at] = max(1, min(largest[at] - 1, (room - others) // rest))
    return [(shards, replicas, workers) for shards, replicas, workers in sizes]
