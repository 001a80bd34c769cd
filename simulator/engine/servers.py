"""The servers of the reference engine: a replica's queue, its workers, and what breaks them.

A request is in one of four states on its way: TRAVELLING to its replica, WAITING there, SERVING, and RETURNING with an
answer or a failure; GONE when it has come back or has been withdrawn.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.draws import uniform_at
from simulator.engine.clock import Clock
from simulator.engine.curve import curve_value
from simulator.engine.law import value_at
from simulator.engine.order import COMPLETION, RESPONSE, WAIT, rank_of
from simulator.engine.plan import IDLE_NOISE, NOISE, PAUSE, SERVICE, Plan
from simulator.engine.plan import RESPONSE as RESPONSE_LAW
from simulator.engine.result import COUNTS, Result
from simulator.policies.batching import batch_now
from simulator.policies.faults import PauseClock, back_from_pauses, gap, next_pause, slowed
from simulator.policies.shedding import has_room

if TYPE_CHECKING:
    from simulator.engine.visits import Call

__all__ = ["GONE", "RETURNING", "SERVING", "TRAVELLING", "WAITING", "Replica", "Request", "World"]

TRAVELLING, WAITING, SERVING, RETURNING, GONE = range(5)


@dataclass(eq=False)
class Request:
    """One attempt at a call; the broker has forgotten it where `call` is None. Times in seconds."""

    query: int
    stage: int
    shard: int
    attempt: int
    candidates: int
    sent: float
    call: "Call | None"
    replica: "Replica | None" = None
    state: int = TRAVELLING
    failed: bool = False
    to_shard: float = 0.0
    arrived: float = 0.0
    begun: float = 0.0
    batch: int = 0
    work: float = 0.0
    service: float = 0.0
    share: float = 0.0
    to_broker: float = 0.0

    def rank(self, kind: int) -> int:
        """Return the rank of an event of this request."""
        return rank_of(kind, self.query, self.stage, self.shard, self.attempt)


@dataclass(eq=False)
class Batch:
    """Requests served together; `measured` is the share of them that counts, `over` whether the service has ended."""

    requests: list[Request]
    worker: "Worker"
    measured: float
    over: bool = False


@dataclass(eq=False)
class Worker:
    """One server of a replica and its next pause: when it starts, and its number."""

    clock: PauseClock
    pause: tuple[float, int]
    busy: bool = False


@dataclass
class World:
    """What all servers share; `respond` takes a request that is back at the broker.

    `working` and `worked` are the workers in service in each stage and their seconds, up to the time `looked`.
    """

    plan: Plan
    clock: Clock
    streams: NDArray[np.uint64]
    result: Result
    respond: Callable[[Request], None]
    twin_begins: Callable[[Request], None]
    working: list[int] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)

    def count(self, what: str, request: Request) -> None:
        """Count a request by what became of it, if its query is measured."""
        if request.query >= self.plan.warmup:
            self.result.counts[request.stage, COUNTS.index(what)] += 1

    def waste(self, request: Request, seconds: float) -> None:
        """Add to the wasted seconds, if the query is measured."""
        if request.query >= self.plan.warmup:
            self.result.wasted[request.stage] += seconds

    def send_back(self, request: Request, *, failed: bool) -> None:
        """Send an answer, or the news of a failure, over the network to the broker."""
        request.state, request.failed = RETURNING, failed
        law, stream = 4 * request.stage + RESPONSE_LAW, self.streams[request.stage, RESPONSE_LAW]
        request.to_broker = value_at(self.plan.laws, law, stream, request.query, request.shard, request.attempt)
        self.clock.call(self.clock.now + request.to_broker, request.rank(RESPONSE), self.respond, request)

    def work(self, stage: int, change: int) -> None:
        """Note that so many workers of a stage begin, or end if negative."""
        now = self.clock.now
        self.worked[stage] += self.working[stage] * (now - self.looked[stage])
        self.working[stage] += change
        self.looked[stage] = now


class Replica:
    """A full copy of one shard: one FIFO queue and its workers."""

    def __init__(self, world: World, stage: int, shard: int, number: int) -> None:
        self.world, self.stage, self.shard, self.number = world, stage, shard, number
        self.queue: list[Request] = []
        self.serving: list[Batch] = []
        self.reasons_down = 0
        stages = world.plan.stages
        workers, place = int(stages.workers[stage]), shard * int(stages.replicas[stage]) + number
        self.workers = [self._worker(place * workers + w) for w in range(workers)]

    def _worker(self, number: int) -> Worker:
        """Return a free worker, whose first pause comes after a gap."""
        stages, stage = self.world.plan.stages, self.stage
        every, length = float(stages.pause_every[stage]), float(stages.pause_length[stage])
        clock = PauseClock(every, length, self.world.streams[stage, PAUSE], number)
        return Worker(clock, (gap(every, clock.stream, 0, number) if np.isfinite(every) else np.inf, 0))

    @property
    def idle(self) -> list[Worker]:
        """The workers that are free."""
        return [worker for worker in self.workers if not worker.busy]

    def arrive(self, request: Request) -> None:
        """Take a request that comes over the network: serve it, queue it, or refuse it."""
        if request.state != TRAVELLING:
            return  # withdrawn on the way
        stages, now = self.world.plan.stages, self.world.clock.now
        if self.reasons_down:
            self.world.count("lost", request)
            self.world.send_back(request, failed=True)
            return
        request.arrived = now
        waits = not self.idle or self._batch([*self.queue, request]) == 0
        if waits and not has_room(len(self.queue), stages.queue_limit[self.stage]):
            self.world.count("refused", request)
            self.world.send_back(request, failed=True)
            return
        request.state = WAITING
        self.queue.append(request)
        if not waits:
            self.begin(idle=True)
        elif stages.batch[self.stage] > 1:
            due = now + stages.batch_wait[self.stage]
            self.world.clock.call(due, request.rank(WAIT), self.has_waited, request)

    def _batch(self, queue: list[Request]) -> int:
        """Return how many requests of a queue a free worker takes now."""
        if not queue:
            return 0
        stages, s = self.world.plan.stages, self.stage
        due = queue[0].arrived + stages.batch_wait[s]
        return batch_now(len(queue), stages.batch[s], due, self.world.clock.now)

    def has_waited(self, request: Request) -> None:
        """Begin a batch because its first request has waited long enough."""
        if request.state == WAITING:
            self.begin(idle=True)

    def begin(self, *, idle: bool) -> None:
        """Let free workers take what they may; by the idle law if they were free before."""
        while self.idle and (size := self._batch(self.queue)):
            batch, self.queue = self.queue[:size], self.queue[size:]
            self._serve(batch, idle=idle)

    def _serve(self, requests: list[Request], *, idle: bool) -> None:
        """Begin a service."""
        world, first, now = self.world, requests[0], self.world.clock.now
        worker = self._choose_worker(now)
        worker.busy = True
        work = self._work(first, sum(request.candidates for request in requests), idle=idle)
        end, service = now + work, work
        if np.isfinite(worker.clock.every):
            end = back_from_pauses(worker.clock, worker.pause, now, work)
            service = end - now
        for request in requests:
            request.state, request.begun = SERVING, now
            request.service, request.share = service, service / len(requests)
            request.work, request.batch = work, len(requests)
        measured = sum(request.query >= world.plan.warmup for request in requests) / len(requests)
        world.result.busy[self.stage][self.shard, self.number] += service * measured
        world.work(self.stage, 1)
        batch = Batch(requests, worker, measured)
        self.serving.append(batch)
        world.clock.call(end, first.rank(COMPLETION), self.complete, batch)
        for request in requests:
            world.twin_begins(request)

    def _choose_worker(self, now: float) -> Worker:
        """Return the first free worker that is not pausing, else the one that is back first."""
        for worker in self.idle:
            worker.pause = next_pause(worker.clock, *worker.pause, now)
        return min(self.idle, key=lambda worker: worker.pause[0] + worker.clock.length if worker.pause[0] <= now else 0)

    def _work(self, first: Request, candidates: int, *, idle: bool) -> float:
        """Return the seconds that a call of so many candidates takes if nothing interrupts it."""
        plan, stage = self.world.plan, self.stage
        by_idle_law = idle and bool(plan.stages.has_idle_law[stage])
        law, stream = 4 * stage + (IDLE_NOISE if by_idle_law else NOISE), self.world.streams[stage, SERVICE]
        noise = value_at(plan.laws, law, stream, first.query, first.shard, first.attempt)
        cost = curve_value(plan.curves, 2 * stage + by_idle_law, candidates)
        return cost * noise * slowed(plan.slow, stage, self.shard, self.world.clock.now)

    def complete(self, batch: Batch) -> None:
        """End a service: answer, then take the next of the queue."""
        if batch.over:
            return
        self._end(batch, batch.requests[0].service)
        for request in batch.requests:
            self.world.send_back(request, failed=False)
        self.begin(idle=False)

    def _end(self, batch: Batch, seconds: float) -> None:
        """Free the worker of a service that lasted so long."""
        batch.over, batch.worker.busy = True, False
        self.serving.remove(batch)
        self.world.work(self.stage, -1)
        self.world.result.served[self.stage] += seconds * batch.measured

    def _cut(self, batch: Batch) -> None:
        """End a service before its time; what was done of it is wasted."""
        lasted = self.world.clock.now - batch.requests[0].begun
        self._end(batch, lasted)
        less = (lasted - batch.requests[0].service) * batch.measured
        self.world.result.busy[self.stage][self.shard, self.number] += less
        for request in batch.requests:
            self.world.waste(request, lasted / len(batch.requests))

    def withdraw(self, request: Request) -> None:
        """Forget a request that no worker has begun, here or on its way here."""
        if request.state == WAITING:
            self.queue.remove(request)
        request.state = GONE

    def stop(self, request: Request) -> None:
        """Stop a request in service and take the next of the queue."""
        self._cut(next(batch for batch in self.serving if request in batch.requests))
        request.state = GONE
        self.begin(idle=False)

    def go_down(self) -> None:
        """Lose everything."""
        self.reasons_down += 1
        waiting, serving, self.queue = self.queue, list(self.serving), []
        for request in waiting:
            self.world.count("lost", request)
            self.world.send_back(request, failed=True)
        for batch in serving:
            self._cut(batch)
            for request in batch.requests:
                self.world.count("lost", request)
                self.world.send_back(request, failed=True)

    def come_up(self) -> None:
        """Be there again, empty."""
        self.reasons_down -= 1

    def uniform(self, query: int, purpose: int) -> float:
        """Return a uniform number of this replica."""
        place = self.shard * int(self.world.plan.stages.replicas[self.stage]) + self.number
        return uniform_at(self.world.streams[self.stage, purpose], query, place)
