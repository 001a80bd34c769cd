"""The event path's memory: flat arrays of records, made and made larger here, worked on by the loop in events.py.

Free records of a kind are chained by their `next`. NONE stands for no record. Replicas of all stages and shards are
numbered through, and so are shards.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.answers import ANSWER
from simulator.engine.heap import EVENT
from simulator.engine.law import CONSTANT
from simulator.engine.plan import PAUSE, REQUEST, RESPONSE, Plan
from simulator.engine.result import Result
from simulator.kernels import records
from simulator.policies.faults import gap

__all__ = ["LANES", "NONE", "Columns", "State", "columns_of", "larger", "new_state"]

NONE = -1
LANES = ("request", "response", "deadline", "hedge", "timeout", "wait")
"""What a stage may have a lane for; see heap.py."""
I4, I8, F8 = np.int32, np.int64, np.float64

REQUEST_RECORD = np.dtype(
    [
        ("key", I8),  # the address that all its events share; NONE of a free record
        ("visit", I4),  # NONE once the broker has forgotten it
        ("call", I4),  # NONE where calls need no record
        ("replica", I4),
        ("state", I4),
        ("next", I4),  # behind it: in its replica's queue, among those in service, or in the free chain
        ("before", I4),
        ("mate", I4),  # the next of its batch, or of those sent back or withdrawn together
        ("worker", I4),
        ("batch", I4),  # requests served together with it, itself among them
        ("candidates", I8),
        ("sent", F8),
        ("to_shard", F8),
        ("arrived", F8),
        ("begun", F8),
        ("work", F8),  # its service but for the pauses that interrupt it
        ("service", F8),
        ("share", F8),
        ("measured", F8),  # of the first of a batch: the share of the batch that counts
        ("to_broker", F8),
        ("failed", I8),
    ],
)
VISIT_RECORD = np.dtype(
    [
        ("query", I8),
        ("stage", I4),
        ("open", I4),
        ("calls", I4),  # the first of its calls
        ("called", I4),
        ("unresolved", I4),
        ("answered", I4),
        ("next", I4),  # in the merge's queue, or in the free chain
        ("user", I4),
        ("start", F8),
        ("latest", F8),
        ("joined", F8),
        ("merge", F8),
    ],
)
CALL_RECORD = np.dtype(
    [
        ("visit", I4),
        ("shard", I4),
        ("one", I4),  # its attempts on their way that the broker waits for
        ("two", I4),
        ("tried", I4),
        ("retries", I4),
        ("resolved", I4),
        ("next", I4),  # of the first of a stage's calls: the next free block
        ("candidates", I8),
    ],
)
REPLICA_RECORD = np.dtype(
    [
        ("idle", I4),
        ("waiting", I4),
        ("head", I4),  # of the queue
        ("tail", I4),
        ("first", I4),  # of those in service; kept only where replicas go down
        ("last", I4),
        ("down", I8),
        ("busy", F8),
    ],
)
WORKER_RECORD = np.dtype([("start", F8), ("count", I8), ("busy", I8)])
STAGE_RECORD = np.dtype(
    [
        ("tracked", I8),  # whether its calls need records
        ("goes_down", I8),
        ("scales", I8),
        ("free_calls", I8),
        ("tokens", F8),
        ("working", I8),
        ("worked", F8),
        ("looked", F8),
        ("active", I8),
        ("ordered", I8),
        ("since", F8),
    ],
)

# The loop's own numbers between two calls of it.
NUMBERS = (
    "heap",
    "queued",
    "free_request",
    "free_requests",
    "free_visit",
    "free_visits",
    "calls",
    "base",
    "rows",
    "arrived",
    "ended",
    "on_the_way",
    "in_flight",
    "idle_mergers",
    "merge_head",
    "merge_tail",
    "paying",
    "events",
    "traced",
)


class State(NamedTuple):
    """All records and events.

    `first_replica`, `first_shard` and `first_worker` (S + 1,) say where a stage's begin; `lane_of` (S, len(LANES))
    numbers the lanes, NONE of none. Answers in time to the queries that `watched` (Q,) marks are written to `answers`;
    where it is empty none are.
    """

    heap: NDArray[np.void]
    lanes: NDArray[np.void]
    lane_ends: NDArray[np.int64]
    lane_first: NDArray[np.float64]
    lane_of: NDArray[np.int64]
    requests: NDArray[np.void]
    visits: NDArray[np.void]
    calls: NDArray[np.void]
    replicas: NDArray[np.void]
    workers: NDArray[np.void]
    stages: NDArray[np.void]
    units: NDArray[np.int64]
    outstanding: NDArray[np.int64]
    barred: NDArray[np.int64]
    turn: NDArray[np.int64]
    first_replica: NDArray[np.int64]
    first_shard: NDArray[np.int64]
    first_worker: NDArray[np.int64]
    numbers: NDArray[np.int64]
    watched: NDArray[np.bool_]
    answers: NDArray[np.void]


class Columns(NamedTuple):
    """A result's columns, each with the stage first: (S, Q), parts (S, Q, 5); the others as in Result."""

    arrival: NDArray[np.float64]
    end: NDArray[np.float64]
    outcome: NDArray[np.int8]
    over: NDArray[np.int8]  # whether the row is finished
    start: NDArray[np.float64]
    stage_end: NDArray[np.float64]
    candidates: NDArray[np.int64]
    coverage: NDArray[np.float64]
    attempts: NDArray[np.int64]
    slowest: NDArray[np.int64]
    parts: NDArray[np.float64]
    door: NDArray[np.float64]
    merge_busy: NDArray[np.float64]
    served: NDArray[np.float64]
    wasted: NDArray[np.float64]
    replica_seconds: NDArray[np.float64]
    replica_windows: NDArray[np.float64]
    counts: NDArray[np.int64]


def columns_of(result: Result, over: NDArray[np.int8]) -> Columns:
    """Return views of a result's columns as the loop writes them."""
    return Columns(
        result.arrival,
        result.end,
        result.outcome,
        over,
        result.stage_start.T,
        result.stage_end.T,
        result.candidates.T,
        result.coverage.T,
        result.attempts.T,
        result.slowest.T,
        result.parts.transpose(1, 0, 2),
        result.door,
        result.merge_busy,
        result.served,
        result.wasted,
        result.replica_seconds,
        result.replica_windows,
        result.counts,
    )


def new_state(plan: Plan, replication: int) -> State:
    """Return the memory of an empty system: nothing in flight, every replica of the start free."""
    stages = plan.stages
    per_stage = (stages.shards * stages.replicas, stages.shards, _workers(plan))
    first_replica, first_shard, first_worker = (_starts(sizes) for sizes in per_stage)
    lane_of = _lanes(plan)
    replicas = records(first_replica[-1], REPLICA_RECORD)
    for name in ("head", "tail", "first", "last"):
        replicas[name] = NONE
    replicas["idle"] = np.repeat(stages.workers, per_stage[0])
    numbers = np.zeros(len(NUMBERS), dtype=np.int64)
    for name in ("free_request", "free_visit", "merge_head", "merge_tail"):
        numbers[NUMBERS.index(name)] = NONE
    numbers[NUMBERS.index("idle_mergers")] = plan.merge_workers
    numbers[NUMBERS.index("paying")] = plan.warmup == 0
    number = [np.arange(shards * R) % R for shards, R in zip(stages.shards, stages.replicas, strict=True)]
    barred = np.concatenate([which >= here for which, here in zip(number, stages.initial, strict=True)])
    return State(
        heap=records(0, EVENT),
        lanes=records((max(0, int(lane_of.max())) + 1, 0), EVENT),
        lane_ends=np.zeros((max(0, int(lane_of.max())) + 1, 2), dtype=np.int64),
        lane_first=np.full(max(0, int(lane_of.max())) + 1, np.inf),
        lane_of=lane_of,
        requests=records(0, REQUEST_RECORD),
        visits=records(0, VISIT_RECORD),
        calls=records(0, CALL_RECORD),
        replicas=replicas,
        workers=_worker_records(plan, replication, first_worker),
        stages=_stage_records(plan),
        units=np.zeros(plan.down.stage.size, dtype=np.int64),
        outstanding=np.zeros(first_replica[-1], dtype=np.int64),
        barred=barred.astype(np.int64),
        turn=np.zeros(first_shard[-1], dtype=np.int64),
        first_replica=first_replica,
        first_shard=first_shard,
        first_worker=first_worker,
        numbers=numbers,
        watched=np.zeros(0, dtype=np.bool_),
        answers=records(0, ANSWER),
    )


def _lanes(plan: Plan) -> NDArray[np.int64]:
    """Return the number of each stage's lanes, shape (S, len(LANES)): a lane for whatever comes after a constant time.

    Lane 0 is for what happens now, after other events of the instant.
    """
    stages, S = plan.stages, len(plan.names)
    constant = plan.laws.kind[: 4 * S].reshape(S, 4) == CONSTANT
    timers = (stages.deadline, stages.hedge_after, stages.timeout)
    used = np.column_stack([constant[:, REQUEST], constant[:, RESPONSE], *map(np.isfinite, timers), stages.batch > 1])
    numbers = np.full(used.shape, NONE, dtype=np.int64)
    numbers[used] = np.arange(1, used.sum() + 1)
    return numbers


def _starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each stage's part begins, and the whole size, shape (S + 1,)."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _workers(plan: Plan) -> NDArray[np.int64]:
    """Return how many workers of each stage need a record: all where they pause, else none."""
    stages = plan.stages
    return np.where(np.isfinite(stages.pause_every), stages.shards * stages.replicas * stages.workers, 0)


def _worker_records(plan: Plan, replication: int, first_worker: NDArray[np.int64]) -> NDArray[np.void]:
    """Return free workers, each with its first pause."""
    found = records(first_worker[-1], WORKER_RECORD)
    streams = plan.tables(replication).streams
    for s, every in enumerate(plan.stages.pause_every.tolist()):
        for w in range(int(first_worker[s + 1] - first_worker[s])):
            found["start"][first_worker[s] + w] = gap(every, streams[s, PAUSE], 0, w)
    return found


def _stage_records(plan: Plan) -> NDArray[np.void]:
    """Return the stages' records."""
    stages = plan.stages
    found = records(len(plan.names), STAGE_RECORD)
    tracked = np.isfinite(stages.deadline) | np.isfinite(stages.hedge_after) | (stages.attempts > 1)
    found["tracked"] = tracked | np.isfinite(stages.timeout)
    found["goes_down"][plan.down.stage] = 1
    found["scales"] = np.isfinite(stages.scale_every)
    found["free_calls"] = NONE
    found["active"] = found["ordered"] = stages.initial
    return found


def larger(state: State, most_shards: int) -> State:
    """Return `state` with twice the room, and room for at least one more query at its widest stage."""
    numbers = state.numbers
    requests = _grown(state.requests, most_shards, "free_request", numbers)
    visits = _grown(state.visits, 16, "free_visit", numbers)
    calls = records(2 * state.calls.size + most_shards, CALL_RECORD)
    calls[: state.calls.size] = state.calls
    used, queued = int(numbers[NUMBERS.index("heap")]), int(numbers[NUMBERS.index("queued")])
    heap = records(1 << (2 * (queued + requests.size + 2 * most_shards) + 1024).bit_length(), EVENT)
    heap[:used] = state.heap[:used]
    lanes = records((state.lanes.shape[0], heap.size), EVENT)
    for lane, (begin, end) in enumerate(state.lane_ends.tolist()):
        lanes[lane, : end - begin] = state.lanes[lane, np.arange(begin, end) % max(1, state.lanes.shape[1])]
        state.lane_ends[lane] = 0, end - begin
    return state._replace(heap=heap, lanes=lanes, requests=requests, visits=visits, calls=calls)


def _grown(old: NDArray[np.void], least: int, chain: str, numbers: NDArray[np.int64]) -> NDArray[np.void]:
    """Return records with twice the room and `least` more, the new ones in front of the chain of free ones."""
    size, at = old.size, NUMBERS.index(chain)
    grown = records(2 * size + least, old.dtype)
    grown[:size] = old
    grown["next"][size:] = np.arange(size + 1, grown.size + 1)
    grown["next"][-1] = numbers[at]
    grown["key" if "key" in (grown.dtype.names or ()) else "query"][size:] = NONE
    numbers[at] = size
    numbers[at + 1] += grown.size - size
    return grown
