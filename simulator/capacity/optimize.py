"""The answer to `simulator optimize`: the designs among which quality, p99 and cost can only be traded.

Optuna's tree-structured Parzen estimator proposes designs (Ozaki et al., "Multiobjective tree-structured Parzen
estimator", JAIR 73, 2022), and its journal keeps every trial, so that a search that was interrupted goes on where it
ended. Each proposal has a seed of its own, counted by what was proposed before: a search in two parts proposes what one
in a single part does.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.capacity.frontier import dominates, frontier
from simulator.capacity.judged import has_quality
from simulator.capacity.optimize_space import Chosen, Design, StageChoices, choices_of, design_of, own_design
from simulator.capacity.optimize_trial import Confirmed, Found, Trials
from simulator.costs.profile import Profile, load_profile
from simulator.data.fetch import shelf
from simulator.engine.replications import Progress
from simulator.errors import InputError, Interrupted, OutputError
from simulator.scenario.model import Scenario
from simulator.scenario.searches import Optimize
from simulator.statistics.intervals import estimate
from simulator.version import __version__

if TYPE_CHECKING:
    import optuna

__all__ = ["OptimizeAnswer", "journal_of", "optimize"]

STARTUP = 16
"""Designs drawn by chance before the estimator learns from them."""

PATIENCE, MOST_IN_VAIN = 3, 100
"""Proposals in a row that bring nothing new, before they are drawn by chance, and before the search ends."""

COUNTS = ("keep", "shards", "replicas", "workers")


@dataclass(frozen=True, eq=False)
class OptimizeAnswer:
    """What the search found.

    Attributes
    ----------
    scenario
        As asked, at the load that the designs bear: `target_qps`.
    tried
        What the search found of every design that it simulated, the scenario's own first unless that is overloaded.
    points
        The frontier, the best quality first; each confirmed with fresh seeds.
    own
        The scenario's own design; None where it is saturated.
    ended
        How many proposals ended how: "simulated", "overloaded", "not measured" or "seen before"; of those simulated
        with the scenario's own, how many were "dominated", or "saturated" when confirmed.
    complete
        Whether the search came to its end; where it did not, there are no points.
    """

    scenario: Scenario
    profile: Profile
    engine: str
    target_qps: float
    trials: int
    choices: tuple[StageChoices, ...]
    tried: tuple[Found, ...]
    points: tuple[Confirmed, ...]
    own: Confirmed | None
    ended: dict[str, int]
    warnings: tuple[str, ...]
    complete: bool = True

    @property
    def own_is_best(self) -> bool:
        """Whether the scenario's own design is on the frontier."""
        return any(point is self.own for point in self.points)

    @property
    def better_than_own(self) -> tuple[Confirmed, ...]:
        """The points of the frontier that are nowhere worse than the scenario's own design and somewhere better."""
        own = self.own
        return () if own is None else tuple(one for one in self.points if dominates(one.judged_by, own.judged_by))

    @property
    def pick(self) -> Confirmed | None:
        """The cheapest point that meets the SLA and finds as much as the best that does, but for luck; else None.

        As much: the paired difference of NDCG@10 is not significant.
        """
        meeting = [one for one in self.points if one.run.verdict == "met"]
        if not meeting:
            return None
        best = meeting[0].quality.ndcgs
        as_good = [one for one in meeting if not estimate((best - one.quality.ndcgs).tolist()).low > 0]
        return min(as_good, key=lambda one: (one.cost, *one.judged_by))


def optimize(
    scenario: Scenario,
    engine: str = "compiled",
    trials: int | None = None,
    journal: Path | None = None,
    on_progress: Progress | None = None,
) -> OptimizeAnswer:
    """Return the frontier of NDCG@10, p99 at the load of the SLA, and cost an hour.

    Parameters
    ----------
    trials
        Designs to simulate, those that the journal holds counted; as many as the scenario says unless given.
    journal
        The file that keeps the trials; one in the user's cache unless given.
    on_progress
        Called with (designs simulated and confirmed, in all).

    Raises
    ------
    InputError
        If optuna is not installed, a stage has no ranker that can be trained, or the profile cannot be used.
    OutputError
        If the journal cannot be written.
    Interrupted
        On Ctrl-C, with the answer of the designs that were simulated by then, without points; the journal holds them.
    """
    if not has_quality(scenario):
        named = ", ".join(f"{stage.name}: {stage.ranker or 'none'}" for stage in scenario.funnel)
        raise InputError(
            "funnel: expected for every stage a ranker, all trained on one kind of world, to judge quality by, "
            f"got {named}"
        )
    profile = load_profile(scenario.costs.profile)
    target = (scenario.sla.qps if scenario.sla else None) or scenario.offered_qps
    asked = scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"qps": target})})
    trials = trials or (scenario.optimize or Optimize()).trials
    search = _Search(Trials(asked, profile, engine), journal or journal_of(scenario), trials, on_progress)

    def answer(points: Sequence[Confirmed], own: Confirmed | None, *, complete: bool) -> OptimizeAnswer:
        return OptimizeAnswer(
            scenario=asked,
            profile=profile,
            engine=engine,
            target_qps=target,
            trials=trials,
            choices=search.choices,
            tried=search.tried,
            points=tuple(points),
            own=own,
            ended=dict(search.ended),
            warnings=tuple(dict.fromkeys(text for point in points for text in point.run.warnings)),
            complete=complete,
        )

    try:
        search.run()
        return answer(*search.confirmed(), complete=True)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(answer((), None, complete=False)) from interrupt


def journal_of(scenario: Scenario) -> Path:
    """Return the file in the user's cache that keeps the trials of a scenario of this name."""
    return shelf() / f"optimize-{scenario.name}.journal"


class _Search:
    """The proposals, the trials, and the confirmations of one search; counts how they ended."""

    def __init__(self, trials: Trials, journal: Path, wanted: int, on_progress: Progress | None) -> None:
        self.trials, self.wanted, self.on_progress = trials, wanted, on_progress
        self.choices = choices_of(trials.scenario)
        self.ended: Counter[str] = Counter()
        self.found: dict[Design, Found] = {}
        self.own: tuple[Found, ...] = ()
        self.expected = wanted
        self.study = _study(journal, _name(trials, self.choices))

    @property
    def tried(self) -> tuple[Found, ...]:
        """What was found of the scenario's own design and of each design that was simulated, in order."""
        return (*self.own, *self.found.values())

    def run(self) -> None:
        """Simulate the scenario's own design, and as many others as are wanted."""
        own = own_design(self.trials.scenario)
        self.own = () if self.trials.reason_against(own) else (self.trials.look(own),)
        proposals, in_vain = self._known()
        while len(self.found) < self.wanted and in_vain < MOST_IN_VAIN:
            self.study.sampler = _sampler(self.trials.scenario.seed, proposals, by_chance=in_vain >= PATIENCE)
            trial = self.study.ask()
            design = self._proposed(trial)
            reason = "seen before" if design in self.found else self.trials.reason_against(design)
            proposals += 1
            in_vain = in_vain + 1 if reason else 0
            self._tell(trial, design, reason)

    def _known(self) -> tuple[int, int]:
        """Take over the trials of the journal, and return how many proposals there were, and how many last in vain."""
        from optuna.trial import TrialState  # an extra, and slow to load

        proposals = in_vain = 0
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state == TrialState.RUNNING:  # the last of a search that was interrupted
                self.study.tell(trial.number, state=TrialState.FAIL)
            if trial.state == TrialState.COMPLETE:
                in_vain = 0
                if len(self.found) < self.wanted:
                    self._note(_design(trial.user_attrs["design"]), *trial.values)
            elif "reason" in trial.user_attrs:
                in_vain += 1
                self.ended[trial.user_attrs["reason"]] += 1
            else:
                continue
            proposals += 1
        return proposals, in_vain

    def _proposed(self, trial: "optuna.Trial") -> Design:
        """Return the design that a trial proposes; where all stages are left out, the last is there."""
        chosen: dict[str, Chosen] = {}
        for stage in self.choices:
            present = not stage.optional or trial.suggest_categorical(f"{stage.name}.there", [True, False])
            ranker = trial.suggest_categorical(f"{stage.name}.ranker", stage.ranker)
            counts = {name: _suggest(trial, f"{stage.name}.{name}", getattr(stage, name)) for name in COUNTS}
            if present or (not chosen and stage is self.choices[-1]):
                chosen[stage.name] = Chosen(stage.name, ranker, **counts)
        return design_of(self.trials.scenario, chosen)

    def _tell(self, trial: "optuna.Trial", design: Design, reason: str) -> None:
        """Simulate what a trial proposes unless there is a `reason` against it, and write down what came of it."""
        from optuna.trial import TrialState  # an extra, and slow to load

        if reason:
            trial.set_user_attr("reason", reason)
            self.study.tell(trial, state=TrialState.FAIL)
            self.ended[reason] += 1
            return
        found = self.trials.look(design)
        trial.set_user_attr("design", [list(chosen) for chosen in design])
        self.study.tell(trial, [found.ndcg, found.p99, found.cost])
        self._note(design, found.ndcg, found.p99, found.cost)

    def _note(self, design: Design, ndcg: float, p99: float, cost: float) -> None:
        """Remember what a simulation found."""
        self.found[design] = Found(design, ndcg, p99, cost)
        self.ended["simulated"] += 1
        self._report(len(self.found))

    def confirmed(self) -> tuple[list[Confirmed], Confirmed | None]:
        """Return the frontier of what was tried, confirmed, the best quality first; and the scenario's own design."""
        own = own_design(self.trials.scenario)
        distinct = list({one.design: one for one in self.tried}.values())
        best = frontier(distinct, lambda one: one.judged_by)
        designs = list(dict.fromkeys([own, *(one.design for one in best)]))
        self.expected = len(self.found) + len(designs)
        known: list[Confirmed] = []
        for i, design in enumerate(designs):
            if not self.trials.reason_against(design) and (one := self.trials.confirm(design)):
                known.append(one)
            self._report(len(self.found) + i + 1)
        points = sorted(frontier(known, lambda one: one.judged_by), key=lambda one: one.judged_by)
        self.ended["saturated"] = len(best) - sum(one.design in {b.design for b in best} for one in known)
        self.ended["dominated"] = len(distinct) - len(points) - self.ended["saturated"]
        return points, next((one for one in known if one.design == own), None)

    def _report(self, done: int) -> None:
        """Tell how far the search is."""
        if self.on_progress:
            self.on_progress(done, max(self.expected, done))


def _suggest(trial: "optuna.Trial", name: str, counts: tuple[int, ...]) -> int:
    """Return one of some counts; proposed by their rank, since they differ by factors."""
    return counts[trial.suggest_int(name, 0, len(counts) - 1)]


def _design(written: list[list[Any]]) -> Design:
    """Return a design as the journal holds it."""
    return tuple(Chosen(*stage) for stage in written)


def _name(trials: Trials, choices: tuple[StageChoices, ...]) -> str:
    """Return the study's name: another for anything that would change a trial."""
    asked = (__version__, trials.book.key, trials.scenario, choices, trials.profile.as_text())
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def _study(journal: Path, name: str) -> "optuna.Study":
    """Return the study in a journal, begun there if it is new."""
    try:
        import optuna  # an extra
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise InputError(
            "simulator optimize needs optuna, which is not installed; pip install 'capacity-simulator[optimize]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(journal)))
        directions: Any = ["maximize", "minimize", "minimize"]
        return optuna.create_study(storage=storage, study_name=name, directions=directions, load_if_exists=True)
    except OSError as error:
        raise OutputError(f"{journal}: cannot be written ({error.strerror}); give another --journal") from error


def _sampler(seed: int, proposals: int, *, by_chance: bool) -> "optuna.samplers.BaseSampler":
    """Return what makes the next proposal, with a seed of its own."""
    from optuna.samplers import RandomSampler, TPESampler  # an extra, and slow to load

    own = int.from_bytes(hashlib.sha256(f"{seed} {proposals}".encode()).digest()[:4])
    if by_chance:
        return RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # options whose form may change
        return TPESampler(seed=own, n_startup_trials=STARTUP)
