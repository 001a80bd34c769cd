"""The answer to `simulator size`: the cheapest shards, replicas and workers of each stage that meet the SLA.

Theory rules settings out, stage by stage; what is left is tried from the cheapest design up. When one misses, its parts
are tried with the other stages at their largest: a part that misses even so rules out every other design that holds it.
Queues served in order of arrival end no query earlier if queries reach them later, so the larger the others, the
better.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.search import objectives_of
from simulator.capacity.size_bounds import StageBounds, bound_stages
from simulator.capacity.size_space import Design, Setting, spaces_of
from simulator.capacity.size_trial import Trial, Trials, worst
from simulator.costs.profile import Profile, load_profile
from simulator.engine.replications import Progress
from simulator.errors import InputError, Interrupted
from simulator.scenario.model import Scenario

__all__ = ["SizeAnswer", "Steps", "Winner", "find_size", "total_workers"]

Sized = tuple[Setting, ...]

MOST_TRIED = 300
"""Designs simulated whole from the cheapest up; beyond, stages are made cheaper one by one from the largest design."""

MOST_LOOKED_AT = 200_000
"""Designs looked at from the cheapest up, most of them ruled out by what is known of their parts."""


@dataclass(frozen=True)
class Steps:
    """How many designs each step dealt with.

    Attributes
    ----------
    grid
        All designs of the space.
    left
        Those of settings that theory left.
    looked_at
        Of these, from the cheapest up to the answer, or to the end.
    by_part
        Of these, ruled out by a part of them that misses even with the other stages at their largest.
    screened_out, missed, inconclusive, unconfirmed
        Of the others, by the simulation that ended them: a short look, a full run that missed or did not decide, and
        fresh seeds.
    parts
        Parts of designs simulated.
    simulations
        Runs in all, confirmations included.
    """

    grid: int
    left: int
    looked_at: int
    by_part: int
    screened_out: int
    missed: int
    inconclusive: int
    unconfirmed: int
    parts: int
    simulations: int

    @property
    def simulated(self) -> int:
        """Designs simulated whole."""
        return self.screened_out + self.missed + self.inconclusive + self.unconfirmed


@dataclass(frozen=True, eq=False)
class Winner:
    """The cheapest design that met every objective, with the runs of fresh seeds that confirmed it.

    Attributes
    ----------
    trial
        The case that went worst.
    cases
        The whole system first, then the loss of replicas of each stage, each with its run.
    proven
        Whether every cheaper design of the space was ruled out.
    """

    design: Sized
    trial: Trial
    cases: tuple[tuple[Trial, RunAnswer], ...]
    proven: bool


@dataclass(frozen=True, eq=False)
class SizeAnswer:
    """What the search found.

    Attributes
    ----------
    scenario
        As asked, at the load that the design bears: `target_qps`, with the headroom.
    tried
        Designs simulated whole, in order, each with the simulation that decided.
    winner
        None where no design of the space meets the SLA.
    nearest
        Where none does: the trial that came nearest; None if theory left nothing to simulate.
    warnings
        What the reader should know before believing the winner's numbers.
    complete
        Whether the search came to its end.
    """

    scenario: Scenario
    profile: Profile
    engine: str
    target_qps: float
    headroom: float
    survive: int
    bounds: tuple[StageBounds, ...]
    steps: Steps
    tried: tuple[Trial, ...]
    winner: Winner | None
    nearest: Trial | None
    warnings: tuple[str, ...]
    complete: bool = True


def _parts(design: Sized) -> list[Design]:
    """Return the parts of `design`: each stage, each two of them, and the first three, four, ..."""
    stages = range(len(design))
    kept = [*combinations(stages, 1), *combinations(stages, 2), *(tuple(stages[:n]) for n in stages[3:])]
    return [tuple(design[s] if s in part else None for s in stages) for part in kept if len(part) < len(design)]


def total_workers(design: Design) -> int:
    """Return the workers of all stages of `design`: what it costs."""
    return sum(setting.total_workers for setting in design if setting is not None)


def find_size(
    scenario: Scenario,
    engine: str = "compiled",
    headroom: float = 0.0,
    survive: int = 0,
    on_progress: Progress | None = None,
) -> SizeAnswer:
    """Return the design of fewest workers that meets every objective of `scenario` at the load of its SLA.

    Parameters
    ----------
    headroom
        Share of the load to bear on top, at least 0.
    survive
        Replicas of every shard of a stage that may be lost, at any one stage, at that same load; at least 0.
    on_progress
        Called with (simulations done, done and still expected).

    Raises
    ------
    InputError
        If the scenario has no objectives, its profile cannot be used, or an option is out of range.
    Interrupted
        On Ctrl-C, with the answer of the designs that were tried by then, without a winner.
    """
    if not 0 <= headroom <= 100 or survive < 0:
        raise InputError(f"expected a headroom from 0% to 10,000% and survive >= 0, got {headroom:.0%} and {survive}")
    objectives_of(scenario)
    profile = load_profile(scenario.costs.profile)
    target = ((scenario.sla.qps if scenario.sla else None) or scenario.offered_qps) * (1 + headroom)
    asked = scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"qps": target})})
    bounds = bound_stages(asked, profile, spaces_of(asked, profile, survive), survive)
    search = _Search(Trials(asked, profile, engine, survive), bounds, on_progress)

    def answer(winner: Winner | None, *, complete: bool) -> SizeAnswer:
        nearest = None if winner else min(search.misses, key=lambda trial: trial.ratio, default=None)
        cases = winner.cases if winner else ()
        return SizeAnswer(
            scenario=asked,
            profile=profile,
            engine=engine,
            target_qps=target,
            headroom=headroom,
            survive=survive,
            bounds=bounds,
            steps=search.steps(),
            tried=tuple(search.tried),
            winner=winner,
            nearest=nearest,
            warnings=tuple(dict.fromkeys(text for _, run in cases for text in run.warnings)),
            complete=complete,
        )

    try:
        return answer(search.winner(), complete=True)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(answer(None, complete=False)) from interrupt


class _Search:
    """The search over designs of settings that theory left; counts what it does."""

    def __init__(self, trials: Trials, bounds: tuple[StageBounds, ...], on_progress: Progress | None) -> None:
        self.trials, self.bounds, self.on_progress = trials, bounds, on_progress
        self.ended: Counter[str] = Counter()
        self.tried: list[Trial] = []
        self.misses: list[Trial] = []
        self._bad: set[Design] = set()
        self._parts_tried: set[Design] = set()

    def winner(self) -> Winner | None:
        """Return the cheapest design that is confirmed, None if there is none."""
        if not all(stage.settings for stage in self.bounds):
            return None
        largest = self._largest()
        if largest is None:
            return None
        for design in self._by_cost():
            if len(self.tried) >= MOST_TRIED or self.ended["looked at"] >= MOST_LOOKED_AT:
                return self._reduced(largest)
            self.ended["looked at"] += 1
            if any(part in self._bad for part in _parts(design)):
                self.ended["by part"] += 1
                continue
            found = self._try(design)
            if found:
                return found
            self._learn(design, short=self.tried[-1].depth == "screened")
        return None

    def steps(self) -> Steps:
        """Return how many designs each step dealt with."""
        ended = self.ended
        return Steps(
            grid=math.prod(stage.space.count for stage in self.bounds),
            left=math.prod(len(stage.settings) for stage in self.bounds),
            looked_at=ended["looked at"],
            by_part=ended["by part"],
            screened_out=ended["screened"],
            missed=ended["missed"],
            inconclusive=ended["inconclusive"],
            unconfirmed=ended["unconfirmed"],
            parts=len(self._parts_tried),
            simulations=self.trials.simulations,
        )

    def _by_cost(self) -> Iterator[Sized]:
        """Yield every design of the settings that are left, by rising cost, then by the load of its fullest stage."""
        choices = [stage.settings for stage in self.bounds]
        loads = [[stage.load(one, self.trials.survive) for one in stage.settings] for stage in self.bounds]

        def keyed(at: tuple[int, ...]) -> tuple[int, float, tuple[int, ...]]:
            cost = sum(choices[s][i].total_workers for s, i in enumerate(at))
            return cost, max(loads[s][i] for s, i in enumerate(at)), at

        heap = [keyed((0,) * len(choices))]
        seen = {heap[0][2]}
        while heap:
            *_, at = heapq.heappop(heap)
            yield tuple(choices[s][i] for s, i in enumerate(at))
            for s, i in enumerate(at):
                after = (*at[:s], i + 1, *at[s + 1 :])
                if i + 1 < len(choices[s]) and after not in seen:
                    seen.add(after)
                    heapq.heappush(heap, keyed(after))

    def _largest(self) -> Sized | None:
        """Return the design of the most workers at the shards that are quickest; None if even that clearly misses."""
        design = []
        for s in range(len(self.bounds)):
            setting = self._largest_of(s)
            if setting is None:
                return None
            design.append(setting)
        largest = tuple(design)
        self.trials.complement = largest
        trial = self._screen(largest)
        if trial.verdict == "missed":
            self.tried.append(trial)
            self.ended["screened"] += 1
            return None
        return largest

    def _largest_of(self, s: int) -> Setting | None:
        """Return a stage's setting of least load, with the shards that are quickest of those it does not miss with."""
        stage = self.bounds[s]
        for count in sorted(stage.shard_counts, key=lambda count: (count.floor_s, count.shards)):
            settings = [one for one in stage.settings if one.shards == count.shards]
            if settings:
                best = min(settings, key=lambda one: (stage.load(one, self.trials.survive), one))
                alone = tuple(best if i == s else None for i in range(len(self.bounds)))
                self._parts_tried.add(alone)
                if self._screen(alone).verdict != "missed":
                    return best
        return None

    def _learn(self, design: Sized, *, short: bool) -> None:
        """Note the smallest part of a design that missed which alone makes it miss; looked for in `short` runs first.

        A design that only a full run could rule out needs full runs of its parts too.
        """
        for part in _parts(design):
            self._parts_tried.add(part)
            trial = self._screen(part)
            if trial.verdict != "missed" and not short:
                trial = self.trials.judge_part(part)
                self._report()
            if trial.verdict == "missed":
                self._bad.add(part)
                return

    def _screen(self, design: Design) -> Trial:
        """Return a short look at a design or a part of one."""
        trial = self.trials.screen(design)
        if trial.verdict == "missed":
            self.misses.append(trial)
        self._report()
        return trial

    def _try(self, design: Sized, *, proven: bool = True) -> Winner | None:
        """Return `design` as the winner if a short look, a full run and fresh seeds all let it pass."""
        trial = self._screen(design)
        if trial.verdict == "missed":
            self._end(trial, "screened")
            return None
        trial = self.trials.judge(design)
        self._report()
        if trial.verdict != "met":
            self._end(trial, trial.verdict)
            return None
        cases = self.trials.confirm(design)
        trial = worst(trial for trial, _ in cases)
        self._report()
        if trial.verdict != "met":
            self._end(trial, "unconfirmed")
            return None
        self.tried.append(trial)
        return Winner(design, trial, cases, proven)

    def _end(self, trial: Trial, how: str) -> None:
        """Note that a design is not the answer."""
        self.tried.append(trial)
        self.misses.append(trial)
        self.ended[how] += 1

    def _reduced(self, largest: Sized) -> Winner | None:
        """Return what is left of `largest` once no stage can be made cheaper, the others as they are.

        All stages give up about half of their workers in turn for as long as any can, so that none has to bear the
        narrow limit alone; then each becomes as cheap as it can.
        """
        found = [largest]
        before = 0
        while len(found) != before:
            before = len(found)
            for s in range(len(largest)):
                self._shrink(found, s, found[-1][s].total_workers // 2)
        for s in sorted(range(len(largest)), key=lambda s: -found[-1][s].total_workers):
            self._shrink(found, s, 0)
        tried = (self._try(design, proven=False) for design in reversed(found))
        return next((winner for winner in tried if winner), None)

    def _shrink(self, found: list[Sized], s: int, least: int) -> None:
        """Add to `found` its last design with the cheapest stage `s` that meets the SLA, of `least` workers or more."""
        design = found[-1]
        for setting in self.bounds[s].settings:
            if setting.total_workers >= design[s].total_workers:
                return
            cheaper = (*design[:s], setting, *design[s + 1 :])
            good = setting.total_workers >= least and self._screen(cheaper).verdict != "missed"
            if good and self.trials.judge(cheaper).verdict == "met":
                found.append(cheaper)
                return

    def _report(self) -> None:
        """Tell how far the search is: nobody knows how far it will go."""
        if self.on_progress:
            self.on_progress(self.trials.simulations, self.trials.simulations + 10)
