"""Load on a served funnel: open-loop queries at their intended moments, and the calls that laws are learnt from.

Latency counts from the moment a query was to be sent, whether or not the funnel was behind: no coordinated omission.
"""

import time
from dataclasses import dataclass

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.serving.fleet import Fleet
from simulator.serving.laws import Observed

__all__ = ["Loaded", "observe", "offer", "throughput"]

HEAD_START_S = 2e-3
MOST_IN_FLIGHT = 3
"""Queries that follow one another: while one is served another waits, and a third is on the wire."""
USERS = 1 << 30
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


def observe(  # noqa: PLR0913
    fleet: Fleet, rate: float, utilization: float, seconds: float, rng: np.random.Generator, stage: int | None = None
) -> Observed:
    """Return what calls take that come as they do under a load, without its queues.

    Under Poisson arrivals a queue is found empty after exponential gaps, and serves 1 / (1 - utilization) queries on
    average until it is empty again. So queries come in rows of geometric length, one behind the other, after gaps of
    the same law: the processes are as warm or cold, and the core as awake or asleep, as they will be.

    Parameters
    ----------
    rate, utilization
        Of the load.
    seconds
        How long at least; and 40 queries at least.
    stage
        Called alone; all in order unless given.
    """
    broker = fleet.broker
    broker.calls, broker.merges, broker.records = [], [], True
    candidates = fleet.funnel.candidates
    end, count = time.perf_counter() + seconds, 0
    used = time.process_time() - broker.spun_s
    while time.perf_counter() < end or count < LEAST:
        row = int(rng.geometric(1 - min(utilization, 0.9)))
        luck = rng.random(row)
        sizes = np.maximum(1, np.round(candidates.quantile(luck, 1 - luck))).astype(int).tolist()
        at = time.perf_counter() + rng.exponential(1 / rate)
        while time.perf_counter() < at:
            broker.turn(at)
        sent = done = 0
        while done < row:
            while sent < row and sent - done < MOST_IN_FLIGHT:
                asked = sizes[sent] if not stage else np.arange(fleet.funnel.entering(stage, sizes[sent]))
                span = None if stage is None else (stage, stage)
                broker.submit(int(rng.integers(USERS)), asked, time.perf_counter() if sent else at, span)
                sent += 1
            done += len(broker.turn(time.perf_counter() + PATIENCE_S))
            fleet.look_after()
        count += row
    used = time.process_time() - broker.spun_s - used
    calls, merges = tuple(broker.calls), tuple(broker.merges)
    broker.calls, broker.merges, broker.records = [], [], False
    return Observed(calls, merges, used / max(1, len(calls)))


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
