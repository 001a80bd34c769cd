"""The compiled engine: Numba kernels, the forward path where nothing feeds back and the event heap where it does."""

from collections.abc import Iterator

import numpy as np

from simulator.engine.event_run import event_blocks
from simulator.engine.plan import Plan
from simulator.engine.result import Result
from simulator.engine.stages import ForwardPath, sweeps
from simulator.policies.balancing import STATIC_RULES
from simulator.policies.shedding import NO_LIMIT

__all__ = ["blocks", "feeds_back", "path_of", "simulate"]


def feeds_back(plan: Plan) -> bool:
    """Return whether an earlier request's fate can depend on a later one's, so that the event heap is needed.

    Balancing by load does, once there is a choice; so does one broker's queue that serves several stages, and every
    policy that ends, refuses, repeats, gathers or moves requests. A cache, slow shards and uneven shards do not.
    """
    stages, door = plan.stages, plan.door
    by_load = ~np.isin(stages.balancing, STATIC_RULES) & (stages.replicas > 1)
    cut_short = np.isfinite([stages.deadline, stages.hedge_after, stages.pause_every, stages.scale_every]).any()
    repeated = ((stages.attempts > 1) | (stages.queue_limit < NO_LIMIT) | (stages.batch > 1)).any()
    at_the_door = door.users > 0 or door.admission < plan.total_queries
    one_broker = plan.merge_workers > 0 and len(plan.names) > 1
    return bool(by_load.any() or cut_short or repeated or at_the_door or one_broker or plan.down.stage.size)


def path_of(plan: Plan) -> str:
    """Return which path the compiled engine takes for `plan`: "forward" or "events"."""
    return "events" if feeds_back(plan) else "forward"


def simulate(plan: Plan, replication: int) -> Result:
    """Return one replication of `plan`; the same arrays as the reference engine's."""
    return next(blocks(plan, replication, plan.total_queries))


def blocks(plan: Plan, replication: int, size: int, threads: int = 1) -> Iterator[Result]:
    """Yield one replication of `plan` as results of consecutive queries, about `size` at a time.

    Put together, the rows are bit for bit those of `simulate`; busy times and other sums are those since the block
    before. Where the forward path would need all queries at once, the event heap takes over for runs beyond `size`. On
    several `threads`, the forward path serves parts of a stage's shards side by side.
    """
    if feeds_back(plan) or (plan.total_queries > size and not sweeps(plan)):
        yield from event_blocks(plan, replication, size)
    else:
        yield from ForwardPath(plan, replication, threads).blocks(size)
