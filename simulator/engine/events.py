"""The event path: one loop over an event heap, for scenarios in which something feeds back.

The loop is one function on purpose: it is the machine that reference.py describes, unrolled over flat arrays, in
sections that carry the same names. Letters: Q queries, S stages; K slots, one for each request in flight. Replicas of
all stages and shards are numbered through.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulator.draws import uniform_at
from simulator.engine.curve import curve_value
from simulator.engine.heap import EventHeap, larger_heap, pop, push
from simulator.engine.law import value_at
from simulator.engine.order import ARRIVAL, COMPLETION, ENTRY, RESPONSE, rank_of, unpack
from simulator.engine.plan import (
    IDLE_NOISE,
    MERGE,
    NOISE,
    REPLICA,
    REPLICA_2,
    REQUEST,
    SERVICE,
    Plan,
    Tables,
)
from simulator.engine.plan import RESPONSE as RESPONSE_LAW
from simulator.engine.result import Result
from simulator.policies.balancing import choose_replica

__all__ = ["run_events"]


class Columns(NamedTuple):
    """The result's columns, each with the stage first: (S, Q), parts (S, Q, 5); busy (all replicas,)."""

    arrival: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    candidates: NDArray[np.int64]
    attempts: NDArray[np.int64]
    slowest: NDArray[np.int64]
    parts: NDArray[np.float64]
    busy: NDArray[np.float64]
    merge_busy: NDArray[np.float64]


class Slots(NamedTuple):
    """Requests in flight, each column (K,)."""

    query: NDArray[np.int64]
    shard: NDArray[np.int64]
    replica: NDArray[np.int64]
    following: NDArray[np.int64]  # the slot behind it in its replica's queue, or in the free list
    to_shard: NDArray[np.float64]
    arrived: NDArray[np.float64]
    begun: NDArray[np.float64]
    service: NDArray[np.float64]
    to_broker: NDArray[np.float64]


def run_events(plan: Plan, replication: int, result: Result) -> None:
    """Fill in `result`, whose arrivals and entering candidates are set, event after event."""
    sizes = plan.stages.shards * plan.stages.replicas
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    busy = np.zeros(first[-1])
    columns = Columns(
        result.arrival,
        result.stage_start.T,
        result.stage_end.T,
        result.candidates.T,
        result.attempts.T,
        result.slowest.T,
        result.parts.transpose(1, 0, 2),
        busy,
        result.merge_busy,
    )
    _loop(
        plan.tables(replication),
        (plan.merge_curve, plan.merge_noise, plan.merge_workers, plan.warmup),
        first,
        columns,
    )
    for s, size in enumerate(sizes):
        result.busy[s][:] = busy[first[s] : first[s] + size].reshape(result.busy[s].shape)
    result.end[:] = result.stage_end[:, -1]


@njit(cache=True)
def _more_slots(slots: Slots, capacity: int) -> Slots:
    """Return `capacity` slots: the old ones keep what they hold, the new ones are chained in order."""
    size = slots.query.size
    whole, times = np.zeros((4, capacity), dtype=np.int64), np.zeros((5, capacity))
    whole[3] = np.arange(1, capacity + 1)
    whole[0, :size], whole[1, :size] = slots.query, slots.shard
    whole[2, :size], whole[3, :size] = slots.replica, slots.following
    times[0, :size], times[1, :size], times[2, :size] = slots.to_shard, slots.arrived, slots.begun
    times[3, :size], times[4, :size] = slots.service, slots.to_broker
    return Slots(whole[0], whole[1], whole[2], whole[3], times[0], times[1], times[2], times[3], times[4])


@njit(cache=True)
def _service(tables: Tables, address: tuple[int, int, int], entered: int, idle: bool) -> float:
    """Return the seconds of one call at (stage, query, shard), of `entered` candidates in the stage."""
    s, q, j = address
    by_idle_law = 1 if idle and tables.stages.has_idle_law[s] else 0
    share, extra = divmod(entered, tables.stages.shards[s])
    cost = curve_value(tables.curves, 2 * s + by_idle_law, share + (1 if j < extra else 0))
    law = 4 * s + (IDLE_NOISE if by_idle_law else NOISE)
    return cost * value_at(tables.laws, law, tables.streams[s, SERVICE], q, j)


@njit(cache=True, nogil=True)
def _loop(  # noqa: C901  the declared exception to the ceilings: one machine, in sections
    tables: Tables, where: tuple[int, int, int, int], first: NDArray[np.int64], columns: Columns
) -> None:
    """Run all events of one replication.

    Parameters
    ----------
    where
        (the merge's curve, its noise law, the broker's workers or 0 for a plain delay, warm-up queries).
    first
        (S + 1,) the number of each stage's first replica, and the count of all.
    columns
        `arrival` and `candidates` of the first stage are read, the others are written.
    """
    stages, laws, curves, streams = tables
    merge_curve, merge_noise, merge_workers, warmup = where
    S, Q = columns.start.shape
    NONE = -1

    # ---- state: replicas, shards, requests in flight, queries, the broker, the events to come
    replicas = first[S]
    idle_workers = np.empty(replicas, dtype=np.int64)
    for stage in range(S):
        idle_workers[first[stage] : first[stage + 1]] = stages.workers[stage]
    head, tail = np.full(replicas, NONE), np.full(replicas, NONE)
    outstanding, turn = np.zeros(replicas, dtype=np.int64), np.zeros(replicas, dtype=np.int64)
    no_time, no_number = np.empty(0), np.empty(0, dtype=np.int64)
    empty = Slots(no_number, no_number, no_number, no_number, no_time, no_time, no_time, no_time, no_time)
    capacity = 1024
    slots, free_slot, free_slots = _more_slots(empty, capacity), 0, capacity
    waiting_for, latest = np.zeros(Q, dtype=np.int64), np.zeros(Q)
    idle_mergers, merge_head, merge_tail = merge_workers, NONE, NONE
    merge_following, merge_stage, merge_time = np.full(Q, NONE), np.zeros(Q, dtype=np.int64), np.zeros(Q)
    heap = larger_heap(EventHeap(no_time, no_number, no_number), capacity + Q + 2)
    size = push(heap, 0, columns.arrival[0], rank_of(ARRIVAL, 0, 0, ENTRY), NONE)

    while size > 0:
        now, slot = heap.time[0], heap.slot[0]
        kind, q, s, j, _ = unpack(heap.rank[0])
        size = pop(heap, size)
        N, R = stages.shards[s], stages.replicas[s]
        begin, merge, merged = NONE, NONE, NONE  # what this event sets off: a service, a merge, the end of one

        # ---- a query enters a stage: choose replicas, send requests
        if kind == ARRIVAL and j == ENTRY:
            if s == 0 and q + 1 < Q:
                size = push(heap, size, columns.arrival[q + 1], rank_of(ARRIVAL, q + 1, 0, ENTRY), NONE)
            columns.start[s, q] = now
            called = min(N, columns.candidates[s, q])
            columns.attempts[s, q] = waiting_for[q] = called
            latest[q] = -1.0
            if free_slots < called:
                grown = 2 * capacity + called
                slots = _more_slots(slots, grown)
                slots.following[grown - 1] = free_slot
                free_slot, free_slots, capacity = capacity, free_slots + grown - capacity, grown
                heap = larger_heap(heap, capacity + Q + 2)
            for shard in range(called):
                base = first[s] + shard * R
                luck, more_luck = uniform_at(streams[s, REPLICA], q, shard), uniform_at(streams[s, REPLICA_2], q, shard)
                load = outstanding[base : base + R]
                chosen = base + choose_replica(stages.balancing[s], turn[base], load, luck, more_luck)
                turn[base] += 1
                outstanding[chosen] += 1
                slot, free_slot, free_slots = free_slot, slots.following[free_slot], free_slots - 1
                delay = value_at(laws, 4 * s + REQUEST, streams[s, REQUEST], q, shard)
                slots.query[slot], slots.shard[slot], slots.replica[slot] = q, shard, chosen
                slots.to_shard[slot] = delay
                size = push(heap, size, now + delay, rank_of(ARRIVAL, q, s, shard), slot)

        # ---- a request reaches its replica: an idle worker, or the end of the queue
        elif kind == ARRIVAL and j < N:
            replica = slots.replica[slot]
            slots.arrived[slot], slots.following[slot] = now, NONE
            if idle_workers[replica] > 0:
                idle_workers[replica] -= 1
                begin = slot
            elif head[replica] == NONE:
                head[replica] = tail[replica] = slot
            else:
                slots.following[tail[replica]] = slot
                tail[replica] = slot

        # ---- a worker completes a request: answer, then take the next of the queue
        elif kind == COMPLETION and j < N:
            replica = slots.replica[slot]
            delay = value_at(laws, 4 * s + RESPONSE_LAW, streams[s, RESPONSE_LAW], q, j)
            slots.to_broker[slot] = delay
            size = push(heap, size, now + delay, rank_of(RESPONSE, q, s, j), slot)
            begin = head[replica]
            if begin == NONE:
                idle_workers[replica] += 1
            else:
                head[replica] = slots.following[begin]

        # ---- an answer reaches the broker; the last one sends the query to be merged
        elif kind == RESPONSE:
            outstanding[slots.replica[slot]] -= 1
            if now > latest[q] or (now == latest[q] and j < columns.slowest[s, q]):
                latest[q] = now
                columns.slowest[s, q] = j
                parts = columns.parts[s, q]
                parts[0], parts[1] = slots.to_shard[slot], slots.begun[slot] - slots.arrived[slot]
                parts[2], parts[3] = slots.service[slot], slots.to_broker[slot]
            slots.following[slot] = free_slot
            free_slot, free_slots = slot, free_slots + 1
            waiting_for[q] -= 1
            if waiting_for[q] == 0:
                size = push(heap, size, now, rank_of(ARRIVAL, q, s, N), NONE)

        # ---- a query's answers reach the merge: a plain delay, an idle worker, or the end of the queue
        elif kind == ARRIVAL:
            noise = value_at(laws, merge_noise, streams[s, MERGE], q, 0)
            merge_time[q] = curve_value(curves, merge_curve, columns.attempts[s, q]) * noise
            merge_stage[q] = s
            if merge_workers == 0:
                merge = q
            elif idle_mergers > 0:
                idle_mergers -= 1
                merge = q
            elif merge_head == NONE:
                merge_head = merge_tail = q
            else:
                merge_following[merge_tail] = q
                merge_tail = q

        # ---- a merge worker completes: take the next of the queue
        else:
            merged = q
            merge = merge_head
            if merge == NONE:
                idle_mergers += 1
            else:
                merge_head, merge_following[merge] = merge_following[merge], NONE

        # ---- a service begins
        if begin != NONE:
            q2, j2 = slots.query[begin], slots.shard[begin]
            service = _service(tables, (s, q2, j2), columns.candidates[s, q2], kind == ARRIVAL)
            slots.begun[begin], slots.service[begin] = now, service
            if q2 >= warmup:
                columns.busy[slots.replica[begin]] += service
            size = push(heap, size, now + service, rank_of(COMPLETION, q2, s, j2), begin)

        # ---- a merge begins
        if merge != NONE:
            s2 = merge_stage[merge]
            columns.end[s2, merge] = now + merge_time[merge]
            columns.parts[s2, merge, 4] = columns.end[s2, merge] - latest[merge]
            if merge >= warmup:
                columns.merge_busy[s2] += merge_time[merge]
            if merge_workers == 0:
                merged = merge
            else:
                rank = rank_of(COMPLETION, merge, s2, stages.shards[s2])
                size = push(heap, size, columns.end[s2, merge], rank, NONE)

        # ---- a merge is done, now or after its plain delay: on to the next stage
        if merged != NONE and s + 1 < S:
            columns.candidates[s + 1, merged] = min(stages.keep[s], columns.candidates[s, merged])
            size = push(heap, size, columns.end[s, merged], rank_of(ARRIVAL, merged, s + 1, ENTRY), NONE)
