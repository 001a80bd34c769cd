"""A sample of latencies that never outgrows memory: exact while small, counted in buckets of 0.2% beyond.

Buckets are 512 to an octave and read off a float's own bits (as HdrHistogram's are, by Gil Tene), so that a value is
known to 0.1%; mean, maximum and shares over given limits stay exact.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.statistics.percentiles import percentile, samples_needed

__all__ = ["EXACT", "Sample", "bucket_of"]

EXACT = 1 << 20
"""Values kept one by one before buckets take over."""

_BITS = 9
_SHIFT = 52 - _BITS
_LOWEST = int(np.float64(2.0**-40).view(np.int64)) >> _SHIFT  # a picosecond; below it everything counts as zero
_BUCKETS = (int(np.float64(2.0**40).view(np.int64)) >> _SHIFT) - _LOWEST + 1

FloatArray = NDArray[np.float64]


def bucket_of(values: FloatArray, bits: int = _BITS) -> NDArray[np.int64]:
    """Return the bucket of each of `values` in seconds, shape (n,), 2^bits buckets to an octave; 0 for none at all."""
    found: NDArray[np.int64] = (values.view(np.int64) >> _SHIFT) - _LOWEST
    return np.clip(found, 0, _BUCKETS - 1) >> (_BITS - bits)


def _middle(bucket: NDArray[np.int64]) -> FloatArray:
    """Return the value in the middle of each bucket; bucket 0 holds zeros."""
    low, high = ((bucket + _LOWEST + step) << _SHIFT for step in (0, 1))
    return np.where(bucket == 0, 0.0, (low.view(np.float64) + high.view(np.float64)) / 2)


class Sample:
    """Latencies in seconds, added block by block.

    Parameters
    ----------
    limits
        Latencies in seconds; the share of values over each is exact.
    """

    def __init__(self, limits: Sequence[float] = ()) -> None:
        self.count, self.total, self.max = 0, 0.0, math.nan
        self.over = dict.fromkeys(limits, 0)
        self._blocks: list[FloatArray] = []
        self._buckets: NDArray[np.int64] | None = None

    def add(self, values: FloatArray) -> None:
        """Add `values`, shape (n,), each finite and at least 0."""
        if not values.size:
            return
        self.count += values.size
        self.total += float(values.sum())
        self.max = float(np.fmax(self.max, values.max()))
        for limit in self.over:
            self.over[limit] += int((values > limit).sum())
        self._keep(values)

    def _keep(self, values: FloatArray) -> None:
        """Keep values one by one, or in buckets once there are too many."""
        self._blocks.append(np.ascontiguousarray(values))
        if self.count <= EXACT:
            return
        if self._buckets is None:
            self._buckets = np.zeros(_BUCKETS, dtype=np.int64)
        for block in self._blocks:
            self._buckets += np.bincount(bucket_of(block), minlength=_BUCKETS)
        self._blocks = []

    @property
    def mean(self) -> float:
        """The mean in seconds, NaN of none."""
        return self.total / self.count if self.count else math.nan

    def share_over(self, limit: float) -> float:
        """Return the share of values over one of the limits, NaN of none."""
        return self.over[limit] / self.count if self.count else math.nan

    def percentile(self, level: float) -> float:
        """Return percentile `level` (0 to 100) as an order statistic, to 0.1% where buckets count; NaN of too few."""
        if self._buckets is None:
            return percentile(self.values(), level)
        if self.count < samples_needed(level):
            return math.nan
        rank = math.ceil(self.count * (level / 100))  # rounded as NumPy does, so that both take the same rank
        bucket = np.searchsorted(np.cumsum(self._buckets), rank)
        return float(min(_middle(np.array([bucket]))[0], self.max))

    def values(self) -> FloatArray:
        """Return the values in order of being added, shape (n,); a value a bucket, in rising order, beyond EXACT."""
        if self._buckets is not None:
            return _middle(np.flatnonzero(self._buckets))
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0] if self._blocks else np.empty(0)

    def weights(self) -> NDArray[np.int64]:
        """Return how many values each of `values` stands for, shape (n,)."""
        if self._buckets is not None:
            return self._buckets[self._buckets > 0]
        return np.ones(self.count, dtype=np.int64)
