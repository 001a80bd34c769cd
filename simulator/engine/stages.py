"""The forward path as a whole: queries pass from stage to stage, in one go or in blocks that bound the memory.

A block of queries enters, and every stage serves what nobody later can overtake: later queries arrive no earlier than
the first query of the next block, which is the block's *watermark*; a query that reaches a stage at or after it waits
for the next block. With no next block the watermark is infinite, and one block is a whole run.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniforms
from simulator.engine.arrivals import prepare_blocks
from simulator.engine.forward import StageColumns, merge_queue, new_room, shard_by_shard, sweep
from simulator.engine.law import CONSTANT
from simulator.engine.plan import REQUEST, Plan
from simulator.engine.result import Result
from simulator.policies.balancing import ROUND_ROBIN

__all__ = ["ForwardPath", "sweeps"]

WORTH_A_THREAD = 1 << 20
"""Requests of a block that are worth a thread of their own: some milliseconds of work."""


def sweeps(plan: Plan) -> bool:
    """Return whether every stage of `plan` can be served query by query, whatever is drawn: so it can run in blocks."""
    laws, stages = plan.laws, plan.stages
    known = laws.kind[plan.candidates_law] == CONSTANT
    entering = laws.value[plan.candidates_law] if known else 1.0
    for s in range(len(plan.names)):
        if laws.kind[4 * s + REQUEST] != CONSTANT or not _alike(plan, s):
            return False
        in_turn = stages.balancing[s] == ROUND_ROBIN and entering >= stages.shards[s]
        if stages.replicas[s] > 1 and not in_turn:
            return False
        entering = min(entering, stages.keep[s])
    return True


def _alike(plan: Plan, s: int) -> bool:
    """Return whether the shards of stage `s` are of one size and none of them is slow."""
    return plan.sizes[s].size == 0 and bool(plan.slow.first[s] == plan.slow.first[s + 1])


class ForwardPath:
    """One replication of a plan in which nothing feeds back, on so many threads.

    Attributes
    ----------
    rooms
        By stage, what `forward.sweep` keeps.
    sent
        By stage, queries sent so far: the turn of round robin.
    merge_free
        By stage, when each of the broker's workers is free.
    """

    def __init__(self, plan: Plan, replication: int, threads: int = 1) -> None:
        self.plan, self.replication, self.threads = plan, replication, threads
        self.tables = plan.tables(replication)
        self.rooms = [new_room(plan, s) for s in range(len(plan.names))]
        self.sent = [0] * len(plan.names)
        self.merge_free = [np.zeros(max(plan.merge_workers, 1)) for _ in plan.names]
        self.since = 0.0  # the last arrival whose replica-seconds are counted

    def blocks(self, size: int) -> Iterator[Result]:
        """Yield results of consecutive queries, about `size` at a time; less than the whole run only where `sweeps`."""
        source = prepare_blocks(self.plan, self.replication, size)
        first, rows = 0, next(source, None)
        merged = np.zeros((0, len(self.plan.names)), dtype=np.bool_)
        while rows is not None:
            upcoming = next(source, None)
            watermark = math.inf if upcoming is None else float(upcoming.arrival[0])
            new = rows.arrival.size - len(merged)
            hits = self._answer_hits(rows, new, first)
            merged = np.concatenate([merged, np.repeat(hits[:, None], merged.shape[1], axis=1)])
            self._count_replicas(rows, new, first)
            for s in range(merged.shape[1]):
                self._pass(s, rows, merged, (first, watermark))
            rows.end[:] = rows.stage_end[:, -1]
            ended = int(np.argmin(merged[:, -1])) if not merged[:, -1].all() else len(merged)
            if ended:
                yield rows.part(0, ended, with_busy=True)
            rest = rows.part(ended, len(merged), with_busy=ended == 0)
            rows = None if upcoming is None else rest.followed_by(upcoming)
            merged, first = merged[ended:], first + ended

    def _answer_hits(self, rows: Result, new: int, first: int) -> NDArray[np.bool_]:
        """Let the door's cache answer its hits among the last `new` rows, and return which these are, shape (new,)."""
        door, begin = self.plan.door, rows.arrival.size - new
        if door.hit_rate == 0:
            return np.zeros(new, dtype=np.bool_)
        stream = stream_of(self.plan.seed, self.replication, "cache")
        hit: NDArray[np.bool_] = uniforms(stream, new, first + begin) < door.hit_rate
        at = begin + np.flatnonzero(hit)
        rows.door[at] = door.hit_latency
        rows.stage_start[at] = rows.stage_end[at] = (rows.arrival[at] + door.hit_latency)[:, None]
        rows.slowest[at] = -1
        return hit

    def _count_replicas(self, rows: Result, new: int, first: int) -> None:
        """Count the replicas' time up to the last of the `new` rows, from the last arrival of the warm-up on."""
        begin, leave_out = rows.arrival.size - new, self.plan.warmup - first
        if begin < leave_out <= rows.arrival.size:
            self.since = float(rows.arrival[leave_out - 1])
        if leave_out <= rows.arrival.size:
            stages = self.plan.stages
            rows.replica_seconds[:] += stages.replicas * stages.shards * (rows.arrival[-1] - self.since)
            self.since = float(rows.arrival[-1])

    def _pass(self, s: int, rows: Result, merged: NDArray[np.bool_], where: tuple[int, float]) -> None:
        """Take all rows that may through stage `s`; `where` is (number of the query in row 0, watermark)."""
        first, watermark = where
        columns = _columns(rows, s)
        if s:
            entered = merged[:, s - 1] & ~merged[:, s]
            columns.start[entered] = rows.stage_end[entered, s - 1]
            keep = self.plan.stages.keep[s - 1]
            columns.candidates[entered] = np.minimum(keep, rows.candidates[entered, s - 1])
        else:
            entered = ~merged[:, 0]
            columns.start[entered] = rows.arrival[entered]
        served = float(rows.busy[s].sum())
        self._serve(s, np.flatnonzero(entered & (columns.attempts == 0) & (columns.start < watermark)), columns, first)
        rows.served[s] += float(rows.busy[s].sum()) - served
        joined = columns.parts[:, 4]
        may = (columns.attempts > 0) & ~merged[:, s]
        ready = np.flatnonzero(may & (joined < watermark) if self.plan.merge_workers else may)
        ready = ready[np.argsort(joined[ready], kind="stable")]
        where_to = (s, self.plan.merge_workers, self.plan.warmup, first)
        end = rows.stage_end[:, s]
        rows.merge_busy[s] += merge_queue(self.tables, where_to, ready, columns, end, self.merge_free[s])
        merged[ready, s] = True

    def _serve(self, s: int, ready: NDArray[np.int64], columns: StageColumns, first: int) -> None:
        """Serve the rows `ready` at stage `s` by the quicker kernel that fits."""
        plan = self.plan
        order = ready[np.argsort(columns.start[ready], kind="stable")]
        replicas = int(plan.stages.replicas[s])
        all_called = bool((columns.candidates[ready] >= plan.stages.shards[s]).all())
        in_turn = plan.stages.balancing[s] == ROUND_ROBIN and all_called
        one_by_one = plan.laws.kind[4 * s + REQUEST] != CONSTANT or not _alike(plan, s)
        if one_by_one or not (replicas == 1 or in_turn):
            shard_by_shard(self.tables, (s, plan.warmup), order, columns)
            return
        turns = (self.sent[s] + np.arange(order.size)) % replicas
        self.sent[s] += order.size
        reached = columns.start[order] + plan.laws.value[4 * s + REQUEST]
        if not (np.diff(reached) > 0).all():  # rounding may make one instant of two, which goes by query number
            by_arrival = np.lexsort((order, reached))
            order, turns = order[by_arrival], turns[by_arrival]
        room = self.rooms[s]
        self._sweep(s, first, (order, turns), columns)
        columns.busy[:, :] += room.busy.reshape(replicas, -1).T
        room.busy[:] = 0.0

    def _sweep(
        self, s: int, first: int, sent: tuple[NDArray[np.int64], NDArray[np.int64]], columns: StageColumns
    ) -> None:
        """Serve (rows, the replica of each) at all shards of stage `s`, a part of them on each of the threads.

        Shards know nothing of each other; where parts are put together, the earlier of equally slow shards stays.
        """
        shards, where = int(self.plan.stages.shards[s]), (s, self.plan.warmup, first)
        parts = max(1, min(self.threads, shards, shards * sent[0].size // WORTH_A_THREAD))
        ends = np.linspace(0, shards, parts + 1).astype(np.int64).tolist()

        def serve(part: int) -> StageColumns:
            own = columns if part == 0 else _own(columns)
            sweep(self.tables, where, (ends[part], ends[part + 1]), sent, own, self.rooms[s])
            return own

        with ThreadPoolExecutor(parts) as pool:
            others = list(pool.map(serve, range(parts)))[1:]
        for other in others:
            rows = sent[0][other.parts[sent[0], 4] > columns.parts[sent[0], 4]]
            columns.parts[rows], columns.slowest[rows] = other.parts[rows], other.slowest[rows]


def _own(columns: StageColumns) -> StageColumns:
    """Return the same columns with other room for what the shards' answers are written to."""
    return columns._replace(
        attempts=columns.attempts.copy(), slowest=columns.slowest.copy(), parts=columns.parts.copy()
    )


def _columns(rows: Result, s: int) -> StageColumns:
    """Return views of the columns of stage `s`."""
    return StageColumns(
        rows.stage_start[:, s],
        rows.candidates[:, s],
        rows.attempts[:, s],
        rows.slowest[:, s],
        rows.parts[:, s],
        rows.busy[s],
    )
