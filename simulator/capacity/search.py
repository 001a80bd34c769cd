"""The answer to `simulator capacity`: the largest load at which the objectives hold, and what the load does on the way.

The search never compares noisy means: each replication has its own root, found by bisection under common random
numbers (another load is the same luck, faster), and the roots of independent replications give the interval.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from simulator.capacity.run import LEVELS, RunAnswer, run_with
from simulator.costs.profile import Profile, load_profile
from simulator.engine.plan import Plan
from simulator.engine.replications import engine_named, threads
from simulator.engine.resolve import resolve
from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.load import Load, offered_load
from simulator.statistics.summary import Summary, summarise_for
from simulator.statistics.verdicts import holds
from simulator.statistics.warmup import planned_warmup

__all__ = ["CapacityAnswer", "CurvePoint", "Outcome", "find_capacity"]

Outcome = Literal["found", "never", "beyond"]
Progress = Callable[[int, int], None]

PRECISION = 1e-3
"""Bisection ends when a replication's root is known to this share of the analytic bound."""

FLOOR = 1e-3
"""The share of the analytic bound that stands for no load."""

CURVE = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.95)
FRESH = 1_000_003
"""Added to the seed of the confirming run, which must not share the search's luck."""


@dataclass(frozen=True)
class CurvePoint:
    """The system at one load; the p99 in seconds is NaN where no steady state exists."""

    qps: float
    p99: Estimate
    utilization: float
    saturated: bool


@dataclass(frozen=True, eq=False)
class CapacityAnswer:
    """What the search found.

    Attributes
    ----------
    outcome
        "found"; "never" where an objective is missed even at no load; "beyond" where all hold up to the bound.
    max_qps
        The mean of the replications' roots with its interval; 0 if never, the bound if beyond.
    analytic_bound_qps
        The load at which the busiest queue is offered all it can serve.
    limited_by
        The objective that fails first above the answer, and the stage that is busiest there.
    floor
        p99 in seconds at no load.
    confirmation
        A run at the answer with fresh seeds.
    """

    scenario: Scenario
    profile: Profile
    outcome: Outcome
    max_qps: Estimate
    analytic_bound_qps: float
    limited_by: tuple[str, str]
    floor: Estimate
    curve: tuple[CurvePoint, ...]
    confirmation: RunAnswer
    warnings: tuple[str, ...]


def find_capacity(scenario: Scenario, engine: str = "compiled", on_progress: Progress | None = None) -> CapacityAnswer:
    """Return the largest load at which every objective of `scenario` holds.

    Raises
    ------
    InputError
        If the scenario has no objectives, or its profile cannot be used.
    """
    if scenario.sla is None or not scenario.sla.objectives:
        raise InputError("sla.objectives: expected at least one objective, got none; add objectives: [p99 < 500ms]")
    profile = load_profile(scenario.costs.profile)
    plan = resolve(scenario, profile)
    bound = _bound(plan, offered_load(plan))
    steps = _Steps(plan.replications + len(CURVE) + 2, on_progress)
    search = _Search(plan, engine, scenario.sla.objectives, automatic=scenario.traffic.warmup == "auto")
    roots = search.roots(bound, steps)
    found = estimate([root for root, _ in roots])
    found = replace(found, high=min(found.high, bound))  # no system bears more than its bound
    outcome: Outcome = "found"
    if found.value <= FLOOR * bound:
        outcome, found = "never", Estimate(0.0, 0.0, 0.0)
    elif found.value >= (1 - 2 * PRECISION) * bound:
        outcome, found = "beyond", Estimate(bound, bound, bound)
    at = partial(_run_at, scenario, profile, engine, steps)
    floor = at(FLOOR * bound)
    loads = sorted({*(share * bound for share in CURVE), *([found.value] if outcome == "found" else [])})
    curve = tuple(_point(at(qps)) for qps in loads)
    fresh = scenario.model_copy(update={"seed": scenario.seed + FRESH})
    confirmation = _run_at(fresh, profile, engine, steps, found.value if outcome == "found" else FLOOR * bound)
    failing = [name for _, name in roots]
    return CapacityAnswer(
        scenario=scenario,
        profile=profile,
        outcome=outcome,
        max_qps=found,
        analytic_bound_qps=bound,
        limited_by=(max(set(failing), key=failing.count), _busiest(plan, offered_load(plan))),
        floor=floor.latency["p99"],
        curve=curve,
        confirmation=confirmation,
        warnings=plan.warnings,
    )


class _Steps:
    """Counts finished pieces of work for a progress bar."""

    def __init__(self, total: int, on_progress: Progress | None) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        if self.on_progress:
            self.on_progress(min(self.done, self.total), self.total)


class _Search:
    """Bisection for each replication's own root."""

    def __init__(self, plan: Plan, engine: str, objectives: tuple[Objective, ...], *, automatic: bool) -> None:
        self.automatic = automatic  # whether each load gets the warm-up that it needs
        self.plan, self.simulate, self.objectives = plan, engine_named(engine), objectives
        self.levels = sorted({*LEVELS, *(o.argument for o in objectives if o.metric == "percentile" and o.argument)})
        self.limits = sorted({o.argument for o in objectives if o.metric == "over" and o.argument is not None})

    def roots(self, bound: float, steps: _Steps) -> list[tuple[float, str]]:
        """Return each replication's root and the objective that fails just above it."""

        def one(replication: int) -> tuple[float, str]:
            found = self._root(replication, bound)
            steps.step()
            return found

        with ThreadPoolExecutor(max_workers=threads()) as pool:
            return list(pool.map(one, range(self.plan.replications)))

    def _root(self, replication: int, bound: float) -> tuple[float, str]:
        """Return the largest load that meets all objectives in one replication."""
        low, high, failing = 0.0, bound, ""
        if not self._failing(replication, (1 - PRECISION) * bound):
            return bound, self.objectives[0].text
        while high - low > PRECISION * bound:
            middle = (low + high) / 2
            fails = self._failing(replication, middle)
            if fails:
                high, failing = middle, fails
            else:
                low = middle
        return (low + high) / 2 if low > 0 else 0.0, failing or self.objectives[0].text

    def _failing(self, replication: int, qps: float) -> str:
        """Return the first objective that fails at a load, empty if none does."""
        plan = replace(self.plan, qps=qps)
        if self.automatic:
            plan = replace(plan, warmup=planned_warmup(plan, offered_load(plan)))
        summary = summarise_for(plan, self.levels, self.limits)(self.simulate(plan, replication))
        failing = [objective.text for objective in self.objectives if not _met(objective, summary)]
        return failing[0] if failing else ""


def _met(objective: Objective, summary: Summary) -> bool:
    """Return whether one replication meets an objective; an unknown value does not."""
    argument = objective.argument
    if objective.metric == "percentile":
        value = summary.latency[f"p{argument:g}"]
    elif objective.metric == "over" and argument is not None:
        value = summary.over[argument]
    elif objective.metric in ("mean", "max"):
        value = summary.latency[objective.metric]
    else:
        value = float(getattr(summary, objective.metric))
    return holds(value, objective.comparator, objective.value)


def _bound(plan: Plan, load: Load) -> float:
    """Return the load at which the busiest queue is offered all it can serve (the utilisation law)."""
    if load.highest <= 0:
        raise InputError("the stages cost nothing, so no load is too much; give them a cost")
    return plan.qps / load.highest


def _busiest(plan: Plan, load: Load) -> str:
    """Return the queue that fills up first."""
    queues = dict(zip([*plan.names, "merge"], [*load.utilization, load.merge_utilization], strict=True))
    return max(queues, key=lambda name: queues[name])


def _run_at(scenario: Scenario, profile: Profile, engine: str, steps: _Steps, qps: float) -> RunAnswer:
    """Return the scenario's run at a load."""
    traffic = scenario.traffic.model_copy(update={"qps": qps})
    answer = run_with(scenario.model_copy(update={"traffic": traffic}), profile, engine)
    steps.step()
    return answer


def _point(answer: RunAnswer) -> CurvePoint:
    """Return a point of the latency-load curve."""
    return CurvePoint(answer.plan.qps, answer.latency["p99"], answer.load.highest, bool(answer.saturated))
