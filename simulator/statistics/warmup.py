"""How many queries to leave out at the start, while the empty system fills."""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.engine.plan import Plan
from simulator.engine.traffic import dispersion
from simulator.statistics.load import FULL, Load

__all__ = ["BatchMeans", "batch_size", "enough_queries", "longest_warmup", "mser", "planned_warmup", "warmup_floor"]

LEFT_OUT = 20_000_000
"""The requests to shards that a replication may leave out at its start, if they are more than it measures."""

POISSON_COUNTS = 1.0
"""The index of dispersion of Poisson arrivals' counts."""

_RELAXATIONS, _ENOUGH = 10, 100
_BATCH = 5
_MOST_BATCHES = 1 << 18


def warmup_floor(plan: Plan, load: Load) -> int:
    """Return the fewest queries to leave out at this load.

    A queue of c workers at utilisation rho forgets its start over about E[S] / c (1 - sqrt(rho))^2 (the relaxation time
    of M/M/c; Cohen, The Single Server Queue, III.7.3), but over no less than a service; ten of these are left out, for
    the slowest stage. At or over capacity there is nothing to settle into, and the floor is a tenth of the run.

    Other arrivals and services change that as the variance of the work that comes in does in the heavy-traffic limit:
    (I + cs^2) / 2 times, with I the index of dispersion of the arrivals' counts and cs^2 the squared coefficient of
    variation of a service (Whitt, Stochastic-Process Limits, 5.7 and 9.6), taken as 1, an exponential's, where it is
    infinite. If even a burst leaves capacity, it is at most the time at the burst's load. A day and a trace never
    settle: every query counts, from time 0 on.
    """
    if not plan.arrivals.settles:
        return 0
    if load.highest >= FULL:
        return math.ceil(plan.queries / 10)
    settle = _relaxation(plan, load, dispersion(plan.arrivals, plan.qps))
    if load.at_peak < 1:
        settle = min(settle, _relaxation(plan, load.scaled(load.peak), POISSON_COUNTS))
    return math.ceil(_RELAXATIONS * plan.qps * settle)


def _relaxation(plan: Plan, load: Load, arrivals: float) -> float:
    """Return the relaxation time of the slowest stage in seconds at a load below 1.

    `arrivals` is the index of dispersion of the queries' counts.
    """
    spreads = (scv if math.isfinite(scv) else 1.0 for scv in load.service_scv)
    stages = zip(load.mean_service_s, spreads, plan.stages.workers, load.utilization, strict=True)
    return max(
        service * max(1.0, (arrivals + scv) / 2 / (int(workers) * (1 - math.sqrt(rho)) ** 2))
        for service, scv, workers, rho in stages
    )


def enough_queries(plan: Plan, load: Load) -> int:
    """Return how many queries a replication should measure at this load: a hundred relaxation times.

    With fewer, the percentiles of replications are so skewed that ten of them cover the truth less often than they say
    (M/M/1 at 90%: a p99 from 20,000 queries lies in its 95% interval 86 times in 100).
    """
    return warmup_floor(plan, load) * _ENOUGH // _RELAXATIONS


def longest_warmup(plan: Plan) -> int:
    """Return the most queries that a run leaves out.

    Four times those it measures, as long as a replication leaves out no more than LEFT_OUT requests to shards; at least
    as many as it measures.
    """
    return max(plan.queries, min(4 * plan.queries, LEFT_OUT // int(plan.stages.shards.sum())))


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
