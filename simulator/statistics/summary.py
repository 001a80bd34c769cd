"""One replication in numbers: what a run keeps of its results. Letters: Q queries measured, S stages.

Results come block by block, and memory does not grow with the number of queries.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.conservation import Conservation, ConservationCheck
from simulator.engine.plan import Plan
from simulator.engine.result import COMPLETED, PARTS, Result
from simulator.engine.windows import WINDOW_S, window_count
from simulator.statistics.course import Course
from simulator.statistics.occupancy import Occupancy
from simulator.statistics.queries import Measured, Tally
from simulator.statistics.sample import Sample, bucket_of
from simulator.statistics.warmup import BatchMeans, batch_size
from simulator.statistics.windows import Windows

__all__ = ["StageSummary", "Summary", "measure", "summarise_for"]

HOUR_S = 3600.0
_TAIL = 99.0
_TAIL_BITS = 6  # queries within about 1% of the percentile tell where its time goes

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class StageSummary:
    """One stage in one replication; times in seconds, of the slowest request of each measured query that it answered.

    Hedges and retries are given as a share of the other requests, wasted work as a share of the busy time, replicas of
    a shard as their mean over time, coverage as the mean share of the shards called that answered in time, and
    replica_hours as the hours of all replicas of all shards while the measured queries arrived; the utilisation once of
    all shards and once shard by shard, (N,).
    """

    candidates: float
    coverage: float
    utilization: float
    by_shard: FloatArray
    extra_requests: float
    wasted: float
    replicas: float
    replica_hours: float
    mean: float
    p50: float
    p99: float
    queue: float
    service: float


@dataclass(frozen=True, eq=False)
class Summary(Measured):
    """One replication.

    Attributes
    ----------
    sample
        The latencies of the measured queries.
    series
        Mean latency in seconds of one batch of queries after the other, in order of arrival, the warm-up's first.
    in_system, little
        Queries in the system on average over time, and what Little's law makes of their rate and mean time in it.
    mean_parts, p99_parts
        (S, 5) seconds in each of PARTS: the mean over queries, and over those within 1% of the 99th percentile, made to
        sum to it.
    windows
        Queries a second and the 99th percentile in seconds of every five minutes, (W,) each; see `statistics.windows`.
    course
        (3, steps) queries a second that arrived and that completed, and their p99, where a fault comes and goes.
    window_replicas
        Replicas of a shard of each stage on average over each of these windows, (S, W); NaN where nothing is measured.
    requests
        Requests sent to shards, the warm-up's included.
    """

    sample: Sample
    series: FloatArray
    in_system: float
    little: float
    goodput_qps: float
    stages: tuple[StageSummary, ...]
    merge_utilization: float
    mean_parts: FloatArray
    p99_parts: FloatArray
    conservation: Conservation
    windows: tuple[FloatArray, FloatArray]
    course: FloatArray
    window_replicas: FloatArray
    requests: int


def summarise_for(
    plan: Plan, levels: Sequence[float], thresholds: Sequence[float]
) -> Callable[[Iterable[Result]], Summary]:
    """Return the function that summarises the results of one replication of `plan`, block by block.

    Parameters
    ----------
    levels
        Percentile levels to report, each between 0 and 100.
    thresholds
        Latencies in seconds whose excess share to report.
    """

    def summarise(blocks: Iterable[Result]) -> Summary:
        recorder = _Recorder(plan, thresholds)
        for block in blocks:
            recorder.add(block)
        return recorder.summary(levels)

    return summarise


def measure(plan: Plan, blocks: Iterable[Result], levels: Sequence[float], thresholds: Sequence[float]) -> Measured:
    """Return only what objectives may ask of one replication of `plan`; parameters as in `summarise_for`."""
    counts, check = _Counts(plan, thresholds), ConservationCheck(len(plan.names), plan.warmup)
    for block in blocks:
        check.add(block)
        counts.add(block)
    check.counts()
    return counts.measured(levels)


class _Counts:
    """Tallies of the measured queries: of all, and of each class where there are any."""

    def __init__(self, plan: Plan, thresholds: Sequence[float]) -> None:
        self.to_leave_out = plan.warmup
        self.all = Tally(thresholds)
        self.classes = [Tally(thresholds) for _ in plan.class_names]

    def add(self, block: Result) -> tuple[slice, NDArray[np.bool_]]:
        """Add a block and return its measured rows, and which of these completed."""
        measured = slice(min(self.to_leave_out, block.arrival.size), None)
        self.to_leave_out -= measured.start
        latency = block.latency[measured]
        completed = block.outcome[measured] == COMPLETED
        asked = (block.attempts[measured] > 0) | completed[:, None]  # of a query turned away, no shard was asked
        coverage = np.where(asked, block.coverage[measured], np.nan)
        self.all.add(latency, completed, coverage)
        for c, tally in enumerate(self.classes):
            own = block.query_class[measured] == c
            tally.add(latency[own], completed[own], coverage[own])
        return measured, completed

    def measured(self, levels: Sequence[float]) -> Measured:
        """Return what was counted."""
        return self.all.measured(levels, tuple(tally.measured(levels) for tally in self.classes))


class _Recorder:
    """All that a run keeps of one replication."""

    def __init__(self, plan: Plan, thresholds: Sequence[float]) -> None:
        S = len(plan.names)
        self.plan = plan
        self.counts = _Counts(plan, thresholds)
        self.check = ConservationCheck(S, plan.warmup)
        self.occupancy = Occupancy(plan.warmup)
        self.batches = BatchMeans(batch_size(plan.total_queries))
        self.stages = [Sample() for _ in range(S)]
        self.candidates, self.covered, self.queue_service = np.zeros(S), np.zeros(S), np.zeros((S, 2))
        self.busy: list[FloatArray] = [np.zeros(count) for count in plan.stages.shards]
        self.merge_busy = 0.0
        self.parts = np.zeros((S, len(PARTS)))
        self.sent, self.more = (np.zeros(S, dtype=np.int64) for _ in range(2))
        self.wasted, self.replica_seconds = np.zeros(S), np.zeros(S)
        self.tail: dict[int, tuple[int, FloatArray]] = {}
        self.windows = Windows(window_count(plan))
        self.course = Course(plan)
        self.replica_windows = np.zeros((S, window_count(plan)))
        self.requests = 0
        self.spent = 0.0  # seconds that measured queries were in the system, those that failed included

    def add(self, block: Result) -> None:
        """Add a block of consecutive queries."""
        self.check.add(block)
        self.occupancy.add(block)
        self.batches.add(block.latency)
        self.course.add(block)
        measured, completed = self.counts.add(block)
        self.windows.add(block.arrival[measured][completed], block.latency[measured][completed])
        self.busy = [total + busy.sum(axis=1) for total, busy in zip(self.busy, block.busy, strict=True)]
        self.merge_busy += float(block.merge_busy.sum())
        self.requests += int(block.attempts.sum())
        self.spent += float(block.latency[measured].sum())
        spans, passed = (block.stage_end - block.stage_start)[measured], _passed(block.attempts[measured], completed)
        for s, sample in enumerate(self.stages):
            sample.add(spans[passed[:, s], s])
        self.candidates += np.where(passed, block.candidates[measured], 0).sum(axis=0)
        self.covered += np.where(passed, block.coverage[measured], 0.0).sum(axis=0)
        self.sent += block.attempts[measured].sum(axis=0)
        self.more += block.count("hedges") + block.count("retries")
        self.wasted += block.wasted
        self.replica_seconds += block.replica_seconds
        self.replica_windows += block.replica_windows
        parts = block.parts[measured]
        self.queue_service += parts[:, :, [PARTS.index("queue"), PARTS.index("service")]].sum(axis=0)
        self.parts += parts[completed].sum(axis=0)
        self._add_tail(block.latency[measured][completed], parts[completed])

    def _add_tail(self, latency: FloatArray, parts: FloatArray) -> None:
        """Add parts to the sums of their latency's bucket."""
        buckets = bucket_of(np.ascontiguousarray(latency), _TAIL_BITS)
        order = np.argsort(buckets, kind="stable")
        found, first = np.unique(buckets[order], return_index=True)
        sums = np.add.reduceat(parts[order], first, axis=0) if found.size else parts[:0]
        ends = [*first[1:], buckets.size]
        for bucket, total, count in zip(found.tolist(), sums, np.subtract(ends, first), strict=True):
            before = self.tail.get(bucket, (0, 0.0))
            self.tail[bucket] = (before[0] + int(count), before[1] + total)

    def summary(self, levels: Sequence[float]) -> Summary:
        """Return what was recorded."""
        plan, occupancy = self.plan, self.occupancy
        span = occupancy.span or plan.queries / plan.qps
        completed = max(self.counts.all.sample.count, 1)
        return Summary(
            **vars(self.counts.measured(levels)),
            sample=self.counts.all.sample,
            series=self.batches.means(),
            in_system=occupancy.in_system(span),
            little=self.spent / span,
            goodput_qps=occupancy.completed_in_span() / span,
            stages=tuple(self._stage(s, span) for s in range(len(plan.names))),
            merge_utilization=self.merge_busy / (span * max(plan.merge_workers, 1)),
            mean_parts=self.parts / completed,
            p99_parts=self._tail_parts(self.counts.all.sample.percentile(_TAIL)),
            conservation=self.check.counts(),
            windows=self.windows.columns(),
            course=self.course.columns(),
            window_replicas=self._window_replicas(),
            requests=self.requests,
        )

    def _stage(self, s: int, span: float) -> StageSummary:
        """Return the summary of stage `s`; `span` is the seconds over which the measured queries arrived."""
        stages, sample = self.plan.stages, self.stages[s]
        reached, busy = max(sample.count, 1), float(self.busy[s].sum())
        first_calls = max(int(self.sent[s] - self.more[s]), 1)
        shards, fixed = int(stages.shards[s]), not np.isfinite(stages.scale_every[s])
        replicas = int(stages.replicas[s]) if fixed else float(self.replica_seconds[s]) / (span * shards)
        seconds = span * shards * replicas
        return StageSummary(
            candidates=float(self.candidates[s]) / reached,
            coverage=float(self.covered[s]) / reached,
            utilization=busy / (seconds * int(stages.workers[s])),
            by_shard=self.busy[s] / (replicas * span * int(stages.workers[s])),
            extra_requests=int(self.more[s]) / first_calls,
            wasted=float(self.wasted[s]) / busy if busy else 0.0,
            replicas=replicas,
            replica_hours=seconds / HOUR_S,
            mean=sample.mean,
            p50=sample.percentile(50.0),
            p99=sample.percentile(_TAIL),
            queue=float(self.queue_service[s, 0]) / reached,
            service=float(self.queue_service[s, 1]) / reached,
        )

    def _window_replicas(self) -> FloatArray:
        """Return the replicas of a shard by stage and window, over the time of the window that was measured."""
        stages, occupancy = self.plan.stages, self.occupancy
        begin = np.arange(self.replica_windows.shape[1]) * WINDOW_S
        seconds = np.minimum(begin + WINDOW_S, occupancy.last) - np.maximum(begin, occupancy.start)  # (W,)
        seconds = np.where(seconds > 0, seconds, math.nan)
        scales = np.isfinite(stages.scale_every)[:, None]
        following = self.replica_windows / (seconds * stages.shards[:, None])
        return np.where(scales, following, stages.replicas[:, None] + 0 * seconds)  # (S, W)

    def _tail_parts(self, latency: float) -> FloatArray:
        """Return the parts of queries about as slow as `latency`, which they sum to; NaN where it is not known."""
        if not latency > 0:
            return np.full(self.parts.shape, latency)
        bucket = int(bucket_of(np.array([latency]), _TAIL_BITS)[0])
        nearest = min(self.tail, key=lambda other: abs(other - bucket))
        total: FloatArray = self.tail[nearest][1] / self.tail[nearest][1].sum()
        return total * latency


def _passed(attempts: NDArray[np.int64], completed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which stages answered which queries, shape (Q, S): all that these entered but the one they failed in."""
    entered = attempts > 0
    went_on = np.column_stack([entered[:, 1:], completed])
    return entered & (completed[:, None] | went_on)
