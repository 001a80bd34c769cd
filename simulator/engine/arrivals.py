"""When queries arrive and with how many candidates: the same numbers for every engine, whole or block by block."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniforms
from simulator.engine.bursts import burst_times, first_phase
from simulator.engine.day import day_times
from simulator.engine.law import CONSTANT as ALWAYS
from simulator.engine.law import query_values
from simulator.engine.plan import Plan
from simulator.engine.result import Result, empty_result
from simulator.engine.traffic import BURSTY, CONSTANT, DAILY, TRACE
from simulator.engine.windows import window_count

__all__ = ["arrival_blocks", "arrival_times", "entering_candidates", "prepare", "prepare_blocks", "query_classes"]

Clock = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def arrival_blocks(plan: Plan, replication: int, size: int) -> Iterator[NDArray[np.float64]]:
    """Yield the absolute arrival times of one replication in seconds, `size` queries at a time, never decreasing.

    A Poisson process is the sum of unit exponential gaps, scaled by the rate: another rate keeps every query's luck.
    Bursty and daily arrivals are the same process, run through a clock that goes faster in bursts and at the peak.
    Equal gaps start at time 0, and so does a trace, whose gaps are stretched to the plan's rate. The size of the blocks
    changes no bit of any time.
    """
    law = plan.arrivals
    clock = _clock(plan, replication)
    stream = stream_of(plan.seed, replication, "arrivals")
    elapsed = 0.0  # at the unit rate
    for first in range(0, plan.total_queries, size):
        count = min(size, plan.total_queries - first)
        if plan.door.users:
            yield np.zeros(count)  # the users decide, while the engine runs
        elif law.kind == CONSTANT:
            yield np.arange(first, first + count) / plan.qps
        elif law.kind == TRACE:
            yield law.trace[first : first + count] * (law.trace_qps / plan.qps)
        else:
            gaps = -np.log1p(-uniforms(stream, count, first))
            gaps[0] += elapsed
            times = np.cumsum(gaps)
            elapsed = float(times[-1])
            yield clock(times / plan.qps)


def _clock(plan: Plan, replication: int) -> Clock:
    """Return what turns the times of a steady process into arrival times, block after block."""
    law = plan.arrivals
    if law.kind == BURSTY:
        stream, state = first_phase((plan.seed, replication), law.phase_means)
        return lambda passed: burst_times(passed, stream, law.phase_rates, law.phase_means, state)
    if law.kind == DAILY:
        midnight = np.zeros(2)
        return lambda passed: day_times(passed, law.swing, law.peak_s, midnight)
    return lambda passed: passed


def arrival_times(plan: Plan, replication: int) -> NDArray[np.float64]:
    """Return all arrival times of one replication, shape (Q,), as `arrival_blocks` yields them."""
    return next(arrival_blocks(plan, replication, plan.total_queries))


def query_classes(plan: Plan, replication: int, first: int, count: int) -> NDArray[np.int16]:
    """Return the class of each of `count` queries from `first` on, a place in `plan.class_names`, shape (Q,)."""
    if len(plan.class_shares) < 2:
        return np.zeros(count, dtype=np.int16)
    luck = uniforms(stream_of(plan.seed, replication, "class"), count, first)
    ends = np.cumsum(plan.class_shares)[:-1]  # the last class takes what rounding leaves
    return np.searchsorted(ends, luck, side="right").astype(np.int16)


def entering_candidates(plan: Plan, replication: int, first: int = 0, count: int | None = None) -> NDArray[np.int64]:
    """Return how many candidates each of `count` queries from `first` on brings, shape (Q,), whole and at least 1."""
    stream = stream_of(plan.seed, replication, "candidates")
    count = plan.total_queries if count is None else count
    drawn = _drawn(plan, plan.candidates_law, stream, first, count)
    of_class = query_classes(plan, replication, first, count)
    for c in range(1, len(plan.class_shares)):
        drawn = np.where(of_class == c, _drawn(plan, plan.candidates_law + c, stream, first, count), drawn)
    return np.maximum(1, np.floor(drawn + 0.5)).astype(np.int64)


def _drawn(plan: Plan, law: int, stream: np.uint64, first: int, count: int) -> NDArray[np.float64]:
    """Return a value of law number `law` for each of `count` queries from `first` on; a constant costs no draw."""
    if plan.laws.kind[law] == ALWAYS:
        return np.full(count, plan.laws.value[law])
    return query_values(plan.laws, law, stream, count, first)


def prepare(plan: Plan, replication: int) -> Result:
    """Return a result of which only the arrivals and the entering candidates are known."""
    return next(prepare_blocks(plan, replication, plan.total_queries))


def prepare_blocks(plan: Plan, replication: int, size: int) -> Iterator[Result]:
    """Yield results as `prepare` returns them, for `size` consecutive queries at a time."""
    shape = list(zip(plan.stages.shards.tolist(), plan.stages.replicas.tolist(), strict=True))
    first, windows = 0, window_count(plan)
    for arrival in arrival_blocks(plan, replication, size):
        result = empty_result(arrival, shape, windows)
        result.query_class[:] = query_classes(plan, replication, first, arrival.size)
        result.candidates[:, 0] = entering_candidates(plan, replication, first, arrival.size)
        first += arrival.size
        yield result
