"""Whether the backlog grows through a run: what the latencies themselves say, whatever analysis says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Backlog", "observe_backlog"]

NOISE_FLOOR = 1.5
"""A last quarter that is not this many times as slow as the first is no growth, however sure."""

CONFIDENCE = 0.9995


@dataclass(frozen=True)
class Backlog:
    """How latency moved through the measured queries.

    Attributes
    ----------
    growth
        Mean latency of the last quarter of the queries over that of the first; 1 is steady, NaN where it is not known.
    grows
        Whether it grew beyond doubt and beyond the noise floor.
    """

    growth: float
    grows: bool


def observe_backlog(series: Sequence[NDArray[np.float64]]) -> Backlog:
    """Return whether latency grows through a run, by a one-sided paired t-test over independent replications.

    Parameters
    ----------
    series
        One a replication: mean latency in seconds of equal batches of the measured queries, in order of arrival. In a
        system that keeps up the first and the last quarter have the same mean; in one that does not, latency grows in
        proportion to time, and the last quarter is at least twice as slow. Fewer than two replications, or fewer than
        eight batches, tell nothing.
    """
    from scipy.special import stdtrit  # a quarter of a second to load, and only runs need it

    if len(series) < 2 or min(one.size for one in series) < 8:
        return Backlog(math.nan, grows=False)
    quarter = series[0].size // 4
    ends = np.array([(one[:quarter].mean(), one[-quarter:].mean()) for one in series])  # (replications, 2)
    first, last = ends.mean(axis=0)
    growth = float(last / first) if first > 0 else math.nan
    difference = ends[:, 1] - ends[:, 0]
    error = float(difference.std(ddof=1)) / math.sqrt(len(series))
    sure = float(difference.mean()) > float(stdtrit(len(series) - 1, CONFIDENCE)) * error
    return Backlog(growth, grows=bool(sure and growth > NOISE_FLOOR))
