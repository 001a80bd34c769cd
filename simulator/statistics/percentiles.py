"""Percentiles of one replication, and when a sample is too small to have one."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["percentile", "samples_needed"]


def samples_needed(level: float) -> int:
    """Return the fewest samples of which at least one may lie beyond percentile `level` (0 < level < 100)."""
    return math.ceil(round(100 / (100 - level), 9))


def percentile(samples: NDArray[np.float64], level: float) -> float:
    """Return percentile `level` of `samples`, shape (n,), as the order statistic of the inverted distribution function.

    Returns NaN where the sample has fewer than `samples_needed` values: the largest of 500 is no 99.9th percentile.
    """
    if samples.size < samples_needed(level):
        return math.nan
    return float(np.percentile(samples, level, method="inverted_cdf"))
