"""What objectives may ask of a set of queries: all that one replication measured, or those of one class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.statistics.sample import Sample

__all__ = ["Measured", "Tally"]


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


class Tally:
    """Latencies, errors and coverage of some queries, added block by block.

    Parameters
    ----------
    thresholds
        Latencies in seconds whose excess share to report.
    """

    def __init__(self, thresholds: Sequence[float]) -> None:
        self.sample = Sample(thresholds)
        self.queries, self.coverage, self.covered = 0, 0.0, 0

    def add(self, latency: NDArray[np.float64], completed: NDArray[np.bool_], coverage: NDArray[np.float64]) -> None:
        """Add queries: latency in seconds and if each completed, (Q,), and coverage by stage, (Q, S), NaN of none."""
        self.sample.add(latency[completed])
        self.queries += completed.size
        self.coverage += float(np.nansum(coverage))
        self.covered += int(np.count_nonzero(~np.isnan(coverage)))

    def measured(self, levels: Sequence[float], classes: tuple[Measured, ...] = ()) -> Measured:
        """Return what was tallied, NaN where no query tells; `levels` are percentiles between 0 and 100."""
        sample = self.sample
        named = {"mean": sample.mean} | {f"p{level:g}": sample.percentile(level) for level in levels}
        return Measured(
            latency=named | {"max": sample.max},
            over={threshold: sample.share_over(threshold) for threshold in sample.over},
            error_rate=1 - sample.count / self.queries if self.queries else math.nan,
            coverage=self.coverage / self.covered if self.covered else math.nan,
            classes=classes,
        )
