"""Running the event loop: whole, or in blocks of queries so that memory does not grow with the run."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of
from simulator.engine.answers import ANSWER
from simulator.engine.arrivals import prepare, prepare_blocks
from simulator.engine.events import FULL, OUT_OF_ROOM, Setting, run_loop
from simulator.engine.heap import push
from simulator.engine.law import value_at
from simulator.engine.order import ENTRY, FAULT, NEW, SCALE, rank_of
from simulator.engine.plan import DOWN, Plan
from simulator.engine.result import BY_QUERY, SUMS, Result, empty_result
from simulator.engine.state import NUMBERS, columns_of, larger, new_state
from simulator.engine.windows import window_count
from simulator.kernels import records
from simulator.policies.faults import gap

__all__ = ["answers_to", "event_blocks", "run_events"]


class EventRun:
    """One replication on its way: the loop's memory, and the result whose rows it fills.

    Rows hold queries from `base` on; `over` says which of them are finished.
    """

    def __init__(self, plan: Plan, replication: int, result: Result) -> None:
        self.plan, self.replication, self.result = plan, replication, result
        self.over = np.zeros(result.arrival.size, dtype=np.int8)
        self.tables = plan.tables(replication)
        cache, think = (stream_of(plan.seed, replication, name) for name in ("cache", "think"))
        self.setting = Setting(
            plan.merge_curve,
            plan.merge_noise,
            plan.think_law,
            plan.merge_workers,
            plan.warmup,
            plan.total_queries,
            cache,
            think,
        )
        self.widest = int(plan.stages.shards.max())
        first = list(_first_events(plan, replication))
        self.state = larger(new_state(plan, replication), max(self.widest, len(first)))
        for time, rank, slot in first:
            self["heap"] = self["queued"] = push(self.state.heap, self["heap"], time, rank, slot)

    def __getitem__(self, name: str) -> int:
        return int(self.state.numbers[NUMBERS.index(name)])

    def __setitem__(self, name: str, value: int) -> None:
        self.state.numbers[NUMBERS.index(name)] = value

    def go_on(self) -> bool:
        """Run until the rows are full (True) or all is done (False)."""
        columns = columns_of(self.result, self.over)
        while True:
            status = run_loop(self.tables, self.setting, self.plan.door, self.plan.down, self.state, columns)
            if status != OUT_OF_ROOM:
                break
            self.state = larger(self.state, self.widest)
        first = self.state.first_replica
        for s, busy in enumerate(self.result.busy):
            busy[:] += self.state.replicas["busy"][first[s] : first[s + 1]].reshape(busy.shape)
        self.state.replicas["busy"] = 0.0
        return bool(status == FULL)


def _first_events(plan: Plan, replication: int) -> Iterator[tuple[float, int, int]]:
    """Yield the (time, rank, slot) of what happens whatever the queries do, and of the users' first queries."""
    streams, down = plan.tables(replication).streams, plan.down
    for unit, s in enumerate(down.stage.tolist()):
        place = int(down.shard[unit] * plan.stages.replicas[s] + down.replica[unit])
        fails = float(down.start[unit])
        if down.mttf[unit] > 0:
            fails = gap(down.mttf[unit], streams[s, DOWN], 0, place, int(down.number[unit]))
        yield fails, rank_of(FAULT, unit, s, ENTRY), unit
    for s, every in enumerate(plan.stages.scale_every.tolist()):
        if np.isfinite(every):
            yield every, rank_of(SCALE, 0, s, ENTRY), 0
    think = stream_of(plan.seed, replication, "think")
    for user in range(plan.door.users):
        yield value_at(plan.laws, plan.think_law, think, user, 0), rank_of(NEW, user, 0, ENTRY), user


def run_events(plan: Plan, replication: int, result: Result) -> int:
    """Fill in `result`, whose arrivals and entering candidates are set, event after event; return the events."""
    run = EventRun(plan, replication, result)
    run["rows"] = result.arrival.size
    run.go_on()
    return run["events"]


def answers_to(plan: Plan, replication: int, watched: NDArray[np.bool_], most: int) -> NDArray[np.void]:
    """Return every answer in time to the queries that `watched`, shape (Q,), marks, in the order in which they came.

    `most` answers are there at most: as many as attempts were sent for these queries. The records are of ANSWER.
    """
    result = prepare(plan, replication)
    run = EventRun(plan, replication, result)
    run.state = run.state._replace(watched=watched, answers=records(most, ANSWER))
    run["rows"] = result.arrival.size
    run.go_on()
    answers: NDArray[np.void] = run.state.answers[: run["traced"]]
    return answers


def event_blocks(plan: Plan, replication: int, size: int) -> Iterator[Result]:
    """Yield the rows of one replication, some consecutive queries at a time, as they are finished.

    The rows are bit for bit those of the whole run; a block's sums (busy time, counts) are what was added to them since
    the block before. `size` queries are let in at a time, so memory holds those and what is still in flight, however
    long the run.
    """
    run: EventRun | None = None
    for fresh in prepare_blocks(plan, replication, size):
        if run is None:
            run = EventRun(plan, replication, _empty(plan, 2 * size))
        _let_in(run, fresh)
        more = run.go_on()
        done = _finished(run) if more else run["rows"]
        if done:
            yield _take(run, done)


def _empty(plan: Plan, rows: int) -> Result:
    """Return a result of `plan` with room for so many rows."""
    shape = list(zip(plan.stages.shards.tolist(), plan.stages.replicas.tolist(), strict=True))
    return empty_result(np.zeros(rows), shape, window_count(plan))


def _let_in(run: EventRun, fresh: Result) -> None:
    """Append the rows of `fresh`, making room first if needed."""
    rows, more = run["rows"], fresh.arrival.size
    if rows + more > run.result.arrival.size:
        run.result, run.over = _roomier(run, 2 * (rows + more))
    for name in BY_QUERY:
        getattr(run.result, name)[rows : rows + more] = getattr(fresh, name)
    run.over[rows : rows + more] = 0
    run["rows"] = rows + more


def _roomier(run: EventRun, room: int) -> tuple[Result, NDArray[np.int8]]:
    """Return the run's result, and which of its rows are finished, with room for so many rows."""
    rows, result, over = run["rows"], _empty(run.plan, room), np.zeros(room, dtype=np.int8)
    over[:rows] = run.over[:rows]
    for name in BY_QUERY:
        getattr(result, name)[:rows] = getattr(run.result, name)[:rows]
    return replace(result, busy=run.result.busy, **{name: getattr(run.result, name) for name in SUMS}), over


def _finished(run: EventRun) -> int:
    """Return how many rows from the first on are finished."""
    over = run.over[: run["rows"]]
    return over.size if over.all() else int(np.argmin(over))


def _take(run: EventRun, done: int) -> Result:
    """Return the first `done` rows and the sums so far, and forget them."""
    result, left = run.result, run["rows"] - done
    taken = _empty(run.plan, done)
    for name in BY_QUERY:
        column = getattr(result, name)
        getattr(taken, name)[:] = column[:done]
        column[:left] = column[done : done + left].copy()
    run.over[:left] = run.over[done : done + left].copy()
    pairs = [(getattr(taken, name), getattr(result, name)) for name in SUMS]
    for one, other in [*pairs, *zip(taken.busy, result.busy, strict=True)]:
        one[:], other[:] = other, 0
    run["rows"], run["base"] = left, run["base"] + done
    return taken
