"""When queries arrive and with how many candidates: the same numbers for every engine, whole or block by block."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniforms
from simulator.engine.law import CONSTANT, query_values
from simulator.engine.plan import Plan
from simulator.engine.result import Result, empty_result

__all__ = ["arrival_blocks", "arrival_times", "entering_candidates", "prepare", "prepare_blocks"]


def arrival_blocks(plan: Plan, replication: int, size: int) -> Iterator[NDArray[np.float64]]:
    """Yield the absolute arrival times of one replication in seconds, `size` queries at a time, never decreasing.

    A Poisson process is the sum of unit exponential gaps, scaled by the rate: another rate keeps every query's luck.
    Equal gaps start at time 0. The size of the blocks changes no bit of any time.
    """
    stream = stream_of(plan.seed, replication, "arrivals")
    elapsed = 0.0  # at the unit rate
    for first in range(0, plan.total_queries, size):
        count = min(size, plan.total_queries - first)
        if not plan.poisson:
            yield np.arange(first, first + count) / plan.qps
            continue
        gaps = -np.log1p(-uniforms(stream, count, first))
        gaps[0] += elapsed
        times = np.cumsum(gaps)
        elapsed = float(times[-1])
        yield times / plan.qps


def arrival_times(plan: Plan, replication: int) -> NDArray[np.float64]:
    """Return all arrival times of one replication, shape (Q,), as `arrival_blocks` yields them."""
    return next(arrival_blocks(plan, replication, plan.total_queries))


def entering_candidates(plan: Plan, replication: int, first: int = 0, count: int | None = None) -> NDArray[np.int64]:
    """Return how many candidates each of `count` queries from `first` on brings, shape (Q,), whole and at least 1."""
    laws, law = plan.laws, plan.candidates_law
    count = plan.total_queries if count is None else count
    if laws.kind[law] == CONSTANT:
        drawn = np.full(count, laws.value[law])
    else:
        drawn = query_values(laws, law, stream_of(plan.seed, replication, "candidates"), count, first)
    return np.maximum(1, np.floor(drawn + 0.5)).astype(np.int64)


def prepare(plan: Plan, replication: int) -> Result:
    """Return a result of which only the arrivals and the entering candidates are known."""
    return next(prepare_blocks(plan, replication, plan.total_queries))


def prepare_blocks(plan: Plan, replication: int, size: int) -> Iterator[Result]:
    """Yield results as `prepare` returns them, for `size` consecutive queries at a time."""
    shape = list(zip(plan.stages.shards.tolist(), plan.stages.replicas.tolist(), strict=True))
    first = 0
    for arrival in arrival_blocks(plan, replication, size):
        result = empty_result(arrival, shape)
        result.candidates[:, 0] = entering_candidates(plan, replication, first, arrival.size)
        first += arrival.size
        yield result
