"""The largest load at which the objectives hold, found replication by replication.

The search never compares noisy means: each replication has its own root, found under common random numbers (another
load is the same luck, faster), and the roots of independent replications give the interval.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Literal

from simulator.capacity.roots import crossing
from simulator.capacity.run_answer import RunAnswer
from simulator.costs.profile import Profile
from simulator.engine.plan import Plan
from simulator.engine.replications import blocks_of, side_by_side, threads
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.engine.traffic import CLOSED
from simulator.errors import InputError, Interrupted
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.load import Load, offered_load
from simulator.statistics.measures import levels_of, thresholds_of, value_of
from simulator.statistics.queries import Measured
from simulator.statistics.summary import measure
from simulator.statistics.verdicts import holds
from simulator.statistics.warmup import longest_warmup, planned_warmup, warmup_floor

__all__ = ["NO_LOAD", "Maximum", "Outcome", "find_maximum", "has_maximum", "objectives_of"]

Outcome = Literal["found", "never", "beyond"]
Asked = tuple[Objective, int | None]

PRECISION = 2e-3
"""Width of the last bracket of a replication's root, as a share of the analytic bound."""

NO_LOAD = 1e-3
"""The share of the analytic bound that stands for no load."""

REQUESTS, LONGEST = 2_000_000, 5
"""What a search of default length may take: requests of one simulation, and times the default queries."""

UNTOUCHED = -1e9
"""How far over an objective is of whose allowance nothing is used."""

PILOT = 0.8
"""Where the first search looks first, as a share of the analytic bound."""


@dataclass(frozen=True)
class Maximum:
    """The largest load that meets all objectives.

    Attributes
    ----------
    outcome
        "found"; "never" where an objective is missed even at no load; "beyond" where all hold as far as a run of this
        length can judge.
    qps
        The mean of the replications' roots with its interval, at most the bound; 0 if never; if beyond, the load up to
        which was judged, the interval reaching up to the bound.
    roots
        Each replication's own root.
    bound_qps
        The load at which the busiest queue is offered all it can serve.
    judged_qps
        The highest load for which the run is long enough to settle.
    objective, queue
        The objective that fails first above the answer, and the queue that fills up first.
    warmup, queries
        Queries left out at the start of every run of the search, and queries measured in it.
    """

    outcome: Outcome
    qps: Estimate
    roots: tuple[float, ...]
    bound_qps: float
    judged_qps: float
    objective: str
    queue: str
    warmup: int
    queries: int


def objectives_of(scenario: Scenario) -> tuple[Asked, ...]:
    """Return the objectives of `scenario` with their class; raises InputError if there are none, with what to add."""
    if not scenario.objectives:
        raise InputError("sla.objectives: expected at least one objective, got none; add objectives: [p99 < 500ms]")
    return scenario.objectives


def has_maximum(scenario: Scenario) -> bool:
    """Return whether a largest load can be searched: there are objectives, and users do not wait for their answers."""
    return bool(scenario.objectives) and scenario.traffic.arrivals != "closed"


def find_maximum(
    scenario: Scenario,
    profile: Profile,
    engine: str = "compiled",
    on_step: Callable[[], None] = lambda: None,
    confirm: Callable[[float], RunAnswer] | None = None,
) -> Maximum:
    """Return the largest load at which every objective of `scenario` holds.

    Parameters
    ----------
    engine
        One of `engine.replications.ENGINES`.
    on_step
        Called after each replication's search, from its thread.
    confirm
        Returns a run of the scenario's own length at a load. Where the search's runs are no longer, and the objectives
        hold in its first replication as far as can be judged, there is no root to search in the others either if they
        hold in every replication of that run.

    Raises
    ------
    InputError
        If the scenario has no objectives, or its stages cost nothing.
    Interrupted
        On Ctrl-C, with the Maximum of the replications that were searched by then, of two at least.
    """
    objectives = objectives_of(scenario)
    plan = _long_enough(resolve(scenario, profile), scenario)
    if plan.arrivals.kind == CLOSED:
        raise InputError(
            "traffic.arrivals: expected an open load to search the maximum of, got closed, whose users wait for their "
            "answers; use `simulator compare --vary traffic.users=...`, or arrivals: poisson"
        )
    load = offered_load(plan)
    bound = _bound(plan, load)
    search = _Search(plan, load, objectives, engine)
    judged = _judged(plan, load, bound)
    automatic = scenario.traffic.warmup == "auto"
    pilot = search.root(0, (bound, judged), PILOT * bound, warmup=None if automatic else plan.warmup)[0]
    if automatic:
        near = min(pilot * 1.02, judged)
        warmup = planned_warmup(plan.at(near), load.scaled(near / plan.qps))
        search.plan = plan = replace(plan, warmup=warmup)
    search.threads = 1
    if confirm is not None and pilot == judged and plan.queries == scenario.queries:
        held = search.held(confirm, judged)
        if held:
            return _maximum(plan, load, held, judged)

    def one(replication: int) -> tuple[float, str]:
        found = search.root(replication, (bound, judged), pilot, warmup=plan.warmup)
        on_step()
        return found

    roots: list[tuple[float, str]] = []
    try:
        roots.extend(side_by_side(one, range(plan.replications), engine, search.stopped.set))
    except KeyboardInterrupt as interrupt:
        if len(roots) > 1:
            raise Interrupted(_maximum(plan, load, roots, judged)) from interrupt
        raise
    return _maximum(plan, load, roots, judged)


def _long_enough(plan: Plan, scenario: Scenario) -> Plan:
    """Return the plan with more queries where the scenario does not say how many and a query costs few requests.

    At the default length ten replications of a lone queue know its maximum to 1.5%, and near saturation overrate it by
    1%; five times as many queries take both down to a third, and as long as the default does over a hundred shards.
    """
    if "queries" in scenario.traffic.model_fields_set or not plan.arrivals.settles:
        return plan
    longer = min(REQUESTS // int(plan.stages.shards.sum()), LONGEST * plan.queries)
    return replace(plan, queries=max(plan.queries, longer))


class _Search:
    """Evaluations of one plan at other loads."""

    def __init__(self, plan: Plan, load: Load, objectives: tuple[Asked, ...], engine: str) -> None:
        self.plan, self.load, self.objectives = plan, load, objectives
        self.engine, self.stopped = engine, Event()
        self.threads = threads()  # of the first replication, which is searched alone
        plain = [objective for objective, _ in objectives]
        self.levels, self.thresholds = levels_of(plain), thresholds_of(plain)

    def root(self, replication: int, ends: tuple[float, float], guess: float, warmup: int | None) -> tuple[float, str]:
        """Return the largest load that meets all objectives in one replication, and the objective that fails above.

        `ends` are the bound and the highest load to judge; without `warmup` each load gets its own.
        """
        bound, judged = ends
        failing = [self.objectives[0][0].text]

        def excess(qps: float) -> float:
            found, objective = self._excess(replication, qps, warmup)
            if found > 0:
                failing.append(objective)
            return found

        root = crossing(excess, (guess, judged, bound), PRECISION * bound)
        return root, failing[-1]

    def _excess(self, replication: int, qps: float, warmup: int | None) -> tuple[float, str]:
        """Return how far the worst objective is over what it allows at a load, and which that is."""
        load = self.load.scaled(qps / self.plan.qps)
        plan = self.plan.at(qps)
        plan = replace(plan, warmup=planned_warmup(plan, load) if warmup is None else warmup)
        blocks = self._until_stopped(blocks_of(plan, self.engine, replication, self.threads))
        return self._worst(measure(plan, blocks, self.levels, self.thresholds))

    def held(self, confirm: Callable[[float], RunAnswer], judged: float) -> list[tuple[float, str]]:
        """Return the highest load as the root of every replication of a run there, none if an objective fails in any.

        Raises Interrupted on Ctrl-C, with the Maximum of the replications by then.
        """
        try:
            shown, whole = confirm(judged), True
        except Interrupted as interrupt:
            if not isinstance(interrupt.found, RunAnswer):
                raise
            shown, whole = interrupt.found, False
        roots = [(judged, self.objectives[0][0].text) for found in shown.summaries if self._worst(found)[0] <= 0]
        if whole:
            return roots if len(roots) == len(shown.summaries) else []
        if 1 < len(roots) == len(shown.summaries):
            raise Interrupted(_maximum(self.plan, self.load, roots, judged))
        raise KeyboardInterrupt

    def _worst(self, found: Measured) -> tuple[float, str]:
        """Return how far the worst objective is over what it allows, and which that is."""
        return max(self._judged(asked, found) for asked in self.objectives)

    def _until_stopped(self, blocks: Iterable[Result]) -> Iterator[Result]:
        """Yield `blocks`; raises KeyboardInterrupt after the one in which somebody asked to stop."""
        for block in blocks:
            yield block
            if self.stopped.is_set():
                raise KeyboardInterrupt

    def _judged(self, asked: Asked, found: Measured) -> tuple[float, str]:
        """Return how far an objective is over what it allows, and its text with the class that it is about."""
        objective, c = asked
        if c is None:
            return _over(objective, value_of(objective, found))
        over, text = _over(objective, value_of(objective, found.classes[c]))
        return over, f"{text} of class {self.plan.class_names[c]}"


def _over(objective: Objective, value: float) -> tuple[float, str]:
    """Return how far `value` is over what an objective allows, positive if it fails; and the objective's text.

    Of a share to reach, that is how far what lacks of the whole is over what may lack.
    """
    used, allowed = value, objective.value
    if objective.comparator[0] == ">":
        used, allowed = 1 - used, 1 - allowed
    over = 1 - allowed / used if used > 0 else UNTOUCHED
    if holds(value, objective.comparator, objective.value):
        return min(over, 0.0), objective.text
    return (1.0 if math.isnan(value) else max(over, 1e-9)), objective.text


def _bound(plan: Plan, load: Load) -> float:
    """Return the load at which the busiest queue is offered all it can serve (the utilisation law)."""
    if load.highest <= 0:
        raise InputError("the stages cost nothing, so no load is too much; give them a cost")
    return plan.qps / load.highest


def _judged(plan: Plan, load: Load, bound: float) -> float:
    """Return the highest load at which the plan's run is long enough to settle."""
    low, high = 0.0, bound
    while high - low > PRECISION * bound / 4:
        middle = (low + high) / 2
        there = plan.at(middle)
        if warmup_floor(there, load.scaled(middle / plan.qps)) <= longest_warmup(plan):
            low = middle
        else:
            high = middle
    return low


def _maximum(plan: Plan, load: Load, roots: list[tuple[float, str]], judged: float) -> Maximum:
    """Return what the replications' roots, each with the objective that fails above it, add up to."""
    bound = _bound(plan, load)
    loads = tuple(root for root, _ in roots)
    failing = [objective for _, objective in roots]
    found = estimate(loads)
    found = Estimate(found.value, max(found.low, 0.0), min(found.high, bound))  # no system bears more than its bound
    outcome: Outcome = "found"
    if found.value <= NO_LOAD * bound:
        outcome, found = "never", Estimate(0.0, 0.0, 0.0)
    elif found.value >= judged - PRECISION * bound:
        outcome, found = "beyond", Estimate(judged, judged, bound)
    return Maximum(
        outcome=outcome,
        qps=found,
        roots=loads,
        bound_qps=bound,
        judged_qps=judged,
        objective=max(sorted(set(failing)), key=failing.count),
        queue=load.busiest(plan),
        warmup=plan.warmup,
        queries=plan.queries,
    )
