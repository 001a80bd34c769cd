"""The compiled engine: Numba kernels, the forward path where nothing feeds back and the event heap where it does."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulator.engine.arrivals import prepare
from simulator.engine.events import run_events
from simulator.engine.forward import StageColumns, merge_queue, shard_by_shard, sweep
from simulator.engine.law import CONSTANT
from simulator.engine.plan import REQUEST, Plan
from simulator.engine.result import Result
from simulator.policies.balancing import ROUND_ROBIN, STATIC_RULES

__all__ = ["feeds_back", "run_forward", "simulate"]


def feeds_back(plan: Plan) -> bool:
    """Return whether an earlier request's fate can depend on a later one's, so that the event heap is needed.

    Balancing by load does, once there is a choice; so does one broker's queue that serves several stages.
    """
    by_load = ~np.isin(plan.stages.balancing, STATIC_RULES) & (plan.stages.replicas > 1)
    return bool(by_load.any()) or (plan.merge_workers > 0 and len(plan.names) > 1)


def simulate(plan: Plan, replication: int) -> Result:
    """Return one replication of `plan`; the same arrays as the reference engine's."""
    result = prepare(plan, replication)
    (run_events if feeds_back(plan) else run_forward)(plan, replication, result)
    return result


def run_forward(plan: Plan, replication: int, result: Result) -> None:
    """Fill in `result`, whose arrivals and entering candidates are set, stage after stage."""
    tables = plan.tables(replication)
    result.stage_start[:, 0] = result.arrival
    last = len(plan.names) - 1
    for s in range(last + 1):
        columns = _columns(result, s)
        order = np.argsort(columns.start, kind="stable")
        _kernel(plan, s, columns, order)(tables, (s, plan.warmup), order, columns)
        where = (s, plan.merge_curve, plan.merge_noise, plan.merge_workers, plan.warmup)
        joined = np.argsort(columns.parts[:, 4], kind="stable")
        end = result.stage_end[:, s]
        result.merge_busy[s] = merge_queue(tables, where, joined, columns, end)
        if s < last:
            result.stage_start[:, s + 1] = end
            result.candidates[:, s + 1] = np.minimum(plan.stages.keep[s], result.candidates[:, s])
    result.end[:] = result.stage_end[:, last]


def _columns(result: Result, s: int) -> StageColumns:
    """Return views of the columns of stage `s`."""
    return StageColumns(
        result.stage_start[:, s],
        result.candidates[:, s],
        result.attempts[:, s],
        result.slowest[:, s],
        result.parts[:, s],
        result.busy[s],
    )


def _kernel(plan: Plan, s: int, columns: StageColumns, order: NDArray[np.int64]) -> Callable[..., None]:
    """Return the quicker kernel that fits stage `s`, which queries enter in `order`."""
    one_order = plan.laws.kind[4 * s + REQUEST] == CONSTANT and np.array_equal(
        order, np.argsort(columns.start + plan.laws.value[4 * s + REQUEST], kind="stable")
    )
    one_replica = plan.stages.replicas[s] == 1
    all_called = bool((columns.candidates >= plan.stages.shards[s]).all())
    in_turn = plan.stages.balancing[s] == ROUND_ROBIN and all_called
    return sweep if one_order and (one_replica or in_turn) else shard_by_shard
