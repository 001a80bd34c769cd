"""The answer to `simulator diagnose`: why it is slow, why it is wrong, and what to change next."""

from dataclasses import dataclass, replace
from pathlib import Path

from simulator.capacity.judged import book_for, has_quality
from simulator.capacity.quality import cuts_of
from simulator.capacity.run import run_scenario
from simulator.capacity.run_answer import RunAnswer
from simulator.diagnosis.drift import FeatureDrift, find_drift
from simulator.diagnosis.elasticity import Elasticities, find_elasticities
from simulator.diagnosis.film_tables import film_tables
from simulator.diagnosis.lost_quality import LostQuality, find_lost_quality
from simulator.diagnosis.missed import Missed, find_missed
from simulator.diagnosis.seasons import DriftCost, Seasons, cost_of_drift, find_seasons
from simulator.diagnosis.skew import Skew, find_skew
from simulator.diagnosis.tables import Roles, Tables, read_tables
from simulator.diagnosis.tail import Tail, find_tail
from simulator.engine.replications import Progress
from simulator.errors import InputError, Interrupted
from simulator.scenario.diagnosis import Diagnosis
from simulator.scenario.model import Scenario, Study

__all__ = ["DataDiagnosis", "Diagnosed", "Latency", "diagnose", "diagnose_data", "tables_of"]


@dataclass(frozen=True, eq=False)
class Latency:
    """Why it is slow: the run itself, its tail in parts, None where nothing completes, and what changes would do."""

    run: RunAnswer
    tail: Tail | None
    elasticities: Elasticities


@dataclass(frozen=True, eq=False)
class DataDiagnosis:
    """What is wrong with the data.

    Attributes
    ----------
    names
        What the two tables are called.
    rows
        How many rows each has.
    alone
        Columns that only one of them has.
    drift, seasons, drift_cost
        How features moved, over time, and what that costs; None where it cannot be known, or the skew's cost says it.
    skew
        How the offline and the online path differ; None without a key.
    missed
        The worst predictions and the missing feature; None without labels.
    """

    names: tuple[str, str]
    rows: tuple[int, int]
    alone: tuple[str, ...]
    drift: tuple[FeatureDrift, ...]
    seasons: Seasons | None
    drift_cost: DriftCost | None
    skew: Skew | None
    missed: Missed | None


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """All that was looked at, top down; None of what the scenario says nothing about, or was not come to."""

    study: Study
    latency: Latency | None
    quality: LostQuality | None
    data: DataDiagnosis | None
    complete: bool = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to be careful about."""
        found = list(self.latency.run.warnings) if self.latency else []
        if self.latency and self.latency.run.saturated:
            found.append(
                f"{', '.join(self.latency.run.saturated)}: saturated, so latencies grow with the run; ask again "
                "below the maximum load, or look at what raises it"
            )
        if self.data and self.data.alone:
            found.append(f"columns that were left out: {', '.join(self.data.alone)}")
        return tuple(found)


def diagnose(study: Study, on_progress: Progress = lambda *_: None) -> Diagnosed:
    """Return what is wrong with a scenario: with its latency and quality if it serves, with its data if it has any.

    Raises
    ------
    InputError
        If it neither serves nor says anything of its data, or what it names cannot be used.
    Interrupted
        On Ctrl-C, with the answer of what was looked into by then, if that is more than the run.
    """
    serves = study if isinstance(study, Scenario) else None
    if serves is None and study.diagnosis is None:
        raise InputError(
            f"{study.name}: expected a funnel or a diagnosis section to look into, got neither; add "
            "diagnosis: {log: {trained: [december], served: [january]}}"
        )
    steps = _Steps(on_progress, serves is not None)
    asked, answer = study.diagnosis, Diagnosed(study, None, None, None)
    try:
        if serves:
            answer = replace(answer, latency=_latency(serves, steps))
        if serves and has_quality(serves):
            book = book_for(serves)
            answer = replace(answer, quality=find_lost_quality(cuts_of(serves, book), book))
        if asked and asked.has_data:
            answer = replace(answer, data=diagnose_data(tables_of(asked, study.seed)))
    except KeyboardInterrupt as interrupt:
        latency = getattr(interrupt, "found", answer.latency)
        if not isinstance(latency, Latency):
            raise
        raise Interrupted(replace(answer, latency=latency, complete=False)) from interrupt
    return answer


class _Steps:
    """Tells one progress bar of several works in a row."""

    def __init__(self, on_progress: Progress, serves: bool) -> None:
        self.on_progress, self.parts, self.done = on_progress, 3 if serves else 1, 0

    def next(self, done: float, total: float) -> None:
        """Note how far the present work is."""
        self.on_progress(self.done + done / total, self.parts)
        if done >= total:
            self.done += 1


def _latency(scenario: Scenario, steps: _Steps) -> Latency:
    """Return why a scenario is slow."""
    run = run_scenario(scenario, on_progress=steps.next)
    steps.done = 1
    tail = find_tail(run.plan, steps.next)
    steps.done = 2
    try:
        return Latency(run, tail, find_elasticities(scenario, on_progress=steps.next))
    except Interrupted as interrupt:
        if isinstance(interrupt.found, Elasticities):
            raise Interrupted(Latency(run, tail, interrupt.found)) from interrupt
        raise


def tables_of(asked: Diagnosis, seed: int) -> Tables:
    """Return the tables that a diagnosis section names."""
    if asked.log is not None:
        return film_tables(asked.log, seed)
    roles = Roles(asked.key, asked.label, asked.query, asked.time, asked.unused)
    return read_tables(Path(asked.train or ""), Path(asked.serve or ""), roles)


def diagnose_data(tables: Tables) -> DataDiagnosis:
    """Return what is wrong with the data of two tables."""
    joins = tables.offline is not None or tables.truth is None  # a synthetic log has other rows served unless skewed
    skew = find_skew(tables) if joins and tables.roles.key is not None else None
    return DataDiagnosis(
        names=tables.names,
        rows=(len(tables.train), len(tables.serve)),
        alone=tables.alone,
        drift=find_drift(tables),
        seasons=find_seasons(tables),
        drift_cost=cost_of_drift(tables) if skew is None or skew.cost is None else None,
        skew=skew,
        missed=find_missed(tables),
    )
