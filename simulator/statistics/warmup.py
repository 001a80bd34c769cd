"""How many queries to leave out at the start, while the empty system fills."""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.engine.plan import Plan
from simulator.statistics.load import Load

__all__ = ["BatchMeans", "batch_size", "longest_warmup", "mser", "planned_warmup", "warmup_floor"]

_BATCH = 5
_MOST_BATCHES = 1 << 18


def warmup_floor(plan: Plan, load: Load) -> int:
    """Return the fewest queries to leave out at this load.

    A queue at utilisation rho forgets its start over about 1 / (1 - sqrt(rho))^2 services (the relaxation time of
    M/M/1; Cohen, The Single Server Queue, III.7.3); ten of them are left out, for the slowest stage. At or over
    capacity there is nothing to settle into, and the floor is a tenth of the run.
    """
    if load.highest >= 1:
        return math.ceil(plan.queries / 10)
    settle = [
        10 * service / (1 - math.sqrt(rho)) ** 2
        for service, rho in zip(load.mean_service_s, load.utilization, strict=True)
    ]
    return math.ceil(plan.qps * max(settle))


def longest_warmup(plan: Plan) -> int:
    """Return the most queries that a run leaves out: four times those it measures."""
    return 4 * plan.queries


def planned_warmup(plan: Plan, load: Load) -> int:
    """Return the queries to simulate before the measured ones: the floor, within what the run can afford."""
    return min(warmup_floor(plan, load), longest_warmup(plan))


def batch_size(queries: int) -> int:
    """Return how many queries of a run of `queries` make a batch: five, or more where a series would not fit."""
    return _BATCH * max(1, queries // (_BATCH * _MOST_BATCHES))


class BatchMeans:
    """The mean latency of one batch of `size` queries after the other, filled block by block."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rest: NDArray[np.float64] = np.empty(0)
        self._means: list[NDArray[np.float64]] = []

    def add(self, latency: NDArray[np.float64]) -> None:
        """Add the latencies of consecutive queries in seconds."""
        values = np.concatenate([self._rest, latency])
        whole = values.size // self.size * self.size
        self._means.append(values[:whole].reshape(-1, self.size).mean(axis=1))
        self._rest = values[whole:]

    def means(self) -> NDArray[np.float64]:
        """Return the means of all full batches, in order."""
        return np.concatenate(self._means)


def mser(batches: NDArray[np.float64]) -> int:
    """Return how many leading batch means to leave out by MSER (White 1997; of batches of five: MSER-5).

    The truncation that minimises the squared standard error of the rest; searched in the first half, as the rule's
    authors advise. A return of about half means that no steady state was seen.
    """
    n = batches.size
    if n < 4:
        return 0
    left = np.arange(n, 0, -1)
    sums, squares = np.cumsum(batches[::-1])[::-1], np.cumsum(batches[::-1] ** 2)[::-1]
    error = (squares - sums**2 / left) / left**2
    return int(np.argmin(error[: n // 2]))
