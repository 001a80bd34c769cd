"""Latency through the day: one number for every five minutes of arrivals, kept block by block."""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.engine.windows import WINDOW_S
from simulator.statistics.sample import Sample

__all__ = ["Windows"]

LEVEL = 99.0


class Windows:
    """The rate and the 99th percentile of each of `count` windows, by time of arrival.

    Queries come in order of arrival, so only one window is open at a time and memory does not grow with the run. What
    arrives after the last window is left out.
    """

    def __init__(self, count: int) -> None:
        self.qps, self.p99 = np.zeros(count), np.full(count, math.nan)
        self._open, self._sample, self._last = 0, Sample(), 0.0

    def add(self, arrival: NDArray[np.float64], latency: NDArray[np.float64]) -> None:
        """Add consecutive completed queries: arrival and latency in seconds, shape (Q,)."""
        if not self.qps.size:
            return
        self._last = max(self._last, float(arrival.max(initial=0.0)))
        number = (arrival / WINDOW_S).astype(np.int64)
        found, first = np.unique(number, return_index=True)
        for window, start, end in zip(found.tolist(), first, [*first[1:], number.size], strict=True):
            if window != self._open:
                self._close()
                self._open, self._sample = window, Sample()
            self._sample.add(latency[start:end])

    def _close(self) -> None:
        """Note what the open window came to; of too few queries the percentile is not known."""
        if self._open < self.qps.size:
            lasted = min(self._last - self._open * WINDOW_S, WINDOW_S)  # the run may end a little before its window
            self.qps[self._open] = self._sample.count / lasted if lasted > 0 else 0.0
            self.p99[self._open] = self._sample.percentile(LEVEL)

    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return completed queries a second and the 99th percentile in seconds, each (W,), after the last query.

        Of windows after that query nothing is known: NaN. A run has a number of queries, and may end before its time.
        """
        self._close()
        self.qps[self._open + 1 :] = math.nan
        return self.qps, self.p99
