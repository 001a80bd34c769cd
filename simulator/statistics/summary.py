"""One replication in numbers: what a run keeps of a result. Letters: Q queries measured, S stages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.conservation import Conservation, check_conservation
from simulator.engine.plan import Plan
from simulator.engine.result import COMPLETED, PARTS, Result
from simulator.statistics.percentiles import percentile
from simulator.statistics.queries import Measured, mean_of, measure_classes, measure_queries

__all__ = ["StageSummary", "Summary", "measure", "summarise_for"]


@dataclass(frozen=True)
class StageSummary:
    """One stage in one replication; times in seconds, of the slowest request of each measured query."""

    candidates: float
    utilization: float
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
    series
        (warm-up + Q,) latencies in seconds of all queries in order of arrival, the warm-up's first.
    mean_parts, p99_parts
        (S, 5) seconds in each of PARTS: the mean over queries, and those of the query at the 99th percentile.
    requests
        Requests sent to shards, the warm-up's included.
    """

    series: NDArray[np.float64]
    goodput_qps: float
    stages: tuple[StageSummary, ...]
    merge_utilization: float
    mean_parts: NDArray[np.float64]
    p99_parts: NDArray[np.float64]
    conservation: Conservation
    requests: int


def summarise_for(plan: Plan, levels: Sequence[float], thresholds: Sequence[float]) -> Callable[[Result], Summary]:
    """Return the function that summarises a result of `plan`.

    Parameters
    ----------
    levels
        Percentile levels to report, each between 0 and 100.
    thresholds
        Latencies in seconds whose excess share to report.
    """

    def summarise(result: Result) -> Summary:
        conservation = check_conservation(result, plan.warmup)
        measured = slice(plan.warmup, None)
        completed = result.outcome[measured] == COMPLETED
        latency = result.latency[measured][completed]
        span = _span(plan, result)
        parts = result.parts[measured][completed]
        return Summary(
            **vars(measure(plan, result, levels, thresholds)),
            series=result.latency,
            goodput_qps=_goodput(plan, result),
            stages=tuple(_stage(plan, result, s, span) for s in range(len(plan.names))),
            merge_utilization=float(result.merge_busy.sum()) / (span * max(plan.merge_workers, 1)),
            mean_parts=parts.mean(axis=0),
            p99_parts=_parts_at(latency, parts, 99.0),
            conservation=conservation,
            requests=int(result.attempts.sum()),
        )

    return summarise


def measure(plan: Plan, result: Result, levels: Sequence[float], thresholds: Sequence[float]) -> Measured:
    """Return what objectives may ask of a result of `plan`; parameters as in `summarise_for`."""
    measured = slice(plan.warmup, None)
    columns = (result.latency[measured], result.outcome[measured] == COMPLETED, result.coverage[measured])
    of_class = result.query_class[measured]
    classes = measure_classes(columns, of_class, len(plan.class_names), (levels, thresholds))
    return measure_queries(columns, levels, thresholds, classes)


def _span(plan: Plan, result: Result) -> float:
    """Return the seconds over which the measured queries arrived: as many gaps as queries."""
    start = float(result.arrival[plan.warmup - 1]) if plan.warmup else 0.0
    span = float(result.arrival[-1]) - start
    return span if span > 0 else plan.queries / plan.qps


def _goodput(plan: Plan, result: Result) -> float:
    """Return completions a second while the measured queries arrived."""
    end = float(result.arrival[-1])
    span = _span(plan, result)
    ended = result.end[result.outcome == COMPLETED]
    return float(((ended > end - span) & (ended <= end)).sum()) / span


def _stage(plan: Plan, result: Result, s: int, span: float) -> StageSummary:
    """Return the summary of stage `s`; `span` in seconds as of _span."""
    measured = slice(plan.warmup, None)
    latency = (result.stage_end - result.stage_start)[measured, s]
    servers = int(plan.stages.shards[s] * plan.stages.replicas[s] * plan.stages.workers[s])
    return StageSummary(
        candidates=float(result.candidates[measured, s].mean()),
        utilization=float(result.busy[s].sum()) / (span * servers),
        mean=mean_of(latency),
        p50=percentile(latency, 50.0),
        p99=percentile(latency, 99.0),
        queue=mean_of(result.parts[measured, s, PARTS.index("queue")]),
        service=mean_of(result.parts[measured, s, PARTS.index("service")]),
    )


def _parts_at(latency: NDArray[np.float64], parts: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Return the parts of the query at percentile `level`, so that they sum to that percentile."""
    at = int(np.searchsorted(np.sort(latency), np.percentile(latency, level, method="inverted_cdf")))
    chosen: NDArray[np.float64] = parts[np.argsort(latency, kind="stable")[at]]
    return chosen
