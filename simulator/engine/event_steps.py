"""Steps of the event path that happen in several places of its loop, on the flat arrays of state.py."""

from typing import Any

import numpy as np
from numba import njit

from simulator.engine.plan import PAUSE, Tables
from simulator.engine.state import NONE, Columns, State
from simulator.policies.faults import PauseClock, next_pause

__all__ = [
    "choose_worker",
    "cut",
    "forget",
    "link_serving",
    "pay",
    "set_active",
    "skip",
    "unlink_serving",
    "unlink_waiting",
    "work",
]


@njit(cache=True, nogil=True)
def work(stage: Any, now: float, change: int) -> None:  # noqa: ANN401  a record
    """Note that so many workers of a stage, by its record, begin, or end if negative."""
    stage.worked += stage.working * (now - stage.looked)
    stage.working += change
    stage.looked = now


@njit(cache=True, nogil=True)
def unlink_waiting(state: State, slot: int) -> None:
    """Take a request out of its replica's queue."""
    requests, replica = state.requests, state.replicas[state.requests[slot].replica]
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


@njit(cache=True, nogil=True)
def link_serving(state: State, slot: int) -> None:
    """Add a batch, by its first request, to those that its replica serves."""
    requests, replica = state.requests, state.replicas[state.requests[slot].replica]
    requests[slot].before, requests[slot].next = replica.last, NONE
    if replica.last == NONE:
        replica.first = slot
    else:
        requests[replica.last].next = slot
    replica.last = slot


@njit(cache=True, nogil=True)
def unlink_serving(state: State, slot: int) -> None:
    """Take a batch, by its first request, from those that its replica serves."""
    requests, replica = state.requests, state.replicas[state.requests[slot].replica]
    before, behind = requests[slot].before, requests[slot].next
    if before == NONE:
        replica.first = behind
    else:
        requests[before].next = behind
    if behind == NONE:
        replica.last = before
    else:
        requests[behind].before = before


@njit(cache=True, nogil=True)
def forget(state: State, slot: int) -> None:
    """Let the broker wait no longer for a request."""
    request = state.requests[slot]
    if request.call != NONE:
        call = state.calls[request.call]
        if call.one == slot:
            call.one = call.two
        call.two = NONE
    request.call = NONE
    request.visit = NONE


@njit(cache=True, nogil=True)
def choose_worker(tables: Tables, state: State, where: tuple[int, int], now: float) -> int:
    """Return which free worker of a replica begins: the first that is not pausing, else the one that is back first."""
    s, replica = where
    C, every, length = tables.stages.workers[s], tables.stages.pause_every[s], tables.stages.pause_length[s]
    first = (replica - state.first_replica[s]) * C
    best, best_back = NONE, np.inf
    for w in range(first, first + C):
        worker = state.workers[state.first_worker[s] + w]
        if worker.busy:
            continue
        clock = PauseClock(every, length, tables.streams[s, PAUSE], w)
        start, count = next_pause(clock, worker.start, worker.count, now)
        worker.start, worker.count = start, count
        back = start + length if start <= now else 0.0
        if best == NONE or back < best_back:
            best, best_back = w, back
    return best


@njit(cache=True, nogil=True)
def cut(state: State, columns: Columns, where: tuple[int, int], now: float) -> float:
    """Count a service that ends before its time, by its first request, and return how long it lasted."""
    s, slot = where
    request = state.requests[slot]
    lasted = now - request.begun
    columns.served[s] += lasted * request.measured
    state.replicas[request.replica].busy += (lasted - request.service) * request.measured
    work(state.stages[s], now, -1)
    return lasted


@njit(cache=True, nogil=True)
def pay(state: State, columns: Columns, s: int, shards: int, now: float) -> None:
    """Add what the replicas of a stage have cost since the last change."""
    copies = state.stages[s].ordered * shards
    columns.replica_seconds[s] += copies * (now - state.stages[s].since)
    state.stages[s].since = now


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def skip(columns: Columns, row: int, stage: int, end: float, coverage: float) -> None:
    """Write down a query that does not reach `stage` and those behind it."""
    for s in range(stage, columns.start.shape[0]):
        columns.start[s, row] = columns.stage_end[s, row] = end
        columns.coverage[s, row] = coverage
        columns.slowest[s, row] = NONE
