"""Load on a served funnel: open-loop queries at their intended moments, and the calls that laws are learnt from.

Latency counts from the moment a query was to be sent, whether or not the funnel was behind: no coordinated omission.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.serving.fleet import Fleet
from simulator.serving.laws import STALL_S, Observed

__all__ = ["Loaded", "Unit", "crowded", "observe", "offer", "overload", "throughput"]

HEAD_START_S = 2e-3
MOST_IN_FLIGHT = 3
"""Queries that follow one another: while one is served another waits, and a third is on the wire."""
USERS = 1 << 30
FILLING = 0.25
"""Share of an overload that passes until every worker has a queue."""
HIGHEST = 0.95
PACE = 0.95
"""Seconds between two queries of a row, over those that one takes."""
Unit = tuple[int, int]
"""A stage and a shard."""
PATIENCE_S = 0.05
LEAST = 40


@dataclass(frozen=True, eq=False)
class Loaded:
    """What came of open-loop queries, shape (Q,) each, in the order of arrival.

    Attributes
    ----------
    latency
        Seconds from the intended moment to the answer; NaN of a query that failed.
    lag
        Seconds from the intended moment to that at which it was really sent.
    """

    latency: FloatArray
    lag: FloatArray


def offer(fleet: Fleet, arrivals: FloatArray, candidates: IntArray, rng: np.random.Generator) -> Loaded:
    """Send a query at each of `arrivals`, seconds from now on that do not fall, and return what came of them.

    Parameters
    ----------
    candidates
        Of each query, shape (Q,).
    """
    broker, count = fleet.broker, len(arrivals)
    users, sizes = rng.integers(USERS, size=count).tolist(), candidates.tolist()
    at = (arrivals + (time.perf_counter() + HEAD_START_S)).tolist()
    latency, lag, place = np.full(count, np.nan), np.empty(count), dict[int, int]()
    sent = done = 0
    while done < count:
        answers = broker.turn(at[sent] if sent < count else time.perf_counter() + PATIENCE_S)
        now = time.perf_counter()
        while sent < count and at[sent] <= now:
            lag[sent] = now - at[sent]
            place[broker.submit(users[sent], sizes[sent], at[sent])] = sent
            sent += 1
            now = time.perf_counter()
        for answer in answers:
            if answer.ticket in place:
                latency[place[answer.ticket]] = answer.ended - answer.at if answer.ids is not None else np.nan
                done += 1
        fleet.look_after()
    return Loaded(latency, lag)


def observe(fleet: Fleet, rate: float, utilization: float, seconds: float, rng: np.random.Generator) -> Observed:
    """Return what calls take that come as they do under a load, without its queues.

    Under Poisson arrivals a queue is found empty after exponential gaps, and serves 1 / (1 - utilization) queries on
    average until it is empty again. So queries come in rows of geometric length after gaps of the same law: two at
    once, so that not only slow calls have another behind them, and then each at its own moment, a little faster than
    they are served. The processes are as warm or cold, and the cores as awake and as busy with the broker, as they
    will be.

    Parameters
    ----------
    rate, utilization
        Of the load; at most 0.95.
    seconds
        How long at least; and 40 queries at least.
    """
    broker = fleet.broker
    utilization = min(utilization, HIGHEST)
    pace = PACE * utilization / rate
    stalls, stalled_to = list[float](), 0.0
    began, count = time.perf_counter(), 0
    end = began + seconds
    used = time.process_time() - broker.spun_s
    with broker.recording() as (calls, merges):
        while time.perf_counter() < end or count < LEAST:
            row = int(rng.geometric(1 - utilization))
            sizes = fleet.funnel.draw(rng, row).tolist()
            at, done = time.perf_counter() + rng.exponential(1 / rate), 0
            for number, size in enumerate(sizes):
                while time.perf_counter() < at:
                    done += len(broker.turn(at))
                now = time.perf_counter()
                if now - at > STALL_S and at > stalled_to:
                    stalls.append(now - at)
                    stalled_to = now
                # The second is no later than it was to be: it is sent with the first.
                broker.submit(int(rng.integers(USERS)), size, now if number == 1 else at)
                at += pace if number else 0.0
            while done < row:
                done += len(broker.turn(time.perf_counter() + PATIENCE_S))
                fleet.look_after()
            count += row
    used = time.process_time() - broker.spun_s - used
    passed = time.perf_counter() - began
    return Observed(tuple(calls), tuple(merges), used / max(1, len(calls)), passed, tuple(stalls))


def crowded(fleet: Fleet, units: Sequence[Unit], seconds: float, rng: np.random.Generator) -> dict[Unit, float]:
    """Return the mean seconds of a call of each of `units`, stages and shards, while all of them are kept busy."""
    broker = fleet.broker
    sizes = [fleet.funnel.entering(s, round(fleet.funnel.candidates.mean_value())) for s, _ in units]
    asked = [size if s == 0 else np.arange(size) for (s, _), size in zip(units, sizes, strict=True)]
    of = dict[int, int]()

    def send(unit: int) -> None:
        stage, shard = units[unit]
        ticket = broker.submit(int(rng.integers(USERS)), asked[unit], time.perf_counter(), (stage, stage), shard)
        of[ticket] = unit

    with broker.recording() as (calls, _):
        for unit in range(len(units)):
            for _ in range(MOST_IN_FLIGHT):
                send(unit)
        end = time.perf_counter() + seconds
        while of:
            for answer in broker.turn(time.perf_counter() + PATIENCE_S):
                unit = of.pop(answer.ticket)
                if time.perf_counter() < end:
                    send(unit)
            fleet.look_after()
    busy = [call for call in calls if not call.waited]
    return {
        unit: float(np.mean([call.ended - call.before for call in busy if call.worker[:2] == unit] or [np.nan]))
        for unit in units
    }


def throughput(fleet: Fleet, seconds: float, rng: np.random.Generator) -> float:
    """Return the queries a second that come out where more always wait."""
    broker, most = fleet.broker, 16 * max(1, fleet.funnel.processes)
    size = max(1, round(fleet.funnel.candidates.mean_value()))
    sent = done = 0
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < seconds or done < most:
        while sent - done < most:
            broker.submit(int(rng.integers(USERS)), size, now)
            sent += 1
        done += len(broker.turn(now + PATIENCE_S))
        fleet.look_after()
    found = done / (time.perf_counter() - began)
    while done < sent:
        done += len(broker.turn(time.perf_counter() + PATIENCE_S))
        fleet.look_after()
    return found


def overload(fleet: Fleet, rate: float, seconds: float, rng: np.random.Generator) -> float:
    """Return the queries a second that come out where `rate` go in, more than can be done."""
    broker, size = fleet.broker, max(1, round(fleet.funnel.candidates.mean_value()))
    began = time.perf_counter()
    at, end = began, began + seconds
    counted_from, counted, waiting = began + FILLING * seconds, 0, 0
    while at < end or counted < LEAST:
        now = 0.0
        while now < at:  # and once where it is late: answers are there then, too
            answers = len(broker.turn(at))
            now = time.perf_counter()
            waiting -= answers
            counted += answers if now >= counted_from else 0
        broker.submit(int(rng.integers(USERS)), size, at)
        waiting += 1
        at += rng.exponential(1 / rate)
        fleet.look_after()
    found = counted / (time.perf_counter() - counted_from)
    while waiting:
        waiting -= len(broker.turn(time.perf_counter() + PATIENCE_S))
        fleet.look_after()
    return found
