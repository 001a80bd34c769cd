"""The reference engine: SimPy processes and resources, written to be read.

A query is a process; so is each of its requests. A replica is a `simpy.Resource` with one unit of capacity a worker.
SimPy orders the events of one instant by priority, then by age; here the priority is the event's rank (order.py), and
whatever SimPy does on its own behalf in between (starting a process, granting a resource) happens at once.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from heapq import heappush
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy.events import EventPriority

from simulator.draws import uniform_at
from simulator.engine.arrivals import prepare
from simulator.engine.curve import curve_value
from simulator.engine.law import value_at
from simulator.engine.order import ARRIVAL, COMPLETION, ENTRY, RESPONSE, rank_of
from simulator.engine.plan import (
    IDLE_NOISE,
    MERGE,
    NOISE,
    REPLICA,
    REPLICA_2,
    REQUEST,
    SERVICE,
    Plan,
)
from simulator.engine.plan import RESPONSE as RESPONSE_LAW
from simulator.engine.result import Result
from simulator.policies.balancing import choose_replica

__all__ = ["simulate"]

Process = Generator[simpy.Event, Any, Any]

AT_ONCE = EventPriority(-1)


class Clock(simpy.Environment):
    """A SimPy environment whose events of one instant happen in the order of their ranks."""

    def schedule(self, event: simpy.Event, priority: EventPriority = AT_ONCE, delay: float = 0) -> None:
        """Schedule what SimPy itself asks for before any ranked event of the same instant."""
        del priority
        super().schedule(event, AT_ONCE, delay)

    def at(self, time: float, rank: int) -> simpy.Event:
        """Return an event that happens at the absolute `time`, in the place of `rank` among its instant's."""
        event = self.event()
        event._ok, event._value = True, None  # noqa: SLF001  how SimPy's own Timeout is born: already decided
        heappush(self._queue, (time, EventPriority(rank), next(self._eid), event))
        return event


@dataclass
class Shard:
    """One shard of one stage: its replicas, what was sent to each and not answered, and what was sent in all."""

    replicas: list[simpy.Resource]
    outstanding: NDArray[np.int64]
    sent: int = 0


@dataclass
class Join:
    """A query waiting for the answers of one stage."""

    waiting_for: int
    done: simpy.Event
    answers: dict[int, tuple[float, float, float, float, float]] = field(default_factory=dict)


class Simulation:
    """One replication of a plan, as processes on a clock."""

    def __init__(self, plan: Plan, replication: int) -> None:
        self.plan = plan
        self.clock = Clock()
        self.streams = plan.tables(replication).streams
        shape = list(zip(plan.stages.shards.tolist(), plan.stages.replicas.tolist(), strict=True))
        self.shards = [
            [self._new_shard(replicas, int(plan.stages.workers[s])) for _ in range(shards)]
            for s, (shards, replicas) in enumerate(shape)
        ]
        self.broker = simpy.Resource(self.clock, plan.merge_workers) if plan.merge_workers else None
        self.result = prepare(plan, replication)

    def _new_shard(self, replicas: int, workers: int) -> Shard:
        """Return a shard of empty replicas."""
        return Shard([simpy.Resource(self.clock, workers) for _ in range(replicas)], np.zeros(replicas, dtype=np.int64))

    def run(self) -> Result:
        """Return what happened once every query has ended."""
        self.clock.process(self.arrivals())
        self.clock.run()
        return self.result

    def arrivals(self) -> Process:
        """Send every query into the funnel at its time."""
        for query, time in enumerate(self.result.arrival.tolist()):
            yield self.clock.at(time, rank_of(ARRIVAL, query, 0, ENTRY))
            self.clock.process(self.query(query))

    def query(self, query: int) -> Process:
        """Take one query through all stages."""
        result, keep = self.result, self.plan.stages.keep
        last = len(self.plan.names) - 1
        for stage in range(last + 1):
            result.stage_start[query, stage] = self.clock.now
            yield from self.visit(query, stage)
            if stage < last:
                result.candidates[query, stage + 1] = min(keep[stage], result.candidates[query, stage])
                yield self.clock.at(result.stage_end[query, stage], rank_of(ARRIVAL, query, stage + 1, ENTRY))
        result.end[query] = result.stage_end[query, last]

    def visit(self, query: int, stage: int) -> Process:
        """Ask every shard that has candidates, wait for all of them, merge."""
        shards = self.shards[stage]
        share, extra = divmod(int(self.result.candidates[query, stage]), len(shards))
        called = min(len(shards), extra if share == 0 else len(shards))
        join = Join(called, self.clock.event())
        for shard in range(called):
            replica = self.choose(query, stage, shard)
            shards[shard].outstanding[replica] += 1
            self.clock.process(self.request(join, (query, stage, shard), replica, share + (shard < extra)))
        yield join.done
        slowest = max(join.answers, key=lambda shard: (join.answers[shard][0], -shard))
        self.result.attempts[query, stage] = called
        self.result.slowest[query, stage] = slowest
        self.result.parts[query, stage, :4] = join.answers[slowest][1:]
        yield from self.merge(query, stage, called)

    def choose(self, query: int, stage: int, shard: int) -> int:
        """Return the replica that a request goes to."""
        here = self.shards[stage][shard]
        luck, more_luck = (self.uniform(query, stage, shard, purpose) for purpose in (REPLICA, REPLICA_2))
        here.sent += 1
        return choose_replica(self.plan.stages.balancing[stage], here.sent - 1, here.outstanding, luck, more_luck)

    def request(self, join: Join, address: tuple[int, int, int], replica: int, candidates: int) -> Process:
        """Take one request over the network, through a replica's queue and its worker, and back."""
        query, stage, shard = address
        here = self.shards[stage][shard]
        to_shard = self.draw(4 * stage + REQUEST, address, REQUEST)
        yield self.clock.at(self.clock.now + to_shard, rank_of(ARRIVAL, query, stage, shard))
        arrived = self.clock.now
        with here.replicas[replica].request() as worker:
            idle = worker.triggered
            yield worker
            started = self.clock.now
            service = self.service(address, candidates, idle=idle)
            if query >= self.plan.warmup:
                self.result.busy[stage][shard, replica] += service
            yield self.clock.at(started + service, rank_of(COMPLETION, query, stage, shard))
        to_broker = self.draw(4 * stage + RESPONSE_LAW, address, RESPONSE_LAW)
        yield self.clock.at(self.clock.now + to_broker, rank_of(RESPONSE, query, stage, shard))
        here.outstanding[replica] -= 1
        join.answers[shard] = (self.clock.now, to_shard, started - arrived, service, to_broker)
        join.waiting_for -= 1
        if join.waiting_for == 0:
            join.done.succeed()

    def service(self, address: tuple[int, int, int], candidates: int, *, idle: bool) -> float:
        """Return the seconds of one call, by the idle law where the request found a worker idle."""
        stage = address[1]
        by_idle_law = idle and self.plan.stages.has_idle_law[stage]
        cost = curve_value(self.plan.curves, 2 * stage + by_idle_law, candidates)
        return cost * self.draw(4 * stage + (IDLE_NOISE if by_idle_law else NOISE), address, SERVICE)

    def merge(self, query: int, stage: int, lists: int) -> Process:
        """Merge the shards' answers: a plain delay, or the broker's queue and one of its workers."""
        plan, clock, result = self.plan, self.clock, self.result
        joined = clock.now
        broker = int(plan.stages.shards[stage])
        yield clock.at(joined, rank_of(ARRIVAL, query, stage, broker))
        noise = self.draw(plan.merge_noise, (query, stage, 0), MERGE)
        duration = curve_value(plan.curves, plan.merge_curve, lists) * noise
        if self.broker is None:
            end = joined + duration
            self._count_merge(query, stage, duration)
        else:
            with self.broker.request() as worker:
                yield worker
                self._count_merge(query, stage, duration)
                end = clock.now + duration
                yield clock.at(end, rank_of(COMPLETION, query, stage, broker))
        result.stage_end[query, stage] = end
        result.parts[query, stage, 4] = end - joined

    def _count_merge(self, query: int, stage: int, duration: float) -> None:
        """Add a merge's work to the broker's, if the query is measured."""
        if query >= self.plan.warmup:
            self.result.merge_busy[stage] += duration

    def draw(self, law: int, address: tuple[int, int, int], purpose: int) -> float:
        """Return the value of a law at (query, stage, shard) for `purpose`."""
        query, stage, shard = address
        return value_at(self.plan.laws, law, self.streams[stage, purpose], query, shard)

    def uniform(self, query: int, stage: int, shard: int, purpose: int) -> float:
        """Return the uniform number at an address."""
        return uniform_at(self.streams[stage, purpose], query, shard)


def simulate(plan: Plan, replication: int) -> Result:
    """Return one replication of `plan`, computed by SimPy; the same arrays as the compiled engine's."""
    return Simulation(plan, replication).run()
