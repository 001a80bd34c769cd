"""The compiled engine: Numba kernels, the forward path where nothing feeds back and the event heap where it does."""

from collections.abc import Iterator

import numpy as np

from simulator.engine.arrivals import prepare
from simulator.engine.events import run_events
from simulator.engine.plan import Plan
from simulator.engine.result import Result
from simulator.engine.stages import ForwardPath, sweeps
from simulator.policies.balancing import STATIC_RULES

__all__ = ["blocks", "feeds_back", "simulate"]


def feeds_back(plan: Plan) -> bool:
    """Return whether an earlier request's fate can depend on a later one's, so that the event heap is needed.

    Balancing by load does, once there is a choice; so does one broker's queue that serves several stages.
    """
    by_load = ~np.isin(plan.stages.balancing, STATIC_RULES) & (plan.stages.replicas > 1)
    return bool(by_load.any()) or (plan.merge_workers > 0 and len(plan.names) > 1)


def simulate(plan: Plan, replication: int) -> Result:
    """Return one replication of `plan`; the same arrays as the reference engine's."""
    return next(blocks(plan, replication, plan.total_queries))


def blocks(plan: Plan, replication: int, size: int) -> Iterator[Result]:
    """Yield one replication of `plan` as results of consecutive queries, about `size` at a time where that can be.

    Put together, the rows are bit for bit those of `simulate`; busy times are those given since the block before.
    """
    if feeds_back(plan):
        result = prepare(plan, replication)
        run_events(plan, replication, result)
        yield result
    else:
        yield from ForwardPath(plan, replication).blocks(size if sweeps(plan) else plan.total_queries)
