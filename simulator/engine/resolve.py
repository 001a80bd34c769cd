"""From what is asked to what is run: a scenario and a cost profile become a plan."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.costs.profile import CostLaw, Profile
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.engine.curve import Curve, join_curves
from simulator.engine.law import tabulate
from simulator.engine.order import MAX_QUERIES, MAX_SHARDS, MAX_STAGES
from simulator.engine.plan import Plan
from simulator.engine.resolve_policies import (
    door,
    down_table,
    hedge_delay,
    idle_policies,
    shard_sizes,
    slow_table,
    stage_table,
)
from simulator.engine.traffic import arrivals_of
from simulator.errors import InputError
from simulator.scenario.model import AffineCost, MeasuredCost, Scenario, Stage

__all__ = ["Cost", "resolve", "stage_cost"]


@dataclass(frozen=True)
class Cost:
    """How long a call takes: curve(candidates) x noise, and where that comes from."""

    curve: Curve
    noise: Law[Any]
    source: str
    warning: str = ""


def resolve(scenario: Scenario, profile: Profile) -> Plan:
    """Return the plan of `scenario` with costs from `profile`; `warmup: auto` is left at 0 for the caller to set.

    Raises
    ------
    InputError
        If a stage asks its ranker for more than ten times the candidates it was measured with and the scenario does not
        say `costs: {extrapolate: true}`, or a size is beyond what the engines can number.
    """
    traffic = scenario.traffic
    _check_sizes(scenario)
    sizes = shard_sizes(scenario)
    busy, idle, largest = [], [], []
    entering = max(law.mean_value() for law in traffic.candidate_laws)
    for stage, shares in zip(scenario.funnel, sizes, strict=True):
        per_shard = -(-entering // stage.shards) if shares.size == 0 else entering * float(np.diff(shares).max())
        largest.append(round(per_shard))
        busy.append(stage_cost(scenario, stage, profile, per_shard, idle=False))
        idle.append(stage_cost(scenario, stage, profile, per_shard, idle=True))
        entering = min(entering, stage.keep or entering)
    merge = _merge_cost(scenario, profile)
    curves = _curves(scenario, busy, idle, merge)
    laws: list[Law[Any]] = []
    for stage, one, two in zip(scenario.funnel, busy, idle, strict=True):
        laws += [one.noise, two.noise, stage.network.request, stage.network.response]
    has_idle = [stage.idle_cost is not None or stage.cost is None for stage in scenario.funnel]
    think = traffic.think or Constant(mean=0.0)
    tables = tabulate([*laws, merge.noise, think, *traffic.candidate_laws])
    delays = [
        hedge_delay(stage, tables, s, curves[2 * s + 1].at(largest[s])) for s, stage in enumerate(scenario.funnel)
    ]
    return Plan(
        seed=scenario.seed,
        replications=traffic.replications,
        qps=scenario.offered_qps,
        arrivals=arrivals_of(scenario),
        queries=scenario.queries,
        warmup=0 if traffic.warmup == "auto" else traffic.warmup,
        names=tuple(stage.name for stage in scenario.funnel),
        sources=tuple(cost.source for cost in busy),
        stages=stage_table(scenario, has_idle, delays),
        laws=tables,
        curves=join_curves(curves),
        merge_workers=scenario.merge.workers or 0,
        slow=slow_table(scenario),
        down=down_table(scenario),
        sizes=sizes,
        door=door(scenario),
        class_names=tuple(one.name for one in traffic.classes),
        class_shares=tuple(one.share for one in traffic.classes) or (1.0,),
        warnings=(*(cost.warning for cost in busy if cost.warning), *idle_policies(scenario, delays)),
    )


def _curves(scenario: Scenario, busy: list[Cost], idle: list[Cost], merge: Cost) -> list[Curve]:
    """Return the cost curves in the order of the plan: each stage's busy and idle one, then the merge's."""
    speed = scenario.costs.speed
    rows = zip(scenario.funnel, busy, idle, strict=True)
    stages = [cost.curve.faster(speed * stage.speed) for stage, *costs in rows for cost in costs]
    return [*stages, merge.curve.faster(speed)]


def stage_cost(scenario: Scenario, stage: Stage, profile: Profile, per_shard: float, *, idle: bool) -> Cost:
    """Return the cost of a stage by the busy or the idle law; without an idle law of its own, the busy one."""
    assumed = stage.idle_cost if idle and stage.idle_cost is not None else stage.cost
    if assumed is not None:
        return _assumed(assumed)
    if stage.ranker is None or stage.ranker not in profile.rankers:
        raise InputError(
            f"funnel.{stage.name}: expected a ranker that the cost profile {profile.name!r} holds "
            f"({', '.join(sorted(profile.rankers))}), got {stage.ranker!r}; {_how_to_measure(scenario)}"
        )
    measured = profile.rankers[stage.ranker]
    beyond = per_shard / measured.measured_to
    where = (
        f"funnel.{stage.name}: {per_shard:,.0f} candidates a shard, measured up to {measured.measured_to:,} "
        f"for {stage.ranker}"
    )
    if beyond > 10 and not scenario.costs.extrapolate:
        raise InputError(
            f"{where}, more than ten times less; use more shards, calibrate with more candidates, "
            "or say `costs: {extrapolate: true}`"
        )
    law = measured.idle if idle else measured.busy
    if beyond > 1:
        return Cost(_curve(law), law.noise, "fitted", f"{where}: its cost is extrapolated along the fit")
    return Cost(_curve(law), law.noise, "measured")


def _how_to_measure(scenario: Scenario) -> str:
    """Return what to do about a ranker that was not measured."""
    # A profile holds all the rankers of a scenario, so they are measured together.
    asked = " ".join(dict.fromkeys(one.ranker for one in scenario.funnel if one.ranker and one.cost is None))
    command = f"simulator calibrate {asked} --out profile.json"
    return f"measure it with `{command}` and say `costs: {{profile: profile.json}}`, or give the stage a cost"


def _assumed(cost: Law[Any] | AffineCost) -> Cost:
    """Return a cost that the scenario states, or names a file of."""
    if isinstance(cost, AffineCost):
        return Cost(Curve.affine(cost.fixed, cost.per_candidate), cost.noise(), "assumed")
    if isinstance(cost, Constant):
        return Cost(Curve.affine(cost.mean, 0.0), Constant(mean=1.0), "assumed")
    return Cost(Curve.affine(1.0, 0.0), cost, "measured" if isinstance(cost, MeasuredCost) else "assumed")


def _merge_cost(scenario: Scenario, profile: Profile) -> Cost:
    """Return the cost of merging, as a function of the number of lists."""
    merge = scenario.merge
    if merge.fixed is None and merge.per_shard is None:
        return Cost(_curve(profile.merge), profile.merge.noise, "measured")
    return Cost(Curve.affine(merge.fixed or 0.0, merge.per_shard or 0.0), Constant(mean=1.0), "assumed")


def _curve(law: CostLaw) -> Curve:
    """Return a profile's curve as the plan holds it."""
    curve = law.curve
    return Curve(np.array(curve.start, dtype=np.int64), np.array(curve.intercept), np.array(curve.slope))


def _check_sizes(scenario: Scenario) -> None:
    """Raise InputError if the engines cannot number what the scenario asks for."""
    limits = [("traffic.queries", scenario.queries, MAX_QUERIES), ("funnel", len(scenario.funnel), MAX_STAGES)]
    limits += [(f"funnel.{stage.name}.shards", stage.shards, MAX_SHARDS) for stage in scenario.funnel]
    for path, asked, most in limits:
        if asked > most:
            raise InputError(f"{path}: expected at most {most:,}, got {asked:,}; ask for fewer")
