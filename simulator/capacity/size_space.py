"""What a search for the cheapest system may choose: shards, replicas and workers of each stage."""

import math
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from simulator.costs.profile import Profile
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.engine.order import MAX_SHARDS
from simulator.engine.resolve import resolve, stage_cost
from simulator.scenario.fields import counts_between
from simulator.scenario.model import AffineCost, Network, Scenario, Stage
from simulator.scenario.searches import StageSize
from simulator.statistics.load import offered_load

__all__ = [
    "Design",
    "Setting",
    "StageSpace",
    "entering_at",
    "has_fixed_shards",
    "lenient",
    "spaces_of",
    "with_design",
]

WORKERS = (*range(1, 9), 10, 12, 16)
REPLICAS = (*range(1, 7), 8, 10)
MOST_CANDIDATES = 1e9

FURTHEST = 10
"""How many times the scenario's own shards are looked at unless the scenario says how far."""


class Setting(NamedTuple):
    """The size of one stage."""

    shards: int
    replicas: int
    workers: int

    @property
    def total_workers(self) -> int:
        """Workers in all: what the stage costs."""
        return self.shards * self.replicas * self.workers


Design = tuple[Setting | None, ...]
"""One setting a stage; None where a stage takes no time at all, which bounds what it may take from below."""


@dataclass(frozen=True)
class StageSpace:
    """What may be chosen for one stage, each in rising order."""

    name: str
    shards: tuple[int, ...]
    replicas: tuple[int, ...]
    workers: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many settings there are."""
        return len(self.shards) * len(self.replicas) * len(self.workers)

    def copies(self) -> list[tuple[int, int]]:
        """Return every (replicas, workers)."""
        return list(product(self.replicas, self.workers))


def with_design(scenario: Scenario, design: Design) -> Scenario:
    """Return `scenario` with each stage sized as `design` says.

    A stage of None hands on its candidates in no time but the merge of one list. Queues served in order of arrival end
    no query earlier if queries reach them later, so no query of the whole system ends before the same query here.
    """
    pairs = zip(scenario.funnel, design, strict=True)
    funnel = [_free(stage) if chosen is None else stage.model_copy(update=chosen._asdict()) for stage, chosen in pairs]
    return scenario.model_copy(update={"funnel": tuple(funnel)})


def _free(stage: Stage) -> Stage:
    """Return `stage` with calls that take no time."""
    nothing = {"ranker": None, "cost": Constant(mean=0.0), "idle_cost": None, "network": Network()}
    return stage.model_copy(update=nothing | Setting(1, 1, 1)._asdict())


def lenient(scenario: Scenario, profile: Profile) -> tuple[Scenario, Profile]:
    """Return both without the idle laws that are slower than the busy ones.

    Then no call takes longer for finding its worker idle, and a stage with more workers is never slower for that.
    """
    rankers = {
        name: cost.model_copy(update={"idle": cost.busy})
        if all(cost.idle.curve.at(n) >= cost.busy.curve.at(n) for n in (1, cost.measured_to))
        else cost
        for name, cost in profile.rankers.items()
    }
    funnel = tuple(
        stage.model_copy(update={"idle_cost": None})
        if stage.cost is not None
        and stage.idle_cost is not None
        and all(_mean_of(stage.idle_cost, n) >= _mean_of(stage.cost, n) for n in (1.0, MOST_CANDIDATES))
        else stage
        for stage in scenario.funnel
    )
    return scenario.model_copy(update={"funnel": funnel}), profile.model_copy(update={"rankers": rankers})


def _mean_of(cost: Law[float] | AffineCost, candidates: float) -> float:
    """Return the mean seconds of a call whose cost the scenario gives."""
    return cost.fixed + cost.per_candidate * candidates if isinstance(cost, AffineCost) else cost.mean_value()


def entering_at(scenario: Scenario, s: int, candidates: float) -> float:
    """Return how many of a query's `candidates` enter stage `s`."""
    return min([candidates, *(stage.keep for stage in scenario.funnel[:s] if stage.keep is not None)])


def spaces_of(scenario: Scenario, profile: Profile, survive: int) -> tuple[StageSpace, ...]:
    """Return what may be chosen for each stage: what the scenario's `size` says, else what fits its load.

    Parameters
    ----------
    survive
        Replicas that may be lost of every shard of a stage.

    Raises
    ------
    InputError
        If the profile does not hold a stage's ranker.
    """
    return tuple(_space(scenario, profile, s, survive) for s in range(len(scenario.funnel)))


def _space(scenario: Scenario, profile: Profile, s: int, survive: int) -> StageSpace:
    """Return what may be chosen for stage `s`."""
    stage = scenario.funnel[s]
    said = scenario.size.stages.get(stage.name, StageSize())
    shards = said.shards or _default_shards(scenario, profile, s)
    workers = said.workers or tuple(sorted({*WORKERS, stage.workers}))
    replicas = said.replicas
    if replicas is None:
        design: list[Setting | None] = [None] * len(scenario.funnel)
        design[s] = Setting(shards[-1], 1, 1)
        servers = offered_load(resolve(with_design(scenario, tuple(design)), profile)).utilization[s]
        most = max(REPLICAS[-1], 2 * math.ceil(servers / workers[-1]) + survive)
        replicas = tuple(sorted({*REPLICAS, *counts_between(1, most), stage.replicas}))
    return StageSpace(stage.name, shards, replicas, workers)


def has_fixed_shards(stage: Stage) -> bool:
    """Return whether the cost of a call of `stage` is given as a whole, so that it says nothing of other shards."""
    return stage.cost is not None and not (isinstance(stage.cost, AffineCost) and stage.cost.per_candidate > 0)


def _default_shards(scenario: Scenario, profile: Profile, s: int) -> tuple[int, ...]:
    """Return shards of as many candidates as were measured and fewer, up to FURTHEST times the scenario's own."""
    stage = scenario.funnel[s]
    stage_cost(scenario, stage, profile, 1.0, idle=False)  # says so if the ranker was not measured
    if has_fixed_shards(stage):
        return (stage.shards,)
    entering = entering_at(scenario, s, max(law.mean_value() for law in scenario.traffic.candidate_laws))
    measured = profile.rankers[stage.ranker].measured_to if stage.cost is None and stage.ranker else math.inf
    low = max(1, math.ceil(entering / measured))
    high = min(max(low, math.floor(entering)), MAX_SHARDS, FURTHEST * max(low, stage.shards))
    own = {stage.shards} if stage.shards >= low else set()
    return tuple(sorted({*counts_between(low, max(low, high)), *own}))
