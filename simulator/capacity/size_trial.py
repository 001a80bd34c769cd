"""Does a design meet the SLA? Simulated in three depths: a short screening, a full run, and a run with fresh seeds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from simulator.capacity.run import run_with
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.size_space import Design, Setting, lenient, with_design
from simulator.costs.profile import Profile
from simulator.engine.plan import Plan
from simulator.engine.replications import replicate
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import CONFIDENCE, Estimate, estimate
from simulator.statistics.load import offered_load
from simulator.statistics.measures import levels_of, thresholds_of, value_of
from simulator.statistics.percentiles import samples_needed
from simulator.statistics.queries import Measured
from simulator.statistics.summary import measure
from simulator.statistics.verdicts import Verdict, verdict_of, verdict_over_all
from simulator.statistics.warmup import planned_warmup

__all__ = ["Depth", "Trial", "Trials", "worst"]

Depth = Literal["screened", "simulated", "confirmed"]

SCREEN_REPLICATIONS = 8
SCREEN_QUERIES = 2_000
CLEAR = 0.999
"""Confidence of the intervals that rule out more than the one design that was simulated, or do so early."""

FRESH = 2_000_003
"""Added to the seed of each confirmation, once more each time, so that none shares another's luck."""


@dataclass(frozen=True)
class Trial:
    """What one simulation said of a design.

    Attributes
    ----------
    depth
        How it was simulated. A screening is "missed" where it is clear, else "inconclusive".
    lost
        The stage that had lost replicas in the case that went worst; empty where none had.
    objective, found
        The objective that was nearest to failing or furthest beyond it, with its estimate in seconds or as a share;
        None, and nothing known, where a queue was overloaded.
    ratio
        What was found over what is allowed, 1 at the limit; infinite where a queue was overloaded.
    """

    design: Design
    depth: Depth
    verdict: Verdict
    lost: str
    objective: Objective | None
    found: Estimate
    ratio: float


class Trials:
    """Simulations of one scenario in many designs, all with the same luck but for the confirmations'.

    Parameters
    ----------
    scenario
        At the load to bear, with objectives.
    survive
        Replicas of every shard that each stage loses in turn while the others keep theirs; 0 for a whole system.

    Attributes
    ----------
    complement
        What a part of a design is completed with, where it has None.
    """

    def __init__(self, scenario: Scenario, profile: Profile, engine: str, survive: int) -> None:
        self.scenario, self.profile, self.engine, self.survive = scenario, profile, engine, survive
        self.objectives = scenario.sla.objectives if scenario.sla else ()
        self.levels, self.thresholds = levels_of(self.objectives), thresholds_of(self.objectives)
        self.simulations = self.confirmations = 0
        self.complement: Design = (None,) * len(scenario.funnel)
        self._lenient = lenient(scenario, profile)
        self._known: dict[tuple[Design, Design, Depth], Trial] = {}

    def screen(self, design: Design) -> Trial:
        """Return a short look at `design`, or at a part: missed only where a 99.9% interval says so.

        A system that has not settled yet, as it started empty, is quicker than later: what it misses, it would miss.
        """
        return self._once(design, "screened")

    def judge_part(self, part: Design) -> Trial:
        """Return what all replications say of a part of designs; missed only where a 99.9% interval says so."""
        return self._once(part, "simulated")

    def judge(self, design: Design) -> Trial:
        """Return what all replications of the scenario's queries say of `design`, with the search's seed."""
        return self._worst(design, "simulated", CONFIDENCE)

    def confirm(self, design: Design) -> tuple[tuple[Trial, RunAnswer], ...]:
        """Return what fresh seeds say of `design`, case by case, the whole system first, up to the first not met."""
        self.confirmations += 1
        fresh = self.scenario.seed + FRESH * self.confirmations
        cases = self._cases(design)
        if self.survive:
            cases.insert(0, ("", design))
        found: list[tuple[Trial, RunAnswer]] = []
        for lost, reduced in cases:
            scenario = with_design(self.scenario, reduced).model_copy(update={"seed": fresh})
            answer = run_with(scenario, self.profile, self.engine)
            self.simulations += 1
            values = [(judged.objective, judged.estimate) for judged in answer.judged]
            verdicts = [judged.verdict for judged in answer.judged]
            found.append((_trial(design, "confirmed", lost, values, verdicts), answer))
            if found[-1][0].verdict != "met":
                break
        return tuple(found)

    def _once(self, design: Design, depth: Depth) -> Trial:
        """Return the trial of `design` that rejects only what is clear, run when first asked for."""
        key = (design, self.complement, depth)
        if key not in self._known:
            self._known[key] = self._worst(design, depth, CLEAR)
        return self._known[key]

    def _worst(self, design: Design, depth: Depth, confidence: float) -> Trial:
        """Return the trial of the case that goes worst, or of the first that misses."""
        trials = []
        for lost, reduced in self._cases(design):
            trials.append(self._simulate(design, (lost, reduced), depth, confidence))
            if trials[-1].verdict == "missed":
                break
        return worst(trials)

    def _cases(self, design: Design) -> list[tuple[str, Design]]:
        """Return what `design` must bear: each stage's loss of replicas by its name, the one that loads most first."""
        if not self.survive:
            return [("", design)]
        cases = []
        for s, setting in enumerate(design):
            if setting is not None:
                left = Setting(setting.shards, setting.replicas - self.survive, setting.workers)
                reduced = (*design[:s], left, *design[s + 1 :])
                plan = resolve(with_design(self.scenario, reduced), self.profile)
                cases.append((offered_load(plan).utilization[s], self.scenario.funnel[s].name, reduced))
        return [(name, reduced) for _, name, reduced in sorted(cases, key=lambda case: -case[0])]

    def _simulate(self, design: Design, case: tuple[str, Design], depth: Depth, confidence: float) -> Trial:
        """Return what one case of `design` comes to; a part of a design is completed, and its calls are the shorter."""
        lost, reduced = case
        full = tuple(one or other for one, other in zip(reduced, self.complement, strict=True))
        scenario, profile = self._lenient if None in design else (self.scenario, self.profile)
        plan = resolve(with_design(scenario, full), profile)
        load = offered_load(plan)
        if load.highest >= 1:
            nothing = Estimate(math.nan, math.nan, math.nan)
            return Trial(design, depth, "missed", lost, None, nothing, math.inf)
        if scenario.traffic.warmup == "auto":
            plan = replace(plan, warmup=planned_warmup(plan, load))
        if depth == "screened":
            plan = self._shortened(plan)

        def measured(blocks: Iterable[Result]) -> Measured:
            return measure(plan, blocks, self.levels, self.thresholds)

        replications = list(replicate(plan, self.engine, measured))
        self.simulations += 1
        found = [
            (item, estimate([value_of(item, one) for one in replications], confidence)) for item in self.objectives
        ]
        verdicts = [verdict_of(value, item.comparator, item.value) for item, value in found]
        if depth == "screened":
            verdicts = ["missed" if "missed" in verdicts else "inconclusive"]
        return _trial(design, depth, lost, found, verdicts)

    def _shortened(self, plan: Plan) -> Plan:
        """Return `plan` with few queries, and no more of them left out than measured."""
        needed = [10 * samples_needed(level) for level in self.levels]
        queries = min(plan.queries, max([SCREEN_QUERIES, *needed]))
        return replace(plan, queries=queries, warmup=min(plan.warmup, queries), replications=SCREEN_REPLICATIONS)


def _trial(
    design: Design, depth: Depth, lost: str, found: list[tuple[Objective, Estimate]], verdicts: list[Verdict]
) -> Trial:
    """Return the trial of a case in which the objectives were estimated as `found`."""
    objective, value = max(found, key=lambda pair: _ratio(*pair))
    verdict = verdict_over_all(verdicts)
    return Trial(design, depth, verdict, lost, objective, value, _ratio(objective, value))


def _ratio(objective: Objective, found: Estimate) -> float:
    """Return what was found over what is allowed; of a share with a lower limit, what lacks over what may lack."""
    high, low = found.value, objective.value
    if objective.comparator[0] == ">":
        high, low = (1 - high, 1 - low) if objective.metric in ("coverage", "error_rate") else (low, high)
    if math.isnan(found.value) or low == 0:
        return math.inf if high > 0 or math.isnan(found.value) else 0.0
    return high / low


def worst(trials: Iterable[Trial]) -> Trial:
    """Return the trial that went worst: a missed one before an undecided one, then the one furthest beyond a limit."""
    return max(trials, key=lambda trial: (trial.verdict == "missed", trial.verdict != "met", trial.ratio))
