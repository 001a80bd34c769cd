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
SERVED, ALL_PARTS = PARTS.index("service"), len(PARTS)

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
        self.arrived, self.last_arrival = 0, 0.0
        self.outcomes, self.broken = np.zeros(4, dtype=np.int64), np.zeros(len(LAWS), dtype=np.bool_)
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
        first = min(self.warmup, block.arrival.size)
        self.warmup -= first
        columns = (block.stage_start, block.stage_end, block.coverage, block.parts, block.attempts, block.slowest)
        times = (block.arrival, block.end, block.door, block.outcome)
        found = (self.outcomes, self.broken, self.seen, self.unanswered)
        _look(times, columns, (first, self.last_arrival), found)
        self.arrived += block.arrival.size
        self.broken[0] |= self.arrived != self.outcomes.sum()
        if self.broken.any():
            _require(dict(zip(LAWS, (~self.broken).tolist(), strict=True)))
        self.last_arrival = float(block.arrival[-1])
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
        return Conservation(self.arrived, *self.outcomes.tolist())


@jit(nogil=True)
def _look(
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]],
    columns: tuple[NDArray[Any], ...],
    begun: tuple[int, float],
    found: tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]],
) -> None:
    """Look at every query: what became of it, which of LAWS it breaks, and what was done for it.

    Each loop looks at a few columns alone, which is quicker than one loop over all.

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
    start, stage_end, coverage, parts, attempts, slowest = columns
    first, before = begun
    counts, broken, seen, unanswered = found
    arrival = times[0]
    _count(times, counts)
    back = not arrival[0] >= before
    for q in range(1, arrival.size):
        back |= not arrival[q] >= arrival[q - 1]
    broken[1] |= back
    _follow(times, (start, stage_end, parts), broken)
    for s in range(start.shape[1]):
        service, missing, many = 0.0, 0, False
        for q in range(start.shape[0]):
            many |= not 0 <= coverage[q, s] <= 1
        broken[5] |= many
        for q in range(first, start.shape[0]):
            service += parts[q, s, SERVED]
            missing += attempts[q, s] - (slowest[q, s] >= 0)
        seen[s] += service
        unanswered[s] += missing


@jit(inline="always")
def _count(
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]],
    counts: NDArray[np.int64],
) -> None:
    """Count the queries that are completed, refused, failed and in flight."""
    arrival, end, _, outcome = times
    completed = refused = failed = in_flight = 0
    for q in range(arrival.size):
        finite = end[q] - arrival[q] < np.inf
        completed += finite and outcome[q] == COMPLETED
        refused += outcome[q] == REFUSED
        failed += outcome[q] == FAILED
        in_flight += not finite
    counts[0] += completed
    counts[1] += refused
    counts[2] += failed
    counts[3] += in_flight


@jit(inline="always")
def _follow(
    times: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]],
    columns: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    broken: NDArray[np.bool_],
) -> None:
    """Follow every completed query from stage to stage: in order, and in parts that sum to its latency."""
    arrival, end, door, outcome = times
    start, stage_end, parts = columns
    early = late = negative = apart = False
    for q in range(arrival.size):
        latency = end[q] - arrival[q]
        if not (latency < np.inf and outcome[q] == COMPLETED):
            continue
        ended, passed, least = arrival[q], door[q], 0.0
        for s in range(start.shape[1]):
            early |= not start[q, s] >= ended
            ended = stage_end[q, s]
            late |= not ended >= start[q, s]
            for p in range(ALL_PARTS):
                part = parts[q, s, p]
                least = part if part < least else least
                passed += part
        negative |= least < 0 or passed != passed  # not a number
        apart |= not abs(passed - latency) <= TOLERANCE_S * max(1.0, end[q])
    broken[2] |= early
    broken[3] |= late
    broken[4] |= negative
    broken[6] |= apart


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
