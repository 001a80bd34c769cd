"""Settings of a stage that need no simulation: theory rules them out, or another is at least as good for no more."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.capacity.size_space import Setting, StageSpace, entering_at, with_design
from simulator.costs.profile import Profile
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.engine.curve import curve_value
from simulator.engine.plan import Plan
from simulator.engine.resolve import resolve, stage_cost
from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.load import Load, offered_load
from simulator.statistics.warmup import longest_warmup, warmup_floor

__all__ = ["REASONS", "Reason", "ShardCount", "StageBounds", "bound_stages"]

Reason = Literal["unmeasured", "no spare", "too slow", "overloaded", "too near", "dominated"]

REASONS: dict[Reason, str] = {
    "unmeasured": "calls longer than any that was measured",
    "no spare": "no replica left once one is lost",
    "too slow": "the slowest shard misses the SLA at no load",
    "overloaded": "offered all it can serve, or more (utilisation law)",
    "too near": "too near to full for runs of this length to judge",
    "dominated": "another costs no more, pools more and serves as much",
}
"""What each reason says of a setting."""

SLACK = 1e-4
"""How far, as a share, a floor must be over a limit: the engines' tables of a law are this exact, and more."""


@dataclass(frozen=True)
class ShardCount:
    """What theory says of one number of shards of a stage.

    Attributes
    ----------
    servers
        Mean workers that serve at a time, of each shard: qps E[S].
    floor_s
        No query takes less through this stage at the percentile of the objective that is hardest to meet at no load.
    floor_ratio
        That floor, with the least that the other stages take, over what the objective allows; 0 if none limits latency.
    """

    shards: int
    servers: float
    floor_s: float
    floor_ratio: float


@dataclass(frozen=True)
class StageBounds:
    """What is left of a stage's space: `settings` by rising cost, then by load; the others were `skipped`, and why."""

    space: StageSpace
    settings: tuple[Setting, ...]
    skipped: dict[Setting, Reason]
    shard_counts: tuple[ShardCount, ...]

    def load(self, setting: Setting, survive: int) -> float:
        """Return the utilisation of `setting` with `survive` replicas lost, fewer than it has."""
        return self.at(setting.shards).servers / _serving(setting, survive)

    def at(self, shards: int) -> ShardCount:
        """Return what theory says of one number of shards, which was measured."""
        return next(count for count in self.shard_counts if count.shards == shards)

    def reasons(self, cheaper_than: int | None = None) -> dict[Reason, int]:
        """Return how many settings were skipped for each reason; only those of fewer workers, if said."""
        counts = Counter(
            reason
            for setting, reason in self.skipped.items()
            if cheaper_than is None or setting.total_workers < cheaper_than
        )
        return {reason: counts[reason] for reason in REASONS if counts[reason]}


def bound_stages(
    scenario: Scenario, profile: Profile, spaces: tuple[StageSpace, ...], survive: int
) -> tuple[StageBounds, ...]:
    """Return what is left of the `spaces` of the stages of `scenario` at its load."""
    stages = [_plans(scenario, profile, s, space) for s, space in enumerate(spaces)]
    least = [
        min((_least(scenario, profile, s, plan) for plan in plans.values()), default=0.0)
        for s, plans in enumerate(stages)
    ]
    found = []
    for s, (space, plans) in enumerate(zip(spaces, stages, strict=True)):
        others = sum(least) - least[s]
        counts = tuple(_shard_count(scenario, profile, s, plan, others) for plan in plans.values())
        found.append(_bounds(space, plans, counts, survive))
    return tuple(found)


def _plans(scenario: Scenario, profile: Profile, s: int, space: StageSpace) -> dict[int, Plan]:
    """Return the plan of stage `s` alone on one worker by shards; none where its calls were not measured."""
    plans = {}
    for shards in space.shards:
        design: list[Setting | None] = [None] * len(scenario.funnel)
        design[s] = Setting(shards, 1, 1)
        try:
            plans[shards] = resolve(with_design(scenario, tuple(design)), profile)
        except InputError:
            continue
    return plans


def _bounds(space: StageSpace, plans: dict[int, Plan], counts: tuple[ShardCount, ...], survive: int) -> StageBounds:
    """Return what is left of the space of a stage."""
    skipped: dict[Setting, Reason] = {}
    kept: list[tuple[int, float, Setting]] = []
    for shards in space.shards:
        settings = [Setting(shards, *copies) for copies in space.copies()]
        if shards not in plans:
            skipped |= dict.fromkeys(settings, "unmeasured")
            continue
        plan, count = plans[shards], next(count for count in counts if count.shards == shards)
        load = offered_load(plan)
        reasons = {one: _ruled_out(plan, load, count, one, survive) for one in settings}
        left = [one for one, reason in reasons.items() if reason is None]
        best = _not_dominated(left, survive)
        skipped |= {one: reason for one, reason in reasons.items() if reason}
        skipped |= dict.fromkeys(set(left) - set(best), "dominated")
        kept += [(one.total_workers, count.servers / _serving(one, survive), one) for one in best]
    return StageBounds(space, tuple(setting for *_, setting in sorted(kept)), skipped, counts)


def _ruled_out(plan: Plan, load: Load, count: ShardCount, setting: Setting, survive: int) -> Reason | None:
    """Return why a setting cannot be the answer, None if it may be; `load` is that of one worker."""
    if setting.replicas <= survive:
        return "no spare"
    if count.floor_ratio > 1 + SLACK:
        return "too slow"
    there = load.scaled(1 / _serving(setting, survive))
    if max(*there.utilization, load.merge_utilization) >= 1:
        return "overloaded"
    return "too near" if warmup_floor(plan, there) > longest_warmup(plan) else None


def _serving(setting: Setting, survive: int) -> int:
    """Return the workers that serve a shard once `survive` replicas are lost."""
    return (setting.replicas - survive) * setting.workers


def _not_dominated(settings: list[Setting], survive: int) -> list[Setting]:
    """Return the settings of one number of shards than which no other is at least as good for no more.

    One queue with all the workers is never worse than several that share them (Wolff 1977, An upper bound for
    multi-channel queues), so fewer replicas with as many workers left are at least as good.
    """

    def beats(one: Setting, other: Setting) -> bool:
        return (
            one != other
            and one.total_workers <= other.total_workers
            and one.replicas <= other.replicas
            and _serving(one, survive) >= _serving(other, survive)
        )

    return [setting for setting in settings if not any(beats(one, setting) for one in settings)]


def _shard_count(scenario: Scenario, profile: Profile, s: int, plan: Plan, others_s: float) -> ShardCount:
    """Return what theory says of the shards of stage `s` in `plan`; the other stages take at least `others_s`."""
    hardest = (0.0, 0.0)
    for objective in scenario.sla.objectives if scenario.sla else ():
        floor = _floor(scenario, profile, s, plan, objective)
        limit = objective.argument if objective.metric == "over" else objective.value
        if floor is not None:
            hardest = max(hardest, ((floor + others_s) / limit if limit else np.inf, floor))
    servers = offered_load(plan).utilization[s]
    return ShardCount(int(plan.stages.shards[s]), servers, hardest[1], float(hardest[0]))


def _floor(scenario: Scenario, profile: Profile, s: int, plan: Plan, objective: Objective) -> float | None:
    """Return the seconds that an objective limits, of stage `s` at no load or less; None if it limits no latency.

    The slowest of N calls stays within F^-1(p^(1/N)) with probability p. Where candidates are random at least half of
    the queries bring the median, so a share x of all queries is at most 2x of those.
    """
    share = 1.0 if all(isinstance(law, Constant) for law in scenario.traffic.candidate_laws) else 0.5
    if objective.metric == "mean":
        return share * _seconds(scenario, profile, s, plan, None)
    if objective.metric == "percentile":
        beyond = 1 - (objective.argument or 0.0) / 100
    elif objective.metric == "over":
        beyond = objective.value
    else:
        return None
    return _seconds(scenario, profile, s, plan, beyond / share) if 0 < beyond < share else None


def _least(scenario: Scenario, profile: Profile, s: int, plan: Plan) -> float:
    """Return the fewest seconds that stage `s` of `plan` can take with random numbers of any luck."""
    return _seconds(scenario, profile, s, plan, 1.0)


def _seconds(scenario: Scenario, profile: Profile, s: int, plan: Plan, beyond: float | None) -> float:
    """Return the latency that a share `beyond` of queries exceeds at least in stage `s` at no load; None: the mean.

    Calls follow the busy or the idle law, whichever is shorter; network and merge are at their shortest, and so are the
    candidates where classes of queries differ in them.
    """
    stage = scenario.funnel[s]
    candidates = min(_at(law, 1.0 if beyond == 1.0 else 0.5) for law in scenario.traffic.candidate_laws)
    entering = max(1, int(entering_at(scenario, s, candidates + 0.5)))
    shards = int(plan.stages.shards[s])
    called, each = min(shards, entering), max(1, entering // shards)
    services = []
    for curve, idle in ((2 * s, False), (2 * s + 1, True)):
        noise = stage_cost(scenario, stage, profile, 1.0, idle=idle).noise
        ratio = noise.mean_value() if beyond is None else _at(noise, _of_each(beyond, called))
        services.append(curve_value(plan.curves, curve, each) * ratio)
    merging = _at(profile.merge.noise, 1.0) if scenario.merge.measured else 1.0
    wire = _at(stage.network.request, 1.0) + _at(stage.network.response, 1.0)
    return float(min(services) + wire + curve_value(plan.curves, plan.merge_curve, called) * merging)


def _of_each(beyond: float, calls: int) -> float:
    """Return the share of calls beyond what the slowest of `calls` exceeds with probability `beyond`."""
    return float(-np.expm1(np.log1p(-beyond) / calls)) if beyond < 1 else 1.0


def _at(law: Law[float], beyond: float) -> float:
    """Return the value that a draw of `law` exceeds with probability `beyond`; its least value for 1."""
    return float(law.quantile(np.array([1 - beyond]), np.array([beyond]))[0])
