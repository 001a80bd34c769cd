"""Steps of the event path that happen in several places of its loop, on the flat arrays of state.py."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine.order import unpack
from simulator.engine.plan import Tables
from simulator.engine.state import NONE, Columns, State
from simulator.engine.windows import add_over_windows
from simulator.kernels import kernel
from simulator.policies.faults import PauseClock, next_pause

__all__ = [
    "choose_worker",
    "cut",
    "forget",
    "link_serving",
    "note_answer",
    "pay",
    "set_active",
    "skip",
    "unlink_serving",
    "unlink_waiting",
    "work",
]

Records = NDArray[np.void]


@kernel()
def work(stage: Any, now: float, change: int) -> None:  # noqa: ANN401  a record
    """Note that so many workers of a stage, by its record, begin, or end if negative."""
    stage.worked += stage.working * (now - stage.looked)
    stage.working += change
    stage.looked = now


@kernel()
def note_answer(state: State, row: int, slot: int, replicas: int) -> None:
    """Write a request that the broker takes the answer of into row `row` of the answers; `replicas` are a shard's."""
    request, answer = state.requests[slot], state.answers[row]
    _, query, stage, shard, attempt = unpack(request.key)
    answer.query, answer.stage, answer.shard, answer.attempt = query, stage, shard, attempt
    answer.replica = request.replica - state.first_replica[stage] - shard * replicas
    answer.batch, answer.sent, answer.to_shard = request.batch, request.sent, request.to_shard
    answer.arrived, answer.begun = request.arrived, request.begun
    answer.work, answer.service, answer.to_broker = request.work, request.service, request.to_broker


@kernel()
def unlink_waiting(requests: Records, replicas: Records, slot: int) -> None:
    """Take a request out of its replica's queue."""
    replica = replicas[requests[slot].replica]
    before, behind = requests[slot].before, requests[slot].next
    if before == NONE:
        replica.head = behind
    else:
        requests[before].next = behind
    if behind == NONE:
        replica.tail = before
    else:
        requests[behind].before = before
    replica.waiting -= 1


@kernel()
def link_serving(requests: Records, replicas: Records, slot: int) -> None:
    """Add a batch, by its first request, to those that its replica serves."""
    replica = replicas[requests[slot].replica]
    requests[slot].before, requests[slot].next = replica.last, NONE
    if replica.last == NONE:
        replica.first = slot
    else:
        requests[replica.last].next = slot
    replica.last = slot


@kernel()
def unlink_serving(requests: Records, replicas: Records, slot: int) -> None:
    """Take a batch, by its first request, from those that its replica serves."""
    replica = replicas[requests[slot].replica]
    before, behind = requests[slot].before, requests[slot].next
    if before == NONE:
        replica.first = behind
    else:
        requests[before].next = behind
    if behind == NONE:
        replica.last = before
    else:
        requests[behind].before = before


@kernel()
def forget(requests: Records, calls: Records, slot: int) -> None:
    """Let the broker wait no longer for a request."""
    request = requests[slot]
    if request.call != NONE:
        call = calls[request.call]
        if call.one == slot:
            call.one = call.two
        call.two = NONE
    request.call = NONE
    request.visit = NONE


@kernel()
def choose_worker(workers: Records, first: int, count: int, clock: PauseClock, now: float) -> int:
    """Return which free worker of a replica begins: the first that is not pausing, else the one that is back first.

    Parameters
    ----------
    workers
        All records, the replica's `count` from `first` on.
    clock
        Of the replica's first worker.
    """
    best, best_back = NONE, np.inf
    for w in range(count):
        worker = workers[first + w]
        if worker.busy:
            continue
        here = PauseClock(clock.every, clock.length, clock.stream, clock.worker + w)
        start, number = next_pause(here, worker.start, worker.count, now)
        worker.start, worker.count = start, number
        back = start + clock.length if start <= now else 0.0
        if best == NONE or back < best_back:
            best, best_back = w, back
    return best


@kernel()
def cut(state: State, columns: Columns, where: tuple[int, int], now: float) -> float:
    """Count a service that ends before its time, by its first request, and return how long it lasted."""
    s, slot = where
    request = state.requests[slot]
    lasted = now - request.begun
    columns.served[s] += lasted * request.measured
    state.replicas[request.replica].busy += (lasted - request.service) * request.measured
    work(state.stages[s], now, -1)
    return lasted


@kernel()
def pay(state: State, columns: Columns, s: int, shards: int, now: float) -> None:
    """Add what the replicas of a stage have cost since the last change."""
    copies = state.stages[s].ordered * shards
    columns.replica_seconds[s] += copies * (now - state.stages[s].since)
    if state.stages[s].scales:
        add_over_windows(columns.replica_windows, s, copies, (state.stages[s].since, now))
    state.stages[s].since = now


@kernel()
def set_active(state: State, tables: Tables, s: int, active: int) -> None:
    """Bar the replicas of a stage from number `active` on and no others."""
    before = state.stages[s].active
    state.stages[s].active = active
    for j in range(tables.stages.shards[s]):
        first = state.first_replica[s] + j * tables.stages.replicas[s]
        for r in range(active, before):
            state.barred[first + r] += 1
        for r in range(before, active):
            state.barred[first + r] -= 1


@kernel()
def skip(columns: Columns, row: int, stage: int, end: float, coverage: float) -> None:
    """Write down a query that does not reach `stage` and those behind it."""
    for s in range(stage, columns.start.shape[0]):
        columns.start[s, row] = columns.stage_end[s, row] = end
        columns.coverage[s, row] = coverage
        columns.slowest[s, row] = NONE
