"""The broker: fans each query out to the shards of a stage, waits for all, merges, and goes on to the next stage.

A replica is one first-in-first-out queue served by its workers. A worker that serves a queue alone is sent a few
requests ahead, so that it need not wait for the broker between two.
"""

import os
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import zmq
from zmq import NOBLOCK, Again

from simulator.costs.merge import best_of
from simulator.data.features import FloatArray, IntArray
from simulator.scenario.model import Stage
from simulator.serving.worker import READY, answer_of, request_of

__all__ = ["AHEAD", "Answer", "Broker", "Called", "Counters", "Merged", "WorkerId"]

AHEAD = 64
"""Requests sent to a worker that serves a queue alone, before it has answered the first of them."""

SPIN_S = 60e-6
"""How long before a moment a wait for it is spun, since a sleep ends late by about that."""

WorkerId = tuple[int, int, int, int]
"""Stage, shard, replica, worker."""


class Called(NamedTuple):
    """One request's times.

    When its stage was to begin and when it was entered, when a worker had the request and its answer, and when that was
    back. `waited` says whether the worker had waited for it; `before` is when its answer before this was ready.
    """

    worker: WorkerId
    candidates: int
    began: float
    entered: float
    received: float
    ended: float
    back: float
    waited: bool
    before: float


class Merged(NamedTuple):
    """A merge: of which stage, and its seconds."""

    stage: int
    seconds: float


class Answer(NamedTuple):
    """A query that is done.

    `ids` holds the candidates kept, best first; it is None where no shard of a stage answered. `coverage` is the mean
    over the stages it reached of the share of the shards called that answered.
    """

    ticket: int
    at: float
    ended: float
    ids: IntArray | None
    coverage: float


@dataclass
class Counters:
    """What happened in a stage so far."""

    requests: int = 0
    failed: int = 0
    restarts: int = 0
    busy_s: float = 0.0


@dataclass
class _Query:
    """A query on its way."""

    ticket: int
    user: int
    at: float
    stage: int
    last: int
    began: float = 0.0
    entered: float = 0.0
    only: int | None = None
    called: int = 0
    waiting: int = 0
    ids: list[IntArray] = field(default_factory=list)
    scores: list[FloatArray] = field(default_factory=list)
    coverage: list[float] = field(default_factory=list)


@dataclass
class _Worker:
    """A worker's process as the broker sees it."""

    name: WorkerId
    identity: bytes
    ready: bool = False
    ended: float = 0.0
    sent: deque[tuple[_Query, IntArray | int]] = field(default_factory=deque)


@dataclass
class _Replica:
    """A queue and its workers."""

    workers: list[_Worker]
    queue: deque[tuple[_Query, IntArray | int]] = field(default_factory=deque)

    @property
    def outstanding(self) -> int:
        """Requests sent here and not answered."""
        return len(self.queue) + sum(len(worker.sent) for worker in self.workers)

    def free(self) -> _Worker | None:
        """Return the worker to send the next request to, the one with least to do; None where all have enough."""
        most = AHEAD if len(self.workers) == 1 else 1
        able = [worker for worker in self.workers if worker.ready and len(worker.sent) < most]
        return min(able, key=lambda worker: len(worker.sent)) if able else None


class Broker:
    """Answers queries by the workers that connect to its socket.

    Parameters
    ----------
    stages
        The funnel.
    socket
        A bound ROUTER socket; what a worker calls itself is its identity.
    seed
        Of the choice of replicas where that is random.
    spins
        Whether waits end awake, which takes a core that no worker is on.

    Attributes
    ----------
    counters
        By stage.
    descriptor
        What becomes readable when there are messages, and only then: after every call of `turn` or `submit` there may
        be some that it does not tell of.
    in_flight
        Queries on their way.
    spun_s
        Processor time spent on nothing but to be awake in time.
    """

    def __init__(
        self, stages: Sequence[Stage], socket: zmq.Socket[bytes], seed: int = 0, *, spins: bool = False
    ) -> None:
        self.stages = stages
        self._record: tuple[list[Called], list[Merged]] | None = None
        self.counters = [Counters() for _ in stages]
        self.descriptor = int(socket.getsockopt(zmq.FD))
        self._socket, self._rng, self._done = socket, np.random.default_rng(seed), list[Answer]()
        self._replicas = [
            [
                [
                    _Replica([_Worker((s, j, r, w), _identity((s, j, r, w))) for w in range(stage.workers)])
                    for r in range(stage.replicas)
                ]
                for j in range(stage.shards)
            ]
            for s, stage in enumerate(stages)
        ]
        self._workers = {
            worker.identity: (worker, replica)
            for stage in self._replicas
            for shard in stage
            for replica in shard
            for worker in replica.workers
        }
        self._turns = [[0] * stage.shards for stage in stages]
        self._tickets, self.in_flight, self.spun_s = 0, 0, 0.0
        self._spin_s = SPIN_S if spins else 0.0

    @property
    def workers(self) -> dict[WorkerId, bytes]:
        """The identity of each worker."""
        return {worker.name: identity for identity, (worker, _) in self._workers.items()}

    @property
    def all_ready(self) -> bool:
        """Whether every worker has said that it is there."""
        return all(worker.ready for worker, _ in self._workers.values())

    def queued(self, s: int) -> int:
        """Return the requests of stage `s` that wait or are being served."""
        return sum(replica.outstanding for shard in self._replicas[s] for replica in shard)

    def submit(
        self,
        user: int,
        candidates: IntArray | int,
        at: float,
        span: tuple[int, int] | None = None,
        shard: int | None = None,
    ) -> int:
        """Take in a query and return its ticket.

        Parameters
        ----------
        candidates
            How many, of the first stage's own; ids where the query begins later.
        at
            When it was to be sent, on the clock of time.perf_counter.
        span
            The first and the last stage it passes; all of them unless given.
        shard
            The one shard that is called, with its share of the candidates; all of them unless given.
        """
        first, last = span or (0, len(self.stages) - 1)
        self._tickets += 1
        self.in_flight += 1
        self._enter(_Query(self._tickets, user, at, first, last, began=at, only=shard), candidates)
        return self._tickets

    @contextmanager
    def recording(self) -> Iterator[tuple[list[Called], list[Merged]]]:
        """Yield two lists that take in the times of all requests and merges while the body runs."""
        self._record = list[Called](), list[Merged]()
        try:
            yield self._record
        finally:
            self._record = None

    def turn(self, until: float) -> list[Answer]:
        """Wait for messages until a moment, handle all that are there, and return the queries that are done."""
        heard = self._hear()
        while not heard and (left := until - time.perf_counter()) > 0:
            if left > self._spin_s:
                select.select([self.descriptor], [], [], left - self._spin_s)
                heard = self._hear()
                continue
            began = time.perf_counter()
            heard = self._hear()
            self.spun_s += 0.0 if heard else time.perf_counter() - began
        done, self._done = self._done, []
        return done

    def _hear(self) -> bool:
        """Handle all messages that are there; returns whether there was one."""
        os.sched_yield()  # ZeroMQ's own thread is on this core too, and brings the messages
        heard = False
        while True:
            try:
                identity, message = self._socket.recv_multipart(NOBLOCK)
            except Again:
                return heard
            heard = True
            self._handle(identity, message)

    def lost(self, name: WorkerId) -> None:
        """Fail the request that a worker was serving when it died; what it had not begun, others do, or its heir."""
        worker, replica = self._workers[_identity(name)]
        worker.ready = False
        self.counters[name[0]].restarts += 1
        if worker.sent:
            query, _ = worker.sent.popleft()
            replica.queue.extendleft(reversed(worker.sent))
            worker.sent.clear()
            self.counters[name[0]].failed += 1
            self._back(query)
        self._feed(replica)

    def _handle(self, identity: bytes, message: bytes) -> None:
        """Take in what a worker says."""
        worker, replica = self._workers[identity]
        if message == READY:
            worker.ready, worker.ended = True, time.perf_counter()
            self._feed(replica)
            return
        (ticket, received, ended, waited), ids, scores = answer_of(message)
        if not worker.sent or worker.sent[0][0].ticket != ticket:
            return  # answered just before its process died, and failed already
        back = time.perf_counter()
        query, candidates = worker.sent.popleft()
        self.counters[query.stage].busy_s += ended - (received if waited else max(received, worker.ended))
        if self._record:
            size = candidates if isinstance(candidates, int) else len(candidates)
            self._record[0].append(
                Called(worker.name, size, query.began, query.entered, received, ended, back, waited, worker.ended)
            )
        worker.ended = ended
        self._feed(replica)
        query.ids.append(ids)
        query.scores.append(scores)
        self._back(query)

    def _enter(self, query: _Query, candidates: IntArray | int) -> None:
        """Send the requests of the query's stage."""
        query.entered = time.perf_counter()
        shards = self._replicas[query.stage]
        count = candidates if isinstance(candidates, int) else len(candidates)
        each, more = divmod(count, len(shards))
        called = range(min(count, len(shards))) if query.only is None else [query.only]
        query.called = query.waiting = len(called)
        first = 0
        for j in called:
            size = each + (j < more)
            part = size if isinstance(candidates, int) else candidates[first : first + size]
            first += size
            replica = shards[j][self._choice(query.stage, j)]
            replica.queue.append((query, part))
            self.counters[query.stage].requests += 1
            self._feed(replica)

    def _choice(self, s: int, j: int) -> int:
        """Return the number of the replica of a shard that the next request goes to."""
        replicas, rule = self._replicas[s][j], self.stages[s].balancing
        if len(replicas) == 1:
            return 0
        if rule == "round_robin":
            self._turns[s][j] += 1
            return (self._turns[s][j] - 1) % len(replicas)
        if rule == "random":
            return int(self._rng.integers(len(replicas)))
        among = (
            range(len(replicas)) if rule == "least_outstanding" else self._rng.choice(len(replicas), 2, replace=False)
        )
        return int(min(among, key=lambda r: replicas[r].outstanding))

    def _feed(self, replica: _Replica) -> None:
        """Send what waits to workers that have room for it."""
        while replica.queue:
            worker = replica.free()
            if worker is None:
                return
            query, candidates = replica.queue.popleft()
            worker.sent.append((query, candidates))
            self._socket.send_multipart([worker.identity, request_of(query.ticket, query.user, candidates)])

    def _back(self, query: _Query) -> None:
        """Note that one more of the query's requests was answered or failed; go on where it was the last."""
        query.waiting -= 1
        if query.waiting:
            return
        began, stage, lists = time.perf_counter(), query.stage, len(query.ids)
        query.coverage.append(lists / query.called)
        ids = best_of(query.ids, query.scores, self.stages[stage].keep) if lists else None
        if ids is None or stage == query.last:
            self.in_flight -= 1
            coverage = sum(query.coverage) / len(query.coverage)
            ended = time.perf_counter()
            self._done.append(Answer(query.ticket, query.at, ended, ids, coverage))
        else:
            query.ids, query.scores, query.stage, ended = [], [], stage + 1, time.perf_counter()
            query.began = ended
            self._enter(query, ids)
        if self._record:
            self._record[1].append(Merged(stage, ended - began))


def _identity(name: WorkerId) -> bytes:
    """Return what a worker calls itself."""
    return ".".join(map(str, name)).encode()
