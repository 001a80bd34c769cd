"""The event path: one loop over an event heap, for scenarios in which something feeds back.

The loop is one function on purpose: it is the machine that reference.py, servers.py and upheavals.py describe,
unrolled over the flat arrays of state.py. An event only notes what it sets off - requests to send, a service to begin,
answers to send back, requests to withdraw, a stage or a query that ends - and the sections after it do that, each in
one place.
The loop returns when it needs more room, and goes on where it was. Letters: S stages, N shards, R replicas, C workers.
"""

from typing import NamedTuple

import numpy as np

from simulator.draws import uniform_at
from simulator.engine.curve import curve_value
from simulator.engine.event_steps import (
    choose_worker,
    cut,
    forget,
    link_serving,
    note_answer,
    pay,
    set_active,
    skip,
    unlink_serving,
    unlink_waiting,
    work,
)
from simulator.engine.heap import append, pop, push, take
from simulator.engine.law import value_at
from simulator.engine.order import (
    ARRIVAL,
    COMPLETION,
    DEADLINE,
    ENTRY,
    FAULT,
    HEDGE,
    NEW,
    RESPONSE,
    RETRY,
    SCALE,
    TIMEOUT,
    WAIT,
    address_of,
    rank_of,
    unpack,
)
from simulator.engine.plan import (
    BACKOFF,
    DOWN,
    IDLE_NOISE,
    MERGE,
    NOISE,
    PAUSE,
    REPLICA,
    REPLICA_2,
    REQUEST,
    SERVICE,
    Door,
    Tables,
)
from simulator.engine.plan import RESPONSE as RESPONSE_LAW
from simulator.engine.result import COUNTS, FAILED, REFUSED
from simulator.engine.state import LANES, NONE, Columns, State
from simulator.kernels import kernel
from simulator.policies.autoscaling import wanted_replicas
from simulator.policies.balancing import NO_REPLICA, POWER_OF_TWO, RANDOM, choose_replica
from simulator.policies.batching import batch_now
from simulator.policies.cache import is_hit
from simulator.policies.deadline import handed_on, has_failed
from simulator.policies.faults import DownTable, PauseClock, back_from_pauses, gap, slowed
from simulator.policies.hedging import ON_START, loses_on_response
from simulator.policies.imbalance import shard_candidates
from simulator.policies.retry import backoff_s, saved, withdraws
from simulator.policies.shedding import has_room

__all__ = ["FULL", "OUT_OF_ROOM", "OVER", "Setting", "run_loop"]

OVER, FULL, OUT_OF_ROOM = range(3)
"""Why the loop returned: all is done, the columns have no row for the next query, a record or the heap is used up."""

TRAVELLING, WAITING, SERVING, RETURNING = range(4)
HEDGES, RETRIES, WITHDRAWN, STOPPED, REFUSALS, LOST, TIMED_OUT = range(len(COUNTS))
NOW = 0  # the lane of what happens at once, after other events of the instant
TO_REPLICA, TO_BROKER, UNTIL_DEADLINE, UNTIL_HEDGE, UNTIL_TIMEOUT, UNTIL_BATCH = range(len(LANES))
FIRST, SECOND, AGAIN = range(3)  # which attempts are sent: first ones, hedges, a retry


class Setting(NamedTuple):
    """What stays the same while the loop runs.

    The numbers of the merge's curve and its noise law and of the law of thinking, the broker's workers (0: a merge is a
    plain delay), the queries of the warm-up and of the whole run, the streams of the cache and of thinking.
    """

    merge_curve: int
    merge_noise: int
    think_law: int
    merge_workers: int
    warmup: int
    total: int
    cache_stream: np.uint64
    think_stream: np.uint64


@kernel()
def run_loop(  # noqa: C901  the declared exception to the ceilings: one machine, in sections
    tables: Tables, setting: Setting, door: Door, down: DownTable, state: State, columns: Columns
) -> int:
    """Run events until all is done, or until more room is needed; return which.

    Of `columns`, `arrival` (unless arrivals are closed) and `candidates` of the first stage are read for the rows that
    `numbers` says are there, from query `base` on; the others are written.
    """
    stages, laws, curves, streams, sizes = tables.stages, tables.laws, tables.curves, tables.streams, tables.sizes
    heap, requests, visits, calls, replicas = state.heap, state.requests, state.visits, state.calls, state.replicas
    S, warmup, total, merge_workers = columns.start.shape[0], setting.warmup, setting.total, setting.merge_workers
    needs_end = door.admission < total or door.users > 0
    (
        size, queued, free_request, free_requests, free_visit, free_visits, calls_top, base, rows, arrived, ended,
        on_the_way, in_flight, idle_mergers, merge_head, merge_tail, paying, events, traced,
    ) = state.numbers  # fmt: skip
    lanes, ends, first_of, lane_of = state.lanes, state.lane_ends, state.lane_first, state.lane_of
    mask = lanes.shape[1] - 1
    widest = 0
    for s in range(S):
        widest = max(widest, stages.shards[s])
    open_arrivals = door.users == 0
    status = OVER

    while ended < total or on_the_way > 0:
        # ---- room for whatever the next event sets off
        room = heap.size - queued - (requests.size - free_requests) - 3 * widest - 64
        if free_requests < widest or free_visits < 1 or calls_top + widest > calls.size or room < 0:
            status = OUT_OF_ROOM
            break

        # ---- the next event: the first of the heap, of a lane, or a new query
        source, now, rank = NONE, np.inf, 0
        if size > 0:
            now, rank = heap[0].time, heap[0].rank
        for lane in range(first_of.size):
            time = first_of[lane]
            if time < now:
                source, now, rank = lane, time, lanes[lane, ends[lane, 0] & mask].rank
            elif time == now and time < np.inf and lanes[lane, ends[lane, 0] & mask].rank < rank:
                source, rank = lane, lanes[lane, ends[lane, 0] & mask].rank
        if open_arrivals and arrived < total and (arrived - base >= rows or columns.arrival[arrived - base] < now):
            if arrived - base >= rows:
                status = FULL
                break
            now, rank, slot = columns.arrival[arrived - base], rank_of(NEW, 0, 0, ENTRY), 0
        else:
            if not open_arrivals and arrived < total and arrived - base >= rows and rank >= rank_of(NEW, 0, 0, ENTRY):
                status = FULL
                break
            queued -= 1
            if source == NONE:
                slot = heap[0].slot
                size = pop(heap, size)
            else:
                slot = lanes[source, ends[source, 0] & mask].slot
                take(lanes, ends, first_of, source)
        events += 1
        kind, q, s, j, attempt = unpack(rank)
        N, R = stages.shards[s], stages.replicas[s]
        # what this event sets off
        send, send_from, send_to, sending = NONE, 0, 0, FIRST  # attempts of a visit
        begin, taken, serve, by_idle = NONE, 0, NONE, False  # a batch, or a replica that looks for one
        back, back_failed = NONE, False  # a chain of requests to send back
        withdrawn = NONE  # a chain of requests to withdraw
        failing_visit, failing_call = NONE, NONE  # a call that may have no attempt left
        finish, late = NONE, False  # a visit whose stage ends
        merge, merged, leaves = NONE, NONE, NONE  # a visit that is merged, has been merged, leaves the funnel

        # ---- a request reaches its replica: refused, a free worker, or the end of the queue
        if kind == ARRIVAL and 0 <= j < N:
            request = requests[slot]
            if request.key == address_of(rank):
                replica = replicas[request.replica]
                batch = stages.batch[s]
                request.arrived = now
                if replica.down > 0:
                    columns.counts[s, LOST] += 1 if q >= warmup else 0
                    request.mate = NONE
                    back, back_failed = slot, True
                elif batch == 1 and replica.idle > 0:
                    begin, taken, by_idle = slot, 1, True
                else:
                    waits = True
                    if replica.idle > 0:
                        head = slot if replica.head == NONE else replica.head
                        due = requests[head].arrived + stages.batch_wait[s]
                        waits = batch_now(replica.waiting + 1, batch, due, now) == 0
                    if waits and not has_room(replica.waiting, stages.queue_limit[s]):
                        columns.counts[s, REFUSALS] += 1 if q >= warmup else 0
                        request.mate = NONE
                        back, back_failed = slot, True
                    else:
                        request.state = WAITING
                        request.next, request.before = NONE, replica.tail
                        if replica.tail == NONE:
                            replica.head = slot
                        else:
                            requests[replica.tail].next = slot
                        replica.tail = slot
                        replica.waiting += 1
                        if not waits:
                            serve, by_idle = request.replica, True
                        elif batch > 1:
                            event = (now + stages.batch_wait[s], rank_of(WAIT, q, s, j, attempt), slot)
                            append(lanes, ends, first_of, lane_of[s, UNTIL_BATCH], event)
                            queued += 1

        # ---- a worker completes a batch: answer, then look for the next
        elif kind == COMPLETION and j < N:
            request = requests[slot]
            if request.key == address_of(rank) and request.state == SERVING:
                serve, back = request.replica, slot
                replicas[serve].idle += 1
                if request.worker != NONE:
                    state.workers[request.worker].busy = 0
                if state.stages[s].goes_down:
                    unlink_serving(requests, replicas, slot)
                if state.stages[s].scales:
                    work(state.stages[s], now, -1)
                columns.served[s] += request.service * request.measured

        # ---- an answer, or the news of a failure, reaches the broker
        elif kind == RESPONSE:
            request = requests[slot]
            if request.replica != NONE:
                state.outstanding[request.replica] -= 1
            on_the_way -= 1
            v, c = request.visit, request.call
            if v == NONE:
                if request.failed == 0 and q >= warmup:
                    columns.wasted[s] += request.share
            else:
                forget(requests, calls, slot)
                visit = visits[v]
                if request.failed != 0:
                    failing_visit, failing_call = v, c
                else:
                    row = q - base
                    visit.answered += 1
                    if now > visit.latest or j < columns.slowest[s, row]:
                        visit.latest = now
                        columns.slowest[s, row] = j
                        parts = columns.parts[s, row]
                        parts[0] = request.sent - visit.start + request.to_shard
                        parts[1] = request.begun - request.arrived
                        parts[2], parts[3] = request.service, request.to_broker
                    if state.watched.size > 0 and state.watched[q]:
                        note_answer(state, traced, slot, R)
                        traced += 1
                    visit.unresolved -= 1
                    if visit.unresolved == 0:
                        finish = v
                    if c != NONE:
                        calls[c].resolved = 1
                        twin = calls[c].one
                        if twin != NONE:
                            loser = requests[twin]
                            forget(requests, calls, twin)
                            if loses_on_response(stages.cancel[s]) and loser.state != RETURNING:
                                if loser.state == SERVING:
                                    lasted = cut(state, columns, (s, twin), now)
                                    if q >= warmup:
                                        columns.wasted[s] += lasted
                                        columns.counts[s, STOPPED] += 1
                                    serve = loser.replica
                                    replicas[serve].idle += 1
                                    if loser.worker != NONE:
                                        state.workers[loser.worker].busy = 0
                                    if state.stages[s].goes_down:
                                        unlink_serving(requests, replicas, twin)
                                    state.outstanding[serve] -= 1
                                    on_the_way -= 1
                                    loser.key = NONE
                                    loser.next = free_request
                                    free_request, free_requests = twin, free_requests + 1
                                else:
                                    loser.mate = NONE
                                    withdrawn = twin
            request.key = NONE
            request.next = free_request
            free_request, free_requests = slot, free_requests + 1

        # ---- a query enters a stage
        elif kind == ARRIVAL and j == ENTRY:
            send = slot

        # ---- a query's answers reach the merge: a plain delay, a free worker, or the end of the queue
        elif kind == ARRIVAL:
            noise = value_at(laws, setting.merge_noise, streams[s, MERGE], q, 0)
            visits[slot].merge = curve_value(curves, setting.merge_curve, visits[slot].answered) * noise
            if merge_workers == 0:
                merge = slot
            elif idle_mergers > 0:
                idle_mergers -= 1
                merge = slot
            else:
                visits[slot].next = NONE
                if merge_head == NONE:
                    merge_head = slot
                else:
                    visits[merge_tail].next = slot
                merge_tail = slot

        # ---- a merge is over: take the next of the queue
        elif kind == COMPLETION:
            merged = slot
            if merge_workers > 0:
                merge = merge_head
                if merge == NONE:
                    idle_mergers += 1
                else:
                    merge_head = visits[merge].next

        # ---- the next query arrives: the cache answers it, the door refuses it, or it enters the funnel
        elif kind == NEW:
            if arrived < total:
                user, q, row = slot, arrived, arrived - base
                arrived += 1
                columns.arrival[row] = now
                if q == warmup - 1:
                    paying = 1
                    for s2 in range(S):
                        state.stages[s2].since = now
                if q == total - 1:
                    for s2 in range(S):
                        pay(state, columns, s2, stages.shards[s2], now)
                    paying = 0
                hit = door.hit_rate > 0 and is_hit(door.hit_rate, uniform_at(setting.cache_stream, q, 0))
                if hit or not has_room(in_flight, door.admission):
                    end = now + door.hit_latency if hit else now
                    if hit:
                        columns.door[row] = door.hit_latency
                    else:
                        columns.outcome[row] = REFUSED
                    skip(columns, row, 0, end, 1.0 if hit else 0.0)
                    columns.end[row] = end
                    columns.over[row] = 1
                    ended += 1
                    if not open_arrivals:
                        thought = value_at(laws, setting.think_law, setting.think_stream, q, 1)
                        size = push(heap, size, end + thought, rank_of(NEW, user, 0, ENTRY), user)
                        queued += 1
                else:
                    in_flight += 1
                    send, free_visit, free_visits = free_visit, visits[free_visit].next, free_visits - 1
                    visits[send].query, visits[send].user, s = q, user, 0
                    N, R = stages.shards[0], stages.replicas[0]

        # ---- the deadline: withdraw what no worker has begun, forget the rest
        elif kind == DEADLINE:
            visit = visits[slot]
            if visit.query == q and visit.stage == s and visit.open != 0:
                for c in range(visit.calls, visit.calls + visit.called):
                    while calls[c].one != NONE:
                        there = calls[c].one
                        forget(requests, calls, there)
                        if requests[there].state == TRAVELLING or requests[there].state == WAITING:
                            requests[there].mate = withdrawn
                            withdrawn = there
                finish, late = slot, True

        # ---- hedges, and a retry after its backoff
        elif kind == HEDGE:
            visit = visits[slot]
            if visit.query == q and visit.stage == s and visit.open != 0:
                send, send_to, sending = slot, visit.called, SECOND
        elif kind == RETRY:
            v = calls[slot].visit
            if visits[v].query == q and visits[v].stage == s and visits[v].open != 0 and calls[slot].shard == j:
                send, sending = v, AGAIN
                send_from = slot - visits[v].calls
                send_to = send_from + 1

        # ---- an attempt is given up
        elif kind == TIMEOUT:
            request = requests[slot]
            if request.key == address_of(rank) and request.visit != NONE:
                failing_visit, failing_call = request.visit, request.call
                forget(requests, calls, slot)
                columns.counts[s, TIMED_OUT] += 1 if q >= warmup else 0

        # ---- the first of a batch has waited long enough
        elif kind == WAIT:
            if requests[slot].key == address_of(rank) and requests[slot].state == WAITING:
                serve, by_idle = requests[slot].replica, True

        # ---- a replica goes down, losing all it holds, or comes up
        elif kind == FAULT:
            count, s = state.units[slot], down.stage[slot]
            C = stages.workers[s]
            place = down.shard[slot] * stages.replicas[s] + down.replica[slot]
            which = state.first_replica[s] + place
            replica, again = replicas[which], down.mttf[slot] > 0
            mean, length = down.mttf[slot], 0.0
            state.units[slot] = count + 1
            if count % 2 == 0:
                state.barred[which] += 1
                replica.down += 1
                there = replica.head
                while there != NONE:
                    requests[there].mate = back
                    back, there = there, requests[there].next
                there = replica.first
                while there != NONE:
                    lasted = cut(state, columns, (s, there), now)
                    if requests[there].worker != NONE:
                        state.workers[requests[there].worker].busy = 0
                    batch, member, behind = 0, there, requests[there].next
                    while member != NONE:
                        batch, member = batch + 1, requests[member].mate
                    member = there
                    while member != NONE:
                        _, query, _, _, _ = unpack(requests[member].key)
                        if query >= warmup:
                            columns.wasted[s] += lasted / batch
                        following = requests[member].mate
                        requests[member].mate = back
                        back, member = member, following
                    there = behind
                replica.head = replica.tail = replica.first = replica.last = NONE
                replica.waiting, replica.idle = 0, C
                back_failed = True
                there = back
                while there != NONE:
                    _, query, _, _, _ = unpack(requests[there].key)
                    columns.counts[s, LOST] += 1 if query >= warmup else 0
                    there = requests[there].mate
                mean, length = down.mttr[slot], down.length[slot]
            else:
                state.barred[which] -= 1
                replica.down -= 1
            if again:
                length = gap(mean, streams[s, DOWN], count + 1, place, down.number[slot])
            if again or count == 0:
                size = push(heap, size, now + length, rank_of(FAULT, slot, s, ENTRY), slot)
                queued += 1

        # ---- the number of replicas is looked at, or those ordered a while ago serve
        elif kind == SCALE:
            stage = state.stages[s]
            if q == 0:
                work(stage, now, 0)
                every = stages.scale_every[s]
                offered = every * (stages.workers[s] * N) * stages.scale_target[s]
                wanted = wanted_replicas(stage.worked, offered, (stages.fewest[s], R))
                stage.worked = 0.0
                if wanted != stage.ordered:
                    if paying != 0:
                        pay(state, columns, s, N, now)
                    if wanted > stage.ordered:
                        ready = now + stages.scale_delay[s]
                        size = push(heap, size, ready, rank_of(SCALE, 1, s, ENTRY), wanted)
                        queued += 1
                    stage.ordered = wanted
                    set_active(state, tables, s, min(stage.active, wanted))
                size = push(heap, size, now + every, rank_of(SCALE, 0, s, ENTRY), 0)
                queued += 1
            else:
                set_active(state, tables, s, max(stage.active, min(stage.ordered, slot)))

        # ==== a visit begins: its records and its timers
        if send != NONE and sending == FIRST:
            visit = visits[send]
            q, row = visit.query, visit.query - base
            columns.start[s, row] = now
            columns.slowest[s, row] = NONE
            visit.stage, visit.open, visit.called, visit.answered = s, 1, 0, 0
            visit.start, visit.latest = now, -1.0
            even = tables.size_first[s] == tables.size_first[s + 1]
            send_to = min(N, columns.candidates[s, row]) if even else N
            if state.stages[s].tracked:
                if state.stages[s].free_calls != NONE:
                    visit.calls = state.stages[s].free_calls
                    state.stages[s].free_calls = calls[visit.calls].next
                else:
                    visit.calls = calls_top
                    calls_top += N
                if stages.deadline[s] < np.inf:
                    event = (now + stages.deadline[s], rank_of(DEADLINE, q, s, ENTRY), send)
                    append(lanes, ends, first_of, lane_of[s, UNTIL_DEADLINE], event)
                    queued += 1
                if stages.hedge_after[s] < np.inf:
                    event = (now + stages.hedge_after[s], rank_of(HEDGE, q, s, ENTRY), send)
                    append(lanes, ends, first_of, lane_of[s, UNTIL_HEDGE], event)
                    queued += 1

        # ==== requests are sent
        if send != NONE:
            visit = visits[send]
            entered = columns.candidates[s, q - base]
            cumulative = sizes[tables.size_first[s] : tables.size_first[s + 1]]
            for k in range(send_from, send_to):
                shard, c, avoid = k, NONE, NONE
                if sending == FIRST:
                    amount = shard_candidates(entered, N, shard, cumulative)
                    if amount == 0:
                        continue
                    attempt = 0
                    if state.stages[s].tracked:
                        c = visit.calls + visit.called
                        call = calls[c]
                        call.visit, call.shard, call.one, call.two = send, shard, NONE, NONE
                        call.tried, call.retries, call.resolved, call.candidates = 0, 0, 0, amount
                        state.stages[s].tokens = saved(state.stages[s].tokens, stages.budget[s])
                    visit.called += 1
                else:
                    c = visit.calls + k
                    call = calls[c]
                    if sending == SECOND:
                        if call.resolved != 0 or call.one == NONE:
                            continue
                        avoid = requests[call.one if call.two == NONE else call.two].replica
                    shard, amount, attempt = call.shard, call.candidates, call.tried
                first = state.first_replica[s] + shard * R
                luck = more_luck = 0.0
                if stages.balancing[s] in (RANDOM, POWER_OF_TWO):
                    luck = uniform_at(streams[s, REPLICA], q, shard, attempt)
                    more_luck = uniform_at(streams[s, REPLICA_2], q, shard, attempt)
                if avoid != NONE:
                    state.barred[avoid] += 1
                turn = state.first_shard[s] + shard
                chosen = choose_replica(
                    stages.balancing[s],
                    state.turn[turn],
                    state.outstanding[first : first + R],
                    state.barred[first : first + R],
                    luck,
                    more_luck,
                )
                if avoid != NONE:
                    state.barred[avoid] -= 1
                if chosen == NO_REPLICA and sending == SECOND:
                    continue
                slot, free_request, free_requests = free_request, requests[free_request].next, free_requests - 1
                request = requests[slot]
                request.key = address_of(rank_of(ARRIVAL, q, s, shard, attempt))
                request.visit, request.call, request.worker = send, c, NONE
                request.candidates, request.sent = amount, now
                if c != NONE:
                    call = calls[c]
                    if call.one == NONE:
                        call.one = slot
                    else:
                        call.two = slot
                    call.tried += 1
                columns.attempts[s, q - base] += 1
                on_the_way += 1
                if q >= warmup and sending != FIRST:
                    columns.counts[s, HEDGES if sending == SECOND else RETRIES] += 1
                if chosen == NO_REPLICA:
                    request.replica, request.state, request.failed = NONE, RETURNING, 1
                    append(lanes, ends, first_of, NOW, (now, rank_of(RESPONSE, q, s, shard, attempt), slot))
                    queued += 1
                    continue
                state.turn[turn] += 1
                state.outstanding[first + chosen] += 1
                delay = value_at(laws, 4 * s + REQUEST, streams[s, REQUEST], q, shard, attempt)
                request.replica, request.state, request.failed = first + chosen, TRAVELLING, 0
                request.to_shard = delay
                event = (now + delay, rank_of(ARRIVAL, q, s, shard, attempt), slot)
                queued += 1
                if lane_of[s, TO_REPLICA] != NONE:
                    append(lanes, ends, first_of, lane_of[s, TO_REPLICA], event)
                else:
                    size = push(heap, size, event[0], event[1], event[2])
                if stages.timeout[s] < np.inf:
                    event = (now + stages.timeout[s], rank_of(TIMEOUT, q, s, shard, attempt), slot)
                    append(lanes, ends, first_of, lane_of[s, UNTIL_TIMEOUT], event)
                    queued += 1
            if sending == FIRST:
                visit.unresolved = visit.called

        # ==== free workers begin what waits
        while begin != NONE or serve != NONE:
            if begin == NONE:
                replica = replicas[serve]
                if replica.idle == 0 or replica.waiting == 0:
                    break
                due = requests[replica.head].arrived + stages.batch_wait[s]
                taken = batch_now(replica.waiting, stages.batch[s], due, now)
                if taken == 0:
                    break
                begin = there = replica.head
                for _ in range(taken - 1):
                    requests[there].mate = requests[there].next
                    there = requests[there].next
                replica.head = requests[there].next
                if replica.head == NONE:
                    replica.tail = NONE
                else:
                    requests[replica.head].before = NONE
                replica.waiting -= taken
                requests[there].mate = NONE
            else:
                requests[begin].mate = NONE
            request = requests[begin]
            which = request.replica
            _, q2, _, j2, attempt2 = unpack(request.key)
            amount, measured, there = 0, 0, begin
            while there != NONE:
                _, query, _, _, _ = unpack(requests[there].key)
                measured += 1 if query >= warmup else 0
                amount, there = amount + requests[there].candidates, requests[there].mate
            by_idle_law = 1 if by_idle and stages.has_idle_law[s] else 0
            law = 4 * s + (IDLE_NOISE if by_idle_law else NOISE)
            noise = value_at(laws, law, streams[s, SERVICE], q2, j2, attempt2)
            service = curve_value(curves, 2 * s + by_idle_law, amount) * noise * slowed(tables.slow, s, j2, now)
            end, alone = now + service, service
            if stages.pause_every[s] < np.inf:
                C = stages.workers[s]
                number = (which - state.first_replica[s]) * C
                place = state.first_worker[s] + number
                clock = PauseClock(stages.pause_every[s], stages.pause_length[s], streams[s, PAUSE], number)
                w = choose_worker(state.workers, place, C, clock, now)
                request.worker = place + w
                worker = state.workers[request.worker]
                worker.busy = 1
                clock = PauseClock(stages.pause_every[s], stages.pause_length[s], streams[s, PAUSE], number + w)
                end = back_from_pauses(clock, (worker.start, worker.count), now, service)
                service = end - now
            replicas[which].idle -= 1
            request.measured = measured / taken
            replicas[which].busy += service * request.measured
            if state.stages[s].scales:
                work(state.stages[s], now, 1)
            there = begin
            while there != NONE:
                member = requests[there]
                member.state, member.begun, member.service, member.share = SERVING, now, service, service / taken
                member.work, member.batch = alone, taken
                if member.call != NONE and stages.cancel[s] == ON_START:
                    call = calls[member.call]
                    twin = call.two if call.one == there else call.one
                    if twin != NONE and requests[twin].state <= WAITING:
                        forget(requests, calls, twin)
                        requests[twin].mate = withdrawn
                        withdrawn = twin
                there = member.mate
            if state.stages[s].goes_down:
                link_serving(requests, replicas, begin)
            size = push(heap, size, end, rank_of(COMPLETION, q2, s, j2, attempt2), begin)
            queued += 1
            begin = NONE
            if stages.batch[s] == 1:
                break

        # ==== answers, and news of failures, are sent back
        while back != NONE:
            request = requests[back]
            _, q2, _, j2, attempt2 = unpack(request.key)
            request.state, request.failed = RETURNING, 1 if back_failed else 0
            request.to_broker = value_at(laws, 4 * s + RESPONSE_LAW, streams[s, RESPONSE_LAW], q2, j2, attempt2)
            event = (now + request.to_broker, rank_of(RESPONSE, q2, s, j2, attempt2), back)
            queued += 1
            if lane_of[s, TO_BROKER] != NONE:
                append(lanes, ends, first_of, lane_of[s, TO_BROKER], event)
            else:
                size = push(heap, size, event[0], event[1], event[2])
            back = request.mate

        # ==== requests are withdrawn
        while withdrawn != NONE:
            request = requests[withdrawn]
            _, q2, _, _, _ = unpack(request.key)
            columns.counts[s, WITHDRAWN] += 1 if q2 >= warmup else 0
            if request.state == WAITING:
                unlink_waiting(requests, replicas, withdrawn)
            state.outstanding[request.replica] -= 1
            on_the_way -= 1
            request.key = NONE
            request.next = free_request
            free_request, free_requests, withdrawn = withdrawn, free_requests + 1, request.mate

        # ==== a call of which no attempt is left is tried again, or has failed for good
        if failing_visit != NONE and (failing_call == NONE or calls[failing_call].one == NONE):
            visit = visits[failing_visit]
            tokens = state.stages[s].tokens
            if failing_call != NONE and calls[failing_call].tried < stages.attempts[s] and withdraws(tokens):
                call = calls[failing_call]
                state.stages[s].tokens = tokens - 1.0
                luck = uniform_at(streams[s, BACKOFF], q, j, call.tried)
                wait = backoff_s(stages.backoff[s], stages.jitter[s], call.retries, luck)
                call.retries += 1
                size = push(heap, size, now + wait, rank_of(RETRY, q, s, j, call.tried), failing_call)
                queued += 1
            else:
                if failing_call != NONE:
                    calls[failing_call].resolved = 1
                visit.unresolved -= 1
                if visit.unresolved == 0:
                    finish = failing_visit

        # ==== a stage ends: the query fails, or its answers go to the merge
        if finish != NONE:
            visit = visits[finish]
            visit.open, visit.joined = 0, now
            if state.stages[s].tracked:
                calls[visit.calls].next = state.stages[s].free_calls
                state.stages[s].free_calls = visit.calls
            row = visit.query - base
            columns.coverage[s, row] = visit.answered / visit.called
            if has_failed(visit.answered, late, stages.all_or_nothing[s]):
                columns.outcome[row] = FAILED
                columns.parts[s, row, :] = 0.0
                columns.stage_end[s, row] = now
                skip(columns, row, s + 1, now, 0.0)
                leaves = finish
            else:
                append(lanes, ends, first_of, NOW, (now, rank_of(ARRIVAL, visit.query, s, N), finish))
                queued += 1

        # ==== a merge begins
        if merge != NONE:
            visit = visits[merge]
            s2, row = visit.stage, visit.query - base
            end = now + visit.merge
            columns.stage_end[s2, row] = end
            columns.parts[s2, row, 3] += visit.joined - visit.latest
            columns.parts[s2, row, 4] = end - visit.joined
            if visit.query >= warmup:
                columns.merge_busy[s2] += visit.merge
            if merge_workers > 0 or (needs_end and s2 + 1 == S):
                size = push(heap, size, end, rank_of(COMPLETION, visit.query, s2, stages.shards[s2]), merge)
                queued += 1
            else:
                merged = merge

        # ==== a merge is over, now or after its plain delay: on to the next stage, or out
        if merged != NONE:
            visit = visits[merged]
            s2, row = visit.stage, visit.query - base
            if s2 + 1 < S:
                left = min(stages.keep[s2], columns.candidates[s2, row])
                columns.candidates[s2 + 1, row] = handed_on(left, visit.answered, visit.called)
                end = columns.stage_end[s2, row]
                size = push(heap, size, end, rank_of(ARRIVAL, visit.query, s2 + 1, ENTRY), merged)
                queued += 1
            else:
                leaves = merged

        # ==== a query leaves the funnel; its user starts to think
        if leaves != NONE:
            visit = visits[leaves]
            row = visit.query - base
            end = columns.stage_end[S - 1, row]
            columns.end[row], columns.over[row] = end, 1
            in_flight -= 1
            ended += 1
            if not open_arrivals:
                thought = value_at(laws, setting.think_law, setting.think_stream, visit.query, 1)
                size = push(heap, size, end + thought, rank_of(NEW, visit.user, 0, ENTRY), visit.user)
                queued += 1
            visit.query = NONE
            visit.next = free_visit
            free_visit, free_visits = leaves, free_visits + 1

    keep = (
        size, queued, free_request, free_requests, free_visit, free_visits, calls_top, base, rows, arrived, ended,
        on_the_way, in_flight, idle_mergers, merge_head, merge_tail, paying, events, traced,
    )  # fmt: skip
    for i in range(len(keep)):
        state.numbers[i] = keep[i]
    return status
