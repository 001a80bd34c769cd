"""What a run and a search for the maximum load found, as CSV rows, the heads first."""

from collections.abc import Iterable
from typing import Any

from simulator.capacity.answer import CapacityAnswer
from simulator.capacity.run_answer import RunAnswer
from simulator.engine.result import PARTS
from simulator.report.document import MS

__all__ = ["curve_rows", "latency_rows", "stage_rows"]


def latency_rows(answer: RunAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the latencies as CSV rows."""
    yield ("measure", "value_ms", "low_ms", "high_ms")
    for name, found in answer.latency.items():
        scaled = found.scaled(MS).as_json()
        yield (name, *("" if answer.saturated or number is None else number for number in scaled.values()))


def stage_rows(answer: RunAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the stages as CSV rows; parts are means over queries, of each query's slowest request."""
    yield (
        "stage",
        "shards",
        "replicas",
        "workers",
        "candidates",
        "utilization",
        *(f"{part}_ms" for part in PARTS),
        "cost",
    )
    parts = answer.parts("mean_parts") * MS
    for s, stage in enumerate(answer.stages):
        sizes = (stage.shards, stage.replicas, stage.workers, stage.candidates.value, stage.utilization.value)
        yield (stage.name, *sizes, *parts[s].tolist(), stage.source)


def curve_rows(capacity: CapacityAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the latency-load curve as CSV rows."""
    yield ("qps", "utilization", "p50_ms", "p99_ms", "p99_low_ms", "p99_high_ms")
    for point in capacity.curve:
        p99 = point.p99.scaled(MS)
        yield (point.qps, point.utilization, point.p50.value * MS, p99.value, p99.low, p99.high)
