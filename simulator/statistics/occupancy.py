"""Queries in the system over time, while the measured ones arrive: for Little's law and for goodput."""

import numpy as np
from numpy.typing import NDArray

from simulator.engine.result import COMPLETED, Result

__all__ = ["Occupancy"]


class Occupancy:
    """Time that queries spend in the system inside the span, from the last arrival of the warm-up to the last of all.

    Parameters
    ----------
    warmup
        Queries before the measured ones. Blocks of consecutive queries are added in order.
    """

    def __init__(self, warmup: int) -> None:
        self.before = warmup  # queries of the warm-up still to come
        self.start = 0.0
        self.last = 0.0
        self.area = 0.0
        self.completed = 0
        self._late = np.empty((2, 0))  # (arrival or start, end) of queries that end after the last arrival so far
        self._late_completed = np.empty(0, dtype=np.bool_)
        self._early: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]] = []

    @property
    def span(self) -> float:
        """Seconds of the span."""
        return self.last - self.start

    def add(self, block: Result) -> None:
        """Add a block of consecutive queries, all of which have ended."""
        arrival, end, completed = block.arrival, block.end, block.outcome == COMPLETED
        self.last = float(arrival[-1])
        if self.before > 0:
            if self.before <= arrival.size:
                self.start = float(arrival[self.before - 1])
            self.before -= min(self.before, arrival.size)
        self._early.append((arrival, end, completed))
        if self.before > 0:  # the span has not begun: keep only who may still be there when it does
            self._early = [self._after(*part, self.last) for part in self._early]
            return
        for part in self._early:
            self._count(*self._after(*part, self.start))
        self._early = []
        self._settle()

    @staticmethod
    def _after(
        arrival: NDArray[np.float64], end: NDArray[np.float64], completed: NDArray[np.bool_], time: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return the queries that end after `time`."""
        there = end > time
        return arrival[there], end[there], completed[there]

    def _count(self, arrival: NDArray[np.float64], end: NDArray[np.float64], completed: NDArray[np.bool_]) -> None:
        """Count queries that end after the start of the span as if it never ended."""
        self._late = np.concatenate([self._late, [np.maximum(arrival, self.start), end]], axis=1)
        self._late_completed = np.concatenate([self._late_completed, completed])

    def _settle(self) -> None:
        """Book the queries that ended before the last arrival."""
        ended = self._late[1] <= self.last
        begun, end = self._late[:, ended]
        self.area += float((end - begun).sum())
        self.completed += int(self._late_completed[ended].sum())
        self._late, self._late_completed = self._late[:, ~ended], self._late_completed[~ended]

    def in_system(self, span: float) -> float:
        """Return the mean number of queries in the system over the span of `span` seconds."""
        inside = np.maximum(self.last - self._late[0], 0.0)
        return (self.area + float(inside.sum())) / span

    def completed_in_span(self) -> int:
        """Return how many queries completed within the span."""
        return self.completed
