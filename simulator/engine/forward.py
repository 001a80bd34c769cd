"""The forward path: where nothing feeds back, a stage is a recursion over its requests in order of arrival.

With static balancing a request's fate depends only on requests that reached its replica before it (Lindley 1952 for
one worker, Kiefer & Wolfowitz 1955 for several), so no event list is needed. Letters: Q queries, N shards,
R replicas, C workers. Worker free times are kept sorted along C, so the first is the next worker to be free.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.draws import uniform_at
from simulator.engine.curve import curve_value
from simulator.engine.law import CONSTANT, fill_shards, fill_twins, value_at
from simulator.engine.plan import (
    IDLE_NOISE,
    MERGE,
    NOISE,
    REPLICA,
    REQUEST,
    RESPONSE,
    SERVICE,
    Plan,
    Tables,
)
from simulator.kernels import jit, kernel
from simulator.policies.balancing import choose_replica
from simulator.policies.faults import slowed
from simulator.policies.imbalance import shard_candidates

__all__ = ["Room", "StageColumns", "merge_queue", "new_room", "shard_by_shard", "sweep"]

_BLOCK = 64  # shards
_1 = np.uint64(1)


class StageColumns(NamedTuple):
    """One stage's columns of a result: a view each, shape (Q,) or (Q, parts) or (N, R)."""

    start: NDArray[np.float64]
    candidates: NDArray[np.int64]
    attempts: NDArray[np.int64]
    slowest: NDArray[np.int64]
    parts: NDArray[np.float64]
    busy: NDArray[np.float64]


class Row(NamedTuple):
    """Room for one query at all shards, each (N,): written shard by shard, read where the slowest answered."""

    service: NDArray[np.float64]
    idle_noise: NDArray[np.float64]
    begun: NDArray[np.float64]
    back: NDArray[np.float64]
    done: NDArray[np.float64]
    cells: NDArray[np.uint32]


class Room(NamedTuple):
    """What `sweep` keeps of a stage: flat arrays, replica by replica.

    `free`, (R * C * N,), is when each worker is free, sorted along C; `busy`, (R * N,), the seconds of service given;
    both are zeros at first.
    """

    free: NDArray[np.float64]
    busy: NDArray[np.float64]
    row: Row


def new_room(plan: Plan, s: int) -> Room:
    """Return what `sweep` keeps of stage `s` of `plan`, at the start."""
    N, R, C = (int(column[s]) for column in (plan.stages.shards, plan.stages.replicas, plan.stages.workers))
    back = np.full(N, plan.laws.value[4 * s + RESPONSE])  # filled query by query where it varies
    row = Row(np.empty(N), np.empty(N), np.empty(N), back, np.empty(N), np.empty(N, dtype=np.uint32))
    return Room(np.zeros(R * C * N), np.zeros(R * N), row)


@kernel(inline="always")
def _draw(row: Row, span: tuple[np.uint64, np.uint64], tables: Tables, s: int, q: int) -> None:
    """Draw what query `q` meets at the shards of `span`: noise into `service` and `idle_noise`, `back` of the row."""
    laws, streams, noise, back = tables.laws, tables.streams, 4 * s + NOISE, 4 * s + RESPONSE
    if tables.stages.has_idle_law[s]:
        outs, twins = (row.service, row.idle_noise), (noise, 4 * s + IDLE_NOISE)
        fill_twins(outs, row.cells, span, laws, twins, (streams[s, SERVICE], q))
    else:
        fill_shards(row.service, row.cells, span, laws, noise, (streams[s, SERVICE], q))
    if laws.kind[back] != CONSTANT:
        fill_shards(row.back, row.cells, span, laws, back, (streams[s, RESPONSE], q))


@kernel()
def _serve(
    free: NDArray[np.float64], base: np.uint64, span: tuple[np.uint64, np.uint64], arrived: float, cost: float, row: Row
) -> None:
    """Serve one request at each shard of `span` by the busy law: `row.service` comes as noise, goes as seconds.

    The shards' earliest free workers stand at free[base + shard].
    """
    low, high = span
    service, begun = row.service, row.begun
    for j in range(low, high):
        first = free[base + j]
        begun[j] = first if first > arrived else arrived
        service[j] = cost * service[j]
        free[base + j] = begun[j] + service[j]


@kernel()
def _serve_idle(
    free: NDArray[np.float64],
    base: np.uint64,
    span: tuple[np.uint64, np.uint64],
    arrived: float,
    costs: tuple[float, float],
    row: Row,
) -> None:
    """Do as _serve, by the idle law where a worker is free when the request arrives; `costs` are (busy, idle)."""
    low, high = span
    busy_cost, idle_cost = costs
    service, idle_noise, begun = row.service, row.idle_noise, row.begun
    for j in range(low, high):
        first = free[base + j]
        waits = first > arrived
        begun[j] = first if waits else arrived
        by_busy, by_idle = busy_cost * service[j], idle_cost * idle_noise[j]
        service[j] = by_busy if waits else by_idle
        free[base + j] = begun[j] + service[j]


@kernel()
def _sort_workers(
    free: NDArray[np.float64], base: np.uint64, shape: tuple[np.uint64, np.uint64], span: tuple[np.uint64, np.uint64]
) -> None:
    """Put the new free times of the shards of `span` in their places along C; `shape` is (C, N)."""
    C, N = shape
    low, high = span
    for c in range(_1, C):
        before, here = base + (c - _1) * N, base + c * N
        for j in range(low, high):
            one, other = free[before + j], free[here + j]
            free[before + j] = one if one < other else other
            free[here + j] = other if one < other else one


@kernel()
def _latest(times: NDArray[np.float64], low: int, high: int) -> int:
    """Return the first index of the largest of `times` from `low` to before `high`, all >= 0; such order as bits do.

    The largest is found first, then its place, block by block: both loops vectorise, a search for an index does not.
    """
    bits = times.view(np.int64)
    top = bits[low]
    for j in range(low + 1, high):
        top = bits[j] if bits[j] > top else top
    at = low
    while at + _BLOCK <= high:
        found = 0
        for j in range(at, at + _BLOCK):
            found |= 1 if bits[j] == top else 0
        if found:
            break
        at += _BLOCK
    while bits[at] != top:
        at += 1
    return at


@kernel()
def sweep(
    tables: Tables,
    where: tuple[int, int, int],
    shards: tuple[int, int],
    sent: tuple[NDArray[np.int64], NDArray[np.int64]],
    columns: StageColumns,
    room: Room,
) -> None:
    """Run a stage query by query, all shards at a time.

    For stages whose requests reach all shards in one order and the same replica of each: a constant request delay, and
    one replica or round robin with every shard called. Arrays are flat, with offsets, since a view of one costs more
    than serving a request; offsets are unsigned, since a sign that Numba must check keeps a loop from vectorising.

    Parameters
    ----------
    where
        (stage, warm-up queries, number of the query in row 0); services of the warm-up do not count as busy time.
    shards
        (low, high): the shards to serve, from low to before high. Of a query that calls none of them nothing is written
        but a time of joining below zero, the last of its parts.
    sent
        (rows to serve,) rows in order of reaching the shards, and (rows to serve,) the replica of each.
    columns
        `start` and `candidates` are read, the others but for busy time are written.
    room
        What is kept from block to block.
    """
    stages, curves = tables.stages, tables.curves
    s, warmup, first = where
    low, high = shards
    order, replicas = sent
    N, C = stages.shards[s], stages.workers[s]
    delay = tables.laws.value[4 * s + REQUEST]
    has_idle = stages.has_idle_law[s]
    free, busy, row = room.free, room.busy, room.row
    service, done, back = row.service, row.done, row.back
    for i in range(order.size):
        r, replica = order[i], replicas[i]
        q = first + r
        arrived = columns.start[r] + delay
        share, extra = columns.candidates[r] // N, columns.candidates[r] % N
        called = N if share > 0 else extra
        begin, end = low, min(high, called)
        if begin >= end:  # none of these shards is called
            columns.parts[r, 4] = -1.0
            continue
        base, row_of_busy = np.uint64(replica * C * N), np.uint64(replica * N)
        span = (np.uint64(begin), np.uint64(end))
        _draw(row, span, tables, s, q)
        for one, other, n in ((begin, min(extra, end), share + 1), (max(extra, begin), end, share)):
            if one >= other:
                continue
            cost = curve_value(curves, 2 * s, n)
            alike = (np.uint64(one), np.uint64(other))
            if has_idle:
                _serve_idle(free, base, alike, arrived, (cost, curve_value(curves, 2 * s + 1, n)), row)
            else:
                _serve(free, base, alike, arrived, cost, row)
        for j in range(span[0], span[1]):
            done[j] = free[base + j] + back[j]
        _sort_workers(free, base, (np.uint64(C), np.uint64(N)), span)
        if q >= warmup:
            for j in range(span[0], span[1]):
                busy[row_of_busy + j] += service[j]
        at = _latest(done, begin, end)
        columns.attempts[r] = called
        columns.slowest[r] = at
        _write_parts(columns.parts, r, (delay, row.begun[at] - arrived, service[at], back[at]))
        columns.parts[r, 4] = done[at]


@jit(nogil=True, inline="always")
def _write_parts(parts: NDArray[np.float64], q: int, of_slowest: tuple[float, float, float, float]) -> None:
    """Write the request, queue, service and response of query `q`'s slowest request."""
    parts[q, 0], parts[q, 1], parts[q, 2], parts[q, 3] = of_slowest


@jit(nogil=True)
def _order_of_arrival(arrived: NDArray[np.float64], query: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order of requests by (arrival, query).

    Requests come nearly sorted, in order of being sent, so insertion is quick; where the network shuffles them far, a
    stable merge sort takes over.
    """
    n = arrived.size
    order = np.arange(n)
    budget = 16 * n + 1000
    for i in range(1, n):
        me = order[i]
        k = i
        while k > 0 and (
            arrived[order[k - 1]] > arrived[me]
            or (arrived[order[k - 1]] == arrived[me] and query[order[k - 1]] > query[me])
        ):
            order[k] = order[k - 1]
            k -= 1
        order[k] = me
        budget -= i - k
        if budget < 0:
            by_query = np.argsort(query, kind="mergesort")
            return by_query[np.argsort(arrived[by_query], kind="mergesort")]
    return order


@jit(nogil=True)
def shard_by_shard(
    tables: Tables,
    where: tuple[int, int],
    order: NDArray[np.int64],
    columns: StageColumns,
) -> None:
    """Run a stage one shard after the other, each in its own order of arrival; parameters as in `sweep`."""
    stages, laws, curves, streams = tables.stages, tables.laws, tables.curves, tables.streams
    s, warmup = where
    N, R, C = stages.shards[s], stages.replicas[s], stages.workers[s]
    cumulative = tables.sizes[tables.size_first[s] : tables.size_first[s + 1]]
    Q = order.size
    arrived, delay = np.empty(Q), np.empty(Q)
    query, replica = np.empty(Q, dtype=np.int64), np.empty(Q, dtype=np.int64)
    latest = np.full(columns.start.size, -1.0)
    no_load = np.zeros(R, dtype=np.int64)
    for j in range(N):
        count = 0
        for q in order:
            if shard_candidates(columns.candidates[q], N, j, cumulative) == 0:
                continue
            query[count] = q
            delay[count] = value_at(laws, 4 * s + REQUEST, streams[s, REQUEST], q, j)
            arrived[count] = columns.start[q] + delay[count]
            luck = uniform_at(streams[s, REPLICA], q, j)
            replica[count] = choose_replica(stages.balancing[s], count, no_load, no_load, luck, 0.0)
            count += 1
        free = np.zeros((R, C))
        for i in _order_of_arrival(arrived[:count], query[:count]):
            q, workers = query[i], free[replica[i]]
            waits = workers[0] > arrived[i]
            begun = workers[0] if waits else arrived[i]
            idle = stages.has_idle_law[s] and not waits
            n = shard_candidates(columns.candidates[q], N, j, cumulative)
            noise = value_at(laws, 4 * s + (IDLE_NOISE if idle else NOISE), streams[s, SERVICE], q, j)
            cost = curve_value(curves, 2 * s + (1 if idle else 0), n)
            service = cost * noise * slowed(tables.slow, s, j, begun)
            _replace_first(workers, begun + service)
            if q >= warmup:
                columns.busy[j, replica[i]] += service
            back = value_at(laws, 4 * s + RESPONSE, streams[s, RESPONSE], q, j)
            done = begun + service + back
            columns.attempts[q] += 1
            if done > latest[q]:
                latest[q] = done
                columns.slowest[q] = j
                _write_parts(columns.parts, q, (delay[i], begun - arrived[i], service, back))
    for q in order:
        columns.parts[q, 4] = latest[q]


@jit(nogil=True, inline="always")
def _replace_first(workers: NDArray[np.float64], free_at: float) -> None:
    """Give the first of the sorted `workers`, shape (C,), a new free time and keep them sorted."""
    c = 1
    while c < workers.size and workers[c] < free_at:
        workers[c - 1] = workers[c]
        c += 1
    workers[c - 1] = free_at


@kernel()
def merge_queue(
    tables: Tables,
    where: tuple[int, int, int, int],
    rows: NDArray[np.int64],
    columns: StageColumns,
    end: NDArray[np.float64],
    free: NDArray[np.float64],
) -> float:
    """Merge the answers of queries and return the seconds of merging for measured ones.

    Parameters
    ----------
    where
        (stage, the broker's workers or 0 for a plain delay, warm-up queries, number of the query in row 0).
    rows
        (rows to merge,) in the order in which their stage was joined.
    columns
        parts[:, 4] comes as the time of joining and goes as the seconds of the merge.
    end
        (Q,) written: when the merge was done.
    free
        (workers or 1,) when each of the broker's workers is free, sorted; kept from block to block.
    """
    s, workers, warmup, first = where
    S = tables.stages.shards.size
    stream = tables.streams[s, MERGE]
    busy, lists, cost = 0.0, -1, 0.0
    for r in rows:
        joined = columns.parts[r, 4]
        noise = value_at(tables.laws, 4 * S, stream, first + r, 0)
        if columns.attempts[r] != lists:  # nearly always as many as before
            lists = columns.attempts[r]
            cost = curve_value(tables.curves, 2 * S, lists)
        duration = cost * noise
        begun = free[0] if workers > 0 and free[0] > joined else joined
        end[r] = begun + duration
        _replace_first(free, end[r])
        columns.parts[r, 4] = end[r] - joined
        if first + r >= warmup:
            busy += duration
    return busy
