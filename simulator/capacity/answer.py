"""The answer to `simulator capacity`: the maximum load, what limits it, and what the load does on the way there."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from simulator.capacity.run import run_with
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.search import NO_LOAD, Maximum, find_maximum
from simulator.costs.profile import Profile, load_profile
from simulator.engine.plan import Plan
from simulator.engine.replications import Progress, replicate
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.errors import Interrupted
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.load import Load, offered_load
from simulator.statistics.summary import measure
from simulator.statistics.warmup import planned_warmup

__all__ = ["CapacityAnswer", "CurvePoint", "PartOfCapacity", "find_capacity"]


CURVE = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
"""Loads of the latency-load curve, as shares of the highest."""

BEYOND = 1.15
"""How far past the answer the curve goes at most, where policies send requests that the analytic bound leaves out."""

CLOSE = 0.03
"""Points of the curve nearer the answer than this share of the highest load would show what the answer does."""

SEEN = 15_000_000
"""Requests that a point of the curve and the run at no load may take: they are looked at, not judged."""

FRESH = 1_000_003
"""Added to the seed of the confirming run, which must not share the search's luck."""


@dataclass(frozen=True)
class CurvePoint:
    """The system at one load; p50 and p99 in seconds."""

    qps: float
    p50: Estimate
    p99: Estimate
    utilization: float
    saturated: bool


@dataclass(frozen=True, eq=False)
class CapacityAnswer:
    """What the search found.

    Attributes
    ----------
    limited_by
        The objective that fails first above the answer, and the queue whose p99 grew most from no load; where
        nothing could grow, the queue that fills up first.
    floor
        A run at no load.
    curve
        The latency-load curve around the answer, by rising load.
    confirmation
        A run at the answer with fresh seeds.
    """

    scenario: Scenario
    profile: Profile
    maximum: Maximum
    limited_by: tuple[str, str]
    floor: RunAnswer
    curve: tuple[CurvePoint, ...]
    confirmation: RunAnswer
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PartOfCapacity:
    """What a search had found when Ctrl-C came: the maximum of the replications searched by then, not confirmed."""

    scenario: Scenario
    profile: Profile
    engine: str
    maximum: Maximum


def find_capacity(scenario: Scenario, engine: str = "compiled", on_progress: Progress | None = None) -> CapacityAnswer:
    """Return the largest load at which every objective of `scenario` holds, and the curve around it.

    Raises
    ------
    InputError
        If the scenario has no objectives, or its profile cannot be used.
    Interrupted
        On Ctrl-C, with the PartOfCapacity that is known by then, if any is.
    """
    profile = load_profile(scenario.costs.profile)
    plan = resolve(scenario, profile)
    steps = _Steps(plan.replications + len(CURVE) + 3, on_progress)
    fresh = scenario.model_copy(update={"seed": scenario.seed + FRESH})

    @cache
    def confirm(qps: float) -> RunAnswer:
        return _run_at(fresh, profile, engine, qps)

    found: Maximum | None = None
    try:
        found = find_maximum(scenario, profile, engine, steps.step, confirm)
        return _around(scenario, profile, found, confirm, steps)
    except KeyboardInterrupt as interrupt:
        found = found or getattr(interrupt, "found", None)
        if isinstance(found, Maximum):
            raise Interrupted(PartOfCapacity(scenario, profile, engine, found)) from interrupt
        raise


def _around(
    scenario: Scenario, profile: Profile, maximum: Maximum, confirm: Callable[[float], RunAnswer], steps: "_Steps"
) -> CapacityAnswer:
    """Return the answer whose maximum is found: no load, a run at the maximum, and the curve."""
    plan, bound, found = resolve(scenario, profile), maximum.bound_qps, maximum.outcome == "found"
    confirmed = maximum.qps.value if maximum.outcome != "never" else NO_LOAD * bound
    confirmation = confirm(confirmed)
    steps.step()
    engine = confirmation.engine
    floor = _run_at(_shorter(scenario, plan), profile, engine, NO_LOAD * bound)
    steps.step()
    load = offered_load(plan)
    curve = []
    for qps in _loads(plan, maximum):
        curve.append(_point_of(confirmation) if qps == confirmed else _point(plan, load, engine, qps))
        steps.step()
    return CapacityAnswer(
        scenario=scenario,
        profile=profile,
        maximum=maximum,
        limited_by=(maximum.objective, _grown(floor, confirmation) if found else maximum.queue),
        floor=floor,
        curve=tuple(curve),
        confirmation=confirmation,
        warnings=plan.warnings,
    )


def _loads(plan: Plan, maximum: Maximum) -> list[float]:
    """Return the loads of the latency-load curve, rising, up to the bound and with the answer.

    Hedges and retries may multiply the load, and with it the backlog that a run far beyond the answer piles up; what
    its length would make of that is no latency, and takes a hundred times as long.
    """
    if maximum.outcome == "never":
        return [share * maximum.bound_qps for share in CURVE]
    repeats = np.isfinite(plan.stages.hedge_after).any() or (plan.stages.attempts > 1).any()
    highest = min(maximum.bound_qps, BEYOND * maximum.qps.value) if repeats else maximum.bound_qps
    answer = maximum.qps.value
    return sorted([*(share * highest for share in CURVE if abs(share * highest - answer) > CLOSE * highest), answer])


class _Steps:
    """Counts finished pieces of work for a progress bar."""

    def __init__(self, total: int, on_progress: Progress | None) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        if self.on_progress:
            self.on_progress(min(self.done, self.total), self.total)


def _run_at(scenario: Scenario, profile: Profile, engine: str, qps: float) -> RunAnswer:
    """Return the scenario's run at a load."""
    traffic = scenario.traffic.model_copy(update={"qps": qps})
    return run_with(scenario.model_copy(update={"traffic": traffic}), profile, engine)


def _seen(plan: Plan) -> int:
    """Return how many queries of a replication do for what is looked at: so many as SEEN allows, at most the plan's."""
    if not plan.arrivals.settles:
        return plan.queries
    return min(plan.queries, math.ceil(SEEN / (plan.replications * int(plan.stages.shards.sum()))))


def _shorter(scenario: Scenario, plan: Plan) -> Scenario:
    """Return the scenario with only the queries that do for what is looked at."""
    if _seen(plan) == plan.queries:
        return scenario
    return scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"queries": _seen(plan)})})


def _point_of(run: RunAnswer) -> CurvePoint:
    """Return the point of the latency-load curve that a run is."""
    p50, p99 = (run.latency[name] for name in ("p50", "p99"))
    return CurvePoint(run.plan.qps, p50, p99, run.load.highest, bool(run.load.saturated(run.plan)))


def _point(plan: Plan, load: Load, engine: str, qps: float) -> CurvePoint:
    """Return a point of the latency-load curve, with no fewer queries than are left out before them."""
    there = load.scaled(qps / plan.qps)
    plan = plan.at(qps)
    plan = replace(plan, warmup=plan.warmup or planned_warmup(plan, there))
    plan = replace(plan, queries=min(plan.queries, max(_seen(plan), plan.warmup)))

    def tail(blocks: Iterable[Result]) -> dict[str, float]:
        return measure(plan, blocks, (50.0, 99.0), ()).latency

    latencies = list(replicate(plan, engine, tail))
    p50, p99 = (estimate([latency[name] for latency in latencies]) for name in ("p50", "p99"))
    return CurvePoint(qps, p50, p99, there.highest, bool(there.saturated(plan)))


def _grown(floor: RunAnswer, loaded: RunAnswer) -> str:
    """Return the queue whose share of the tail grew most from no load to load: a stage, or "merge"."""
    pairs = zip(floor.stages, loaded.stages, strict=True)
    growth = {after.name: after.p99.value - before.p99.value for before, after in pairs}
    if loaded.plan.merge_workers:
        merging = (answer.parts("p99_parts")[:, -1].sum() for answer in (floor, loaded))
        growth["merge"] = -float(next(merging)) + float(next(merging))
    return max(growth, key=lambda name: growth[name])
