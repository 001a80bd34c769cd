"""The reference engine: SimPy processes and events, written to be read.

A query is a process that visits one stage after the other. In a stage the broker makes one call to each shard, and an
attempt at a call is a request, which servers.py queues and serves. What each policy means is said in
simulator/policies.
"""

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from simulator.draws import stream_of, uniform_at
from simulator.engine.arrivals import prepare
from simulator.engine.clock import Clock
from simulator.engine.curve import curve_value
from simulator.engine.law import value_at
from simulator.engine.order import (
    ARRIVAL,
    COMPLETION,
    DEADLINE,
    ENTRY,
    HEDGE,
    NEW,
    RESPONSE,
    RETRY,
    TIMEOUT,
    rank_of,
)
from simulator.engine.plan import BACKOFF, MERGE, REPLICA, REPLICA_2, REQUEST, Plan
from simulator.engine.result import FAILED, REFUSED, Result
from simulator.engine.servers import GONE, RETURNING, SERVING, Replica, Request, World
from simulator.engine.upheavals import Upheavals
from simulator.engine.visits import Call, Shard, Visit
from simulator.policies.balancing import NO_REPLICA, choose_replica
from simulator.policies.cache import is_hit
from simulator.policies.deadline import handed_on, has_failed
from simulator.policies.hedging import loses_on_response, loses_on_start
from simulator.policies.imbalance import shard_candidates
from simulator.policies.retry import backoff_s, saved, withdraws
from simulator.policies.shedding import has_room

__all__ = ["Simulation", "simulate"]

Process = Generator[simpy.Event, Any, Any]


class Simulation:
    """One replication of a plan on a clock."""

    def __init__(self, plan: Plan, replication: int) -> None:
        self.plan, self.clock = plan, Clock()
        self.result = prepare(plan, replication)
        S = len(plan.names)
        streams = plan.tables(replication).streams
        self.world = World(plan, self.clock, streams, self.result, self.respond, self.withdraw_twins)
        self.world.working, self.world.worked, self.world.looked = [0] * S, [0.0] * S, [0.0] * S
        self.shards = [[self._new_shard(s, j) for j in range(int(plan.stages.shards[s]))] for s in range(S)]
        self.broker = simpy.Resource(self.clock, plan.merge_workers) if plan.merge_workers else None
        self.tokens = [0.0] * S
        self.door = {name: stream_of(plan.seed, replication, name) for name in ("cache", "think")}
        self.arrived = self.ended = self.in_flight = self.on_the_way = 0
        self.over = self.clock.event()
        self.upheavals = Upheavals(self.world, self.shards)
        self.on_answer: Callable[[Request], None] = lambda _: None

    def _new_shard(self, s: int, j: int) -> Shard:
        """Return a shard of empty replicas; those beyond the number at the start are barred."""
        R = int(self.plan.stages.replicas[s])
        barred = (np.arange(R) >= self.plan.stages.initial[s]).astype(np.int64)
        return Shard([Replica(self.world, s, j, r) for r in range(R)], np.zeros(R, dtype=np.int64), barred)

    def run(self) -> Result:
        """Return what happened once every query has ended and every request is back."""
        self.upheavals.start()
        if self.plan.door.users:
            for user in range(self.plan.door.users):
                self.think(user, 0.0, (user, 0))
        else:
            self.clock.process(self.open_arrivals())
        self.clock.run(until=self.over)
        return self.result

    # ---- the door

    def open_arrivals(self) -> Process:
        """Let every query arrive at its time."""
        for query, time in enumerate(self.result.arrival.tolist()):
            yield self.clock.at(time, rank_of(NEW, query, 0, ENTRY))
            self.arrive(user=0)

    def think(self, user: int, since: float, address: tuple[int, int]) -> None:
        """Let a user of closed arrivals send a query after thinking."""
        thought = value_at(self.plan.laws, self.plan.think_law, self.door["think"], *address)
        self.clock.call(since + thought, rank_of(NEW, user, 0, ENTRY), self.arrive, user)

    def arrive(self, user: int) -> None:
        """Take the next query: the cache answers it, the door refuses it, or it enters the funnel."""
        query, door, now = self.arrived, self.plan.door, self.clock.now
        if query == self.plan.total_queries:
            return  # a user too many
        self.arrived += 1
        self.result.arrival[query] = now
        self.upheavals.measure(query)
        if is_hit(door.hit_rate, uniform_at(self.door["cache"], query, 0)):
            self.result.door[query] = door.hit_latency
            self.skip(query, 0, now + door.hit_latency, coverage=1)
            self.depart(query, user, now + door.hit_latency)
        elif not has_room(self.in_flight, door.admission):
            self.result.outcome[query] = REFUSED
            self.skip(query, 0, now, coverage=0)
            self.depart(query, user, now)
        else:
            self.in_flight += 1
            self.clock.process(self.query(query, user))

    def skip(self, query: int, stage: int, end: float, coverage: int) -> None:
        """Write down a query that does not reach `stage` and those behind it."""
        for column in (self.result.stage_start, self.result.stage_end):
            column[query, stage:] = end
        self.result.coverage[query, stage:] = coverage
        self.result.slowest[query, stage:] = -1

    def depart(self, query: int, user: int, end: float) -> None:
        """Write down the end of a query; its user starts to think."""
        self.result.end[query] = end
        self.ended += 1
        if self.plan.door.users:
            self.think(user, end, (query, 1))
        self.rest()

    def rest(self) -> None:
        """End the run once nothing is left to do."""
        if self.ended == self.plan.total_queries and self.on_the_way == 0 and not self.over.triggered:
            self.over.succeed()

    # ---- a query

    def query(self, query: int, user: int) -> Process:
        """Take one query through all stages, or to the one in which it fails."""
        result, keep = self.result, self.plan.stages.keep
        last = len(self.plan.names) - 1
        for stage in range(last + 1):
            result.stage_start[query, stage] = self.clock.now
            visit = self.enter(query, stage)
            late = yield visit.done
            called = len(visit.calls)
            result.coverage[query, stage] = visit.answered / called
            if has_failed(visit.answered, late, self.plan.stages.all_or_nothing[stage]):
                self.fail(query, stage)
                break
            yield from self.merge(visit)
            end = result.stage_end[query, stage]
            if stage < last:
                handed = handed_on(min(keep[stage], result.candidates[query, stage]), visit.answered, called)
                result.candidates[query, stage + 1] = handed
                yield self.clock.at(end, rank_of(ARRIVAL, query, stage + 1, ENTRY))
            elif self.broker is None:
                yield self.clock.at(end, rank_of(COMPLETION, query, stage, int(self.plan.stages.shards[stage])))
        self.in_flight -= 1
        self.depart(query, user, self.clock.now)

    def fail(self, query: int, stage: int) -> None:
        """Write down that a query fails in a stage."""
        result, now = self.result, self.clock.now
        result.outcome[query] = FAILED
        result.parts[query, stage] = 0.0
        result.stage_end[query, stage] = now
        if stage + 1 < len(self.plan.names):
            self.skip(query, stage + 1, now, coverage=0)

    def enter(self, query: int, stage: int) -> Visit:
        """Call every shard that has candidates, and set the stage's timers."""
        stages, now, n = self.plan.stages, self.clock.now, int(self.result.candidates[query, stage])
        visit = Visit(query, stage, now, self.clock.event())
        self.result.slowest[query, stage] = -1
        shards = len(self.shards[stage])
        for shard in range(shards):
            share = shard_candidates(n, shards, shard, self.plan.sizes[stage])
            if share > 0:
                visit.calls.append(Call(visit, shard, share))
        visit.unresolved = len(visit.calls)
        for call in visit.calls:
            self.tokens[stage] = saved(self.tokens[stage], stages.budget[stage])
            self.send(call)
        timers = ((stages.deadline, DEADLINE, self.reach_deadline), (stages.hedge_after, HEDGE, self.hedge))
        for after, kind, action in timers:
            if math.isfinite(after[stage]):
                self.clock.call(now + after[stage], rank_of(kind, query, stage, ENTRY), action, visit)
        return visit

    # ---- calls and their attempts

    def send(self, call: Call, avoid: Request | None = None) -> None:
        """Send an attempt: a hedge if there is another to `avoid` (only to another replica), else whatever comes."""
        visit, now = call.visit, self.clock.now
        query, stage, attempt = visit.query, visit.stage, call.tried
        here = self.shards[stage][call.shard]
        chosen = self.choose(visit, call, avoid)
        if avoid is not None and chosen == NO_REPLICA:
            return
        request = Request(query, stage, call.shard, attempt, call.candidates, now, call)
        call.tried += 1
        call.alive.append(request)
        self.result.attempts[query, stage] += 1
        self.on_the_way += 1
        if avoid is not None:
            self.world.count("hedges", request)
        if chosen == NO_REPLICA:
            request.state, request.failed = RETURNING, True
            self.clock.call(now, request.rank(RESPONSE), self.respond, request)
            return
        here.turn += 1
        here.outstanding[chosen] += 1
        request.replica = here.replicas[chosen]
        law, stream = 4 * stage + REQUEST, self.world.streams[stage, REQUEST]
        request.to_shard = value_at(self.plan.laws, law, stream, query, call.shard, attempt)
        self.clock.call(now + request.to_shard, request.rank(ARRIVAL), request.replica.arrive, request)
        timeout = self.plan.stages.timeout[stage]
        if math.isfinite(timeout):
            self.clock.call(now + timeout, request.rank(TIMEOUT), self.give_up, request)

    def choose(self, visit: Visit, call: Call, avoid: Request | None) -> int:
        """Return the replica that the next attempt goes to."""
        here, stage = self.shards[visit.stage][call.shard], visit.stage
        luck, more_luck = (
            uniform_at(self.world.streams[stage, purpose], visit.query, call.shard, call.tried)
            for purpose in (REPLICA, REPLICA_2)
        )
        barred = here.barred.copy()
        if avoid is not None and avoid.replica is not None:
            barred[avoid.replica.number] += 1
        return choose_replica(self.plan.stages.balancing[stage], here.turn, here.outstanding, barred, luck, more_luck)

    def hedge(self, visit: Visit) -> None:
        """Send a second attempt at every call that is still waiting for its first."""
        for call in visit.calls:
            if not call.resolved and call.alive:
                self.send(call, avoid=call.alive[-1])

    def respond(self, request: Request) -> None:
        """Take an answer, or the news of a failure, at the broker."""
        if request.replica is not None:
            self.shards[request.stage][request.shard].outstanding[request.replica.number] -= 1
        self.on_the_way -= 1
        request.state, call = GONE, request.call
        if call is None:
            if not request.failed:
                self.world.waste(request, request.share)
        else:
            call.alive.remove(request)
            if request.failed:
                self.try_again(call)
            else:
                self.answer(call, request)
        self.rest()

    def answer(self, call: Call, request: Request) -> None:
        """Note an answer in time, and deal with the attempt that has lost."""
        visit = call.visit
        row = (visit.query, visit.stage)
        self.on_answer(request)
        visit.answered += 1
        if self.clock.now > visit.latest or call.shard < self.result.slowest[row]:
            visit.latest = self.clock.now
            self.result.slowest[row] = call.shard
            before = request.sent - visit.start + request.to_shard
            queued = request.begun - request.arrived
            self.result.parts[row][:4] = (before, queued, request.service, request.to_broker)
        self.resolve(call)
        for twin in list(call.alive):
            if not loses_on_response(self.plan.stages.cancel[visit.stage]):
                self.forget(twin)
            elif twin.state == SERVING:
                self.world.count("stopped", twin)
                self.leave(twin)
                assert twin.replica is not None  # noqa: S101  it is in service there
                twin.replica.stop(twin)
            else:
                self.withdraw(twin)

    def try_again(self, call: Call) -> None:
        """Retry a call of which no attempt is left, or let it fail for good."""
        visit, stages, s = call.visit, self.plan.stages, call.visit.stage
        if call.alive:
            return
        if call.tried >= stages.attempts[s] or not withdraws(self.tokens[s]):
            self.resolve(call)
            return
        self.tokens[s] -= 1.0
        luck = uniform_at(self.world.streams[s, BACKOFF], visit.query, call.shard, call.tried)
        wait = backoff_s(stages.backoff[s], stages.jitter[s], call.retries, luck)
        call.retries += 1
        rank = rank_of(RETRY, visit.query, s, call.shard, call.tried)
        self.clock.call(self.clock.now + wait, rank, self.retry, call)

    def retry(self, call: Call) -> None:
        """Send a call's next attempt after its backoff."""
        if call.visit.open:
            self.send(call)
            self.world.count("retries", call.alive[-1])

    def give_up(self, request: Request) -> None:
        """Wait no longer for an attempt; whoever has it is not told."""
        call = request.call
        if call is not None and request.state != GONE:
            self.forget(request)
            self.world.count("timed_out", request)
            self.try_again(call)

    def reach_deadline(self, visit: Visit) -> None:
        """End a stage with what it has."""
        if not visit.open:
            return
        for call in visit.calls:
            for request in list(call.alive):
                if request.state in (SERVING, RETURNING):
                    self.forget(request)
                else:
                    self.withdraw(request)
        visit.open = False
        visit.done.succeed(True)
        self.rest()

    def resolve(self, call: Call) -> None:
        """Wait no longer for a call; the last one ends the stage."""
        visit = call.visit
        call.resolved = True
        visit.unresolved -= 1
        if visit.unresolved == 0:
            visit.open = False
            visit.done.succeed(False)

    def forget(self, request: Request) -> None:
        """Wait no longer for a request, which goes its way."""
        assert request.call is not None  # noqa: S101  nothing is forgotten twice
        request.call.alive.remove(request)
        request.call = None

    def leave(self, request: Request) -> None:
        """Forget a request that will not come back."""
        self.forget(request)
        self.on_the_way -= 1
        if request.replica is not None:
            self.shards[request.stage][request.shard].outstanding[request.replica.number] -= 1

    def withdraw(self, request: Request) -> None:
        """Take back a request that no worker has begun; one that is on its way back is only forgotten."""
        if request.state == RETURNING:
            self.forget(request)
            return
        self.world.count("withdrawn", request)
        self.leave(request)
        assert request.replica is not None  # noqa: S101  without one it would be on its way back
        request.replica.withdraw(request)

    def withdraw_twins(self, request: Request) -> None:
        """Withdraw what is superfluous now that an attempt begins service."""
        for twin in list(request.call.alive) if request.call else []:
            begun = twin.state in (SERVING, RETURNING)
            if twin is not request and loses_on_start(self.plan.stages.cancel[request.stage], begun):
                self.withdraw(twin)

    # ---- the merge

    def merge(self, visit: Visit) -> Process:
        """Merge the shards' answers: a plain delay, or the broker's queue and one of its workers."""
        plan, clock, result = self.plan, self.clock, self.result
        query, stage, joined = visit.query, visit.stage, clock.now
        broker = int(plan.stages.shards[stage])
        yield clock.at(joined, rank_of(ARRIVAL, query, stage, broker))
        noise = value_at(plan.laws, plan.merge_noise, self.world.streams[stage, MERGE], query, 0)
        duration = curve_value(plan.curves, plan.merge_curve, visit.answered) * noise
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
        result.parts[query, stage, 3] += joined - visit.latest
        result.parts[query, stage, 4] = end - joined

    def _count_merge(self, query: int, stage: int, duration: float) -> None:
        """Add a merge's work to the broker's, if the query is measured."""
        if query >= self.plan.warmup:
            self.result.merge_busy[stage] += duration


def simulate(plan: Plan, replication: int) -> Result:
    """Return one replication of `plan`, computed by SimPy; the same arrays as the compiled engine's."""
    return Simulation(plan, replication).run()
