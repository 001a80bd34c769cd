"""The answer to `simulator compare`: a grid of settings side by side under the same luck, and which row is best.

Every cell runs with the same seed, so replication r of one row meets the arrivals and draws of replication r of every
other (common random numbers), and rows are compared by the differences of their replications.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from statistics import fmean

from simulator.capacity.price import cost_per_hour, mean_workers
from simulator.capacity.run import run_with
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.search import Maximum, find_maximum, has_maximum
from simulator.costs.profile import Profile, load_profile
from simulator.engine.replications import Progress
from simulator.engine.resolve import resolve
from simulator.errors import InputError, Interrupted
from simulator.scenario.grid import Cell, Grid
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.verdicts import Verdict

__all__ = ["Comparison", "Difference", "Row", "StageTime", "compare", "significant"]

UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class StageTime:
    """Where a query's time in one stage goes, in mean seconds that sum to the stage's latency.

    Attributes
    ----------
    service
        One shard's work: the service of any of the query's requests, by the utilisation law.
    queue
        Queueing of the query's slowest request.
    slowest
        What the slowest request takes beyond both: its service above the mean, and its time on the wire.
    merge
        The broker's work on the answers.
    """

    service: float
    queue: float
    slowest: float
    merge: float


@dataclass(frozen=True)
class Difference:
    """A row less the first, replication by replication; p99 in seconds; NaN where either row has no such number."""

    p99: Estimate
    max_qps: Estimate


@dataclass(frozen=True, eq=False)
class Row:
    """One cell of the grid.

    Attributes
    ----------
    run
        The cell at its own load, without the replications' summaries.
    maximum
        The largest load that meets all objectives; None where there are none.
    tails
        The p99 of each replication in seconds.
    times
        One a stage.
    difference
        To the first row; None of the first row itself.
    """

    cell: Cell
    run: RunAnswer
    maximum: Maximum | None
    tails: tuple[float, ...]
    times: tuple[StageTime, ...]
    difference: Difference | None = None

    @property
    def meets(self) -> bool:
        """Whether every objective is met, of which there is at least one, and the system is stable."""
        return bool(self.run.judged) and not self.run.saturated and self.run.verdict == "met"

    @property
    def workers(self) -> float:
        """The workers that run on average over time; those of the scenario where their number does not change."""
        return mean_workers(self.run.stages)

    @property
    def utilization(self) -> float:
        """The utilisation of the busiest queue, of a stage that of its busiest shard."""
        return self.run.loads[self.run.bottleneck]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All rows in the grid's order, and the number of the best.

    The best row is the cheapest whose objectives are all met, or without prices the one of lowest p99 among these; if
    none meets them, the nearest miss; without objectives the one of lowest p99. Fewer workers win a tie. Costs and
    workers are those of the workers that ran on average over time.
    """

    grid: Grid
    profile: Profile
    rows: tuple[Row, ...]
    best: int

    @property
    def complete(self) -> bool:
        """Whether all cells of the grid have their rows."""
        return len(self.rows) == len(self.grid.cells)

    @property
    def verdict(self) -> Verdict:
        """Whether any row meets all objectives, "inconclusive" if none does and one may.

        Where nothing is asked a stable row is enough, and without one there is nothing to judge.
        """
        stable = {row.run.verdict for row in self.rows if not row.run.saturated}
        if "met" in stable:
            return "met"
        asked = any(row.run.judged for row in self.rows)
        return "missed" if asked and "inconclusive" not in stable else "inconclusive"


def significant(difference: Estimate) -> bool | None:
    """Return whether the interval of a difference leaves out zero; None where there is no interval."""
    if math.isnan(difference.low):
        return None
    return difference.low > 0 or difference.high < 0


def compare(grid: Grid, engine: str = "compiled", on_progress: Progress | None = None) -> Comparison:
    """Return the rows of `grid`.

    Parameters
    ----------
    on_progress
        Called with (done, in all), counted in replications of rows, from any thread.

    Raises
    ------
    InputError
        If a cell cannot be simulated; says which, before any is.
    Interrupted
        On Ctrl-C, with the Comparison of the rows that are whole, if any is.
    """
    profiles = _profiles(grid)
    replications = grid.cells[0].scenario.traffic.replications
    efforts = [1 + has_maximum(cell.scenario) for cell in grid.cells]
    total, done = sum(efforts) * replications, 0
    rows: list[Row] = []
    profile = profiles[grid.cells[0].scenario.costs.profile]
    for cell, effort in zip(grid.cells, efforts, strict=True):
        try:
            row = _row(cell, profiles[cell.scenario.costs.profile], engine, _Steps(done, total, on_progress))
        except KeyboardInterrupt as interrupt:
            if not rows:
                raise KeyboardInterrupt from interrupt
            raise Interrupted(Comparison(grid, profile, tuple(rows), _best(rows))) from interrupt
        rows.append(replace(row, difference=_difference(rows[0], row)) if rows else row)
        done += effort * replications
    return Comparison(grid, profile, tuple(rows), _best(rows))


class _Steps:
    """Tells a progress bar of the work on one row; never goes back, although a run may start again."""

    def __init__(self, start: int, total: int, on_progress: Progress | None) -> None:
        self.start, self.total, self.on_progress = start, total, on_progress or (lambda *_: None)
        self.steps = count(1)

    def run(self, done: float, replications: float) -> None:
        """Note the replications of the run that are done."""
        del replications
        self.on_progress(self.start + done, self.total)

    def search(self) -> None:
        """Note one more replication of the search."""
        self.on_progress(self.start + next(self.steps), self.total)


def _profiles(grid: Grid) -> dict[str, Profile]:
    """Return the cells' cost profiles by name; raises InputError if one cannot be used for its cell."""
    profiles: dict[str, Profile] = {}
    for cell in grid.cells:
        name = cell.scenario.costs.profile
        if name not in profiles:
            profiles[name] = load_profile(name)
        try:
            resolve(cell.scenario, profiles[name])
        except InputError as error:
            raise InputError(f"the row {cell.label}: {error}") from error
    return profiles


def _row(cell: Cell, profile: Profile, engine: str, steps: _Steps) -> Row:
    """Return one row, not yet compared with the first."""
    run = run_with(cell.scenario, profile, engine, steps.run)
    steps.start += run.plan.replications
    maximum = find_maximum(cell.scenario, profile, engine, steps.search) if has_maximum(cell.scenario) else None
    tails = tuple(summary.latency["p99"] for summary in run.summaries)
    times = tuple(_stage_time(run, s) for s in range(len(run.stages)))
    return Row(cell, replace(run, summaries=()), maximum, tails, times)  # thousands of rows would not fit in memory


def _stage_time(run: RunAnswer, s: int) -> StageTime:
    """Return where the time in stage `s` goes on average."""
    stage = run.stages[s]
    request, queue, service, response, merge = (float(part) for part in run.parts("mean_parts")[s])
    busy = fmean(one.stages[s].utilization * one.stages[s].replicas for one in run.summaries)  # replicas of a shard
    asked = min(float(stage.shards), stage.candidates.value)  # a shard without candidates is not called
    useful = busy * (1 - stage.wasted.value)  # work that came to nothing is part of no query's time
    answered = run.offered_qps * (1 - run.error_rate.value)
    mean = useful * stage.shards * stage.workers / (answered * asked) if answered else math.nan
    return StageTime(mean, queue, request + service + response - mean, merge)


def _difference(first: Row, row: Row) -> Difference:
    """Return `row` less `first`."""
    stable = not (first.run.saturated or row.run.saturated)
    p99 = _paired(first.tails, row.tails) if stable else UNKNOWN
    one, two = _roots(first.maximum), _roots(row.maximum)
    return Difference(p99, _paired(one, two) if one and two else UNKNOWN)


def _roots(maximum: Maximum | None) -> Sequence[float]:
    """Return each replication's maximum load; none where the search ended at the load that it could judge."""
    if maximum is None or maximum.outcome == "beyond":
        return ()
    return maximum.roots if maximum.outcome == "found" else [0.0] * len(maximum.roots)


def _paired(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Return the mean of second less first over replications, with the interval of the paired t-test."""
    return estimate([b - a for a, b in zip(first, second, strict=True)])


def _best(rows: Sequence[Row]) -> int:
    """Return the number of the best row; see Comparison."""
    meeting = [i for i, row in enumerate(rows) if row.meets]
    if meeting and all(rows[i].run.scenario.prices for i in meeting):
        return min(meeting, key=lambda i: (cost_per_hour(rows[i].run.scenario, rows[i].workers), *_speed(rows[i])))
    if meeting:
        return min(meeting, key=lambda i: _speed(rows[i]))
    return min(range(len(rows)), key=lambda i: (_shortfall(rows[i]), _excess_load(rows[i]), *_speed(rows[i])))


def _speed(row: Row) -> tuple[float, float]:
    """Return what to order rows by that are equal in all else: p99, then workers."""
    tail = row.run.latency["p99"].value
    return (math.inf if math.isnan(tail) else tail), row.workers


def _shortfall(row: Row) -> float:
    """Return how far a row is from meeting its objectives, as a share of the one it is farthest from."""
    if row.run.saturated:
        return math.inf
    missed = [one for one in row.run.judged if one.verdict != "met"]
    gaps = [abs(one.estimate.value - one.objective.value) / max(one.objective.value, 1e-9) for one in missed]
    return max((math.inf if math.isnan(gap) else gap for gap in gaps), default=0.0)


def _excess_load(row: Row) -> float:
    """Return what a saturated row is offered, as a share of what it can serve; 0 of others, which come before it."""
    return row.run.load.highest if row.run.saturated else 0.0
