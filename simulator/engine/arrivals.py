"""When queries arrive and with how many candidates: the same numbers for every engine."""

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniforms
from simulator.engine.law import query_values
from simulator.engine.plan import Plan
from simulator.engine.result import Result, empty_result

__all__ = ["arrival_times", "entering_candidates", "prepare"]


def arrival_times(plan: Plan, replication: int) -> NDArray[np.float64]:
    """Return the absolute arrival times of one replication in seconds, shape (Q,), never decreasing.

    A Poisson process is the sum of unit exponential gaps, scaled by the rate: another rate keeps every query's luck.
    Equal gaps start at time 0.
    """
    count = plan.total_queries
    if not plan.poisson:
        return np.arange(count) / plan.qps
    luck = uniforms(stream_of(plan.seed, replication, "arrivals"), count)
    return np.cumsum(-np.log1p(-luck)) / plan.qps


def entering_candidates(plan: Plan, replication: int) -> NDArray[np.int64]:
    """Return how many candidates each query of one replication brings, shape (Q,), whole and at least 1."""
    stream = stream_of(plan.seed, replication, "candidates")
    drawn = query_values(plan.laws, plan.candidates_law, stream, plan.total_queries)
    return np.maximum(1, np.floor(drawn + 0.5)).astype(np.int64)


def prepare(plan: Plan, replication: int) -> Result:
    """Return a result of which only the arrivals and the entering candidates are known."""
    shape = list(zip(plan.stages.shards.tolist(), plan.stages.replicas.tolist(), strict=True))
    result = empty_result(arrival_times(plan, replication), shape)
    result.candidates[:, 0] = entering_candidates(plan, replication)
    return result
