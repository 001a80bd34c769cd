"""What objectives may ask of a set of queries: all that one replication measured, or those of one class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.statistics.percentiles import percentile

__all__ = ["Measured", "mean_of", "measure_classes", "measure_queries"]


@dataclass(frozen=True, eq=False)
class Measured:
    """What objectives may ask of one replication.

    Attributes
    ----------
    latency
        Seconds by name: mean, max, and p<level> for each level asked for.
    over
        Share of completed queries slower than each threshold in seconds.
    classes
        The same of each class of queries; empty where there are no classes.
    """

    latency: dict[str, float]
    over: dict[float, float]
    error_rate: float
    coverage: float
    classes: "tuple[Measured, ...]"


Columns = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]


def measure_queries(
    columns: Columns, levels: Sequence[float], thresholds: Sequence[float], classes: tuple[Measured, ...] = ()
) -> Measured:
    """Return what objectives may ask of some queries; NaN is what no query tells.

    Parameters
    ----------
    columns
        Latency in seconds and whether the query completed, each of shape (Q,), and coverage by stage, shape (Q, S).
    levels, thresholds
        Percentile levels between 0 and 100, and latencies in seconds whose excess share to report.
    classes
        What is known of each class among them.
    """
    latency, completed, coverage = columns
    latency = latency[completed]
    named = {"mean": mean_of(latency)}
    named |= {f"p{level:g}": percentile(latency, level) for level in levels}
    named["max"] = float(latency.max()) if latency.size else float("nan")
    return Measured(
        latency=named,
        over={threshold: mean_of(latency > threshold) for threshold in thresholds},
        error_rate=1 - mean_of(completed),
        coverage=mean_of(coverage),
        classes=classes,
    )


def measure_classes(
    columns: Columns, query_class: NDArray[np.int16], count: int, asked: tuple[Sequence[float], Sequence[float]]
) -> tuple[Measured, ...]:
    """Return what `measure_queries` returns for each of `count` classes; `asked` are its levels and thresholds.

    `query_class`, shape (Q,), holds each query's class, a number from 0.
    """
    latency, completed, coverage = columns
    chosen = (query_class == c for c in range(count))
    return tuple(measure_queries((latency[own], completed[own], coverage[own]), *asked) for own in chosen)


def mean_of(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    """Return the mean of `values`, NaN of none."""
    return float(values.mean()) if values.size else float("nan")
