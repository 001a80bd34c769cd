"""What must hold of every result, checked on every run: nothing is lost, nothing happens before its cause."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine.result import COMPLETED, FAILED, PARTS, REFUSED, Result
from simulator.errors import SimulatorError
from simulator.kernels import jit

__all__ = ["Conservation", "ConservationCheck", "check_conservation"]

TOLERANCE_S = 1e-9
SERVED = PARTS.index("service")

LAWS = (
    "arrived = completed + refused + failed + in flight",
    "arrivals never go back in time",
    "no stage starts before the one before it ends",
    "no stage ends before it starts",
    "no part of a latency is negative",
    "no more shards answer than are asked",
    "a query's parts sum to its latency",
)
"""What holds of every query, in the order in which `_look` says so."""


@dataclass(frozen=True)
class Conservation:
    """Queries by what became of them; arrived is the sum of the others."""

    arrived: int
    completed: int
    refused: int
    failed: int
    in_flight: int

    def __add__(self, other: "Conservation") -> "Conservation":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Conservation(*(one + two for one, two in pairs))


class ConservationCheck:
    """Checks the results of one replication, blocks of consecutive queries in order.

    Parameters
    ----------
    stages
        How many there are.
    warmup
        Queries at the start whose services do not count as busy time.
    """

    def __init__(self, stages: int, warmup: int = 0) -> None:
        self.warmup = warmup
        self.total = Conservation(0, 0, 0, 0, 0)
        self.last_arrival = 0.0
        self.seen, self.busy, self.served, self.wasted = (np.zeros(stages) for _ in range(4))
        self.unanswered, self.repeated = (np.zeros(stages, dtype=np.int64) for _ in range(2))
        self.one_shard = np.zeros(stages, dtype=np.bool_)

    def add(self, block: Result) -> None:
        """Check a block and count its queries.

        Raises
        ------
        SimulatorError
            If queries are lost, a stage starts before the one before it ends or ends before it starts, a part is
            negative, or a completed query's parts do not sum to its latency within a nanosecond (relative beyond a
            second).
        """
        Q = block.arrival.size
        first = min(self.warmup, Q)
        self.warmup -= first
        counts, broken = np.zeros(4, dtype=np.int64), np.zeros(len(LAWS), dtype=np.bool_)
        columns = (block.stage_start, block.stage_end, block.coverage, block.parts, block.attempts, block.slowest)
        times = (block.arrival, block.end, block.door, block.outcome)
        _look(times, columns, (first, self.last_arrival), (counts, broken, self.seen, self.unanswered))
        found = Conservation(Q, *counts.tolist())
        broken[0] |= found.arrived != found.completed + found.refused + found.failed + found.in_flight
        _require(dict(zip(LAWS, (~broken).tolist(), strict=True)))
        self.last_arrival = float(block.arrival[-1])
        self.total += found
        self.busy += [busy.sum() for busy in block.busy]
        self.served += block.served
        self.wasted += block.wasted
        self.repeated += block.counts.sum(axis=1)
        self.one_shard = np.array([len(busy) == 1 for busy in block.busy])

    def counts(self) -> Conservation:
        """Return what became of all queries; raises SimulatorError if a stage was not busy for its services.

        Of a stage with one shard that was asked once, and served one by one, the answers seen are all there is.
        """
        slack = 1e-9 * np.maximum(1.0, self.busy)
        alone = self.one_shard & (self.unanswered == 0) & (self.repeated == 0) & (self.wasted == 0)
        _require(
            {
                "busy time is the sum of services": bool((np.abs(self.busy - self.served) <= slack).all()),
                "no work is done that nobody sees": bool((~alone | (self.busy <= self.seen + slack)).all()),
                "no work is wasted that was not done": bool((self.wasted <= self.served + slack).all()),
            }
        )
        return self.total


@jit(inline="always")
def _look_at_stage(start: float, end: float, before: float, broken: NDArray[np.bool_]) -> None:
    """Say whether a stage starts before the one before it ended, or ends before it starts."""
    if not start >= before:
        broken[2] = True
    if not end >= start:
        broken[3] = True


@jit(inline="always")
def _sum_of_parts(parts: NDArray[np.float64], q: int, s: int, broken: NDArray[np.bool_]) -> float:
    """Return the sum of a stage's parts; says whether one is negative."""
    total = 0.0
    for p in range(parts.shape[2]):
        if not parts[q, s, p] >= 0:
            broken[4] = True
        total += parts[q, s, p]
    return total


@jit(nogil=True)
def _look(
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]],
    columns: tuple[NDArray[Any], ...],
    begun: tuple[int, float],
    found: tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]],
) -> None:
    """Look at every query once: what became of it, which of LAWS it breaks, and what was done for it.

    Parameters
    ----------
    times
        (Q,) each: arrival, end, door and outcome.
    columns
        Stage start and end, coverage, parts, requests sent and slowest shard of a result.
    begun
        (first measured row, last arrival before these rows).
    found
        Added to: queries completed, refused, failed and in flight; (LAWS,) whether each is broken; and by stage the
        seconds of service seen in answers of measured queries, and their requests without an answer.
    """
    arrival, end, door, outcome = times
    start, stage_end, coverage, parts, attempts, slowest = columns
    first, before = begun
    counts, broken, seen, unanswered = found
    for q in range(arrival.size):
        if not arrival[q] >= before:
            broken[1] = True
        before = arrival[q]
        latency = end[q] - before
        finite = latency < np.inf
        done = finite and outcome[q] == COMPLETED
        counts[0] += done
        counts[1] += outcome[q] == REFUSED
        counts[2] += outcome[q] == FAILED
        counts[3] += not finite
        ended, passed = before, door[q]
        for s in range(start.shape[1]):
            if not 0 <= coverage[q, s] <= 1:
                broken[5] = True
            if done:
                _look_at_stage(start[q, s], stage_end[q, s], ended, broken)
                ended = stage_end[q, s]
                passed += _sum_of_parts(parts, q, s, broken)
            if q >= first:
                seen[s] += parts[q, s, SERVED]
                unanswered[s] += attempts[q, s] - (slowest[q, s] >= 0)
        if done and not abs(passed - latency) <= TOLERANCE_S * max(1.0, end[q]):
            broken[6] = True


def check_conservation(result: Result, warmup: int = 0) -> Conservation:
    """Return the counts of a whole `result` after checking it as ConservationCheck does."""
    check = ConservationCheck(len(result.busy), warmup)
    check.add(result)
    return check.counts()


def _require(laws: dict[str, bool]) -> None:
    """Raise SimulatorError with the laws that do not hold."""
    broken = [law for law, holds in laws.items() if not holds]
    if broken:
        raise SimulatorError(f"the engine broke conservation: {'; '.join(broken)}; please report this scenario")
