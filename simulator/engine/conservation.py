"""What must hold of every result, checked on every run: nothing is lost, nothing happens before its cause."""

from dataclasses import dataclass

import numpy as np

from simulator.engine.result import COMPLETED, FAILED, REFUSED, Result
from simulator.errors import SimulatorError

__all__ = ["Conservation", "ConservationCheck", "check_conservation"]

TOLERANCE_S = 1e-9


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
        finite = np.isfinite(block.end)
        counts = Conservation(
            arrived=block.arrival.size,
            completed=int((finite & (block.outcome == COMPLETED)).sum()),
            refused=int((block.outcome == REFUSED).sum()),
            failed=int((block.outcome == FAILED).sum()),
            in_flight=int((~finite).sum()),
        )
        done = finite & (block.outcome == COMPLETED)
        begun_before = np.column_stack([block.arrival, block.stage_end[:, :-1]])
        error = np.abs(block.parts.sum(axis=(1, 2)) + block.door - block.latency)[done]
        _require(
            {
                "arrived = completed + refused + failed + in flight": counts.arrived
                == counts.completed + counts.refused + counts.failed + counts.in_flight,
                "arrivals never go back in time": bool(
                    block.arrival[0] >= self.last_arrival and (np.diff(block.arrival) >= 0).all()
                ),
                "no stage starts before the one before it ends": bool((block.stage_start >= begun_before)[done].all()),
                "no stage ends before it starts": bool((block.stage_end >= block.stage_start)[done].all()),
                "no part of a latency is negative": bool((block.parts[done] >= 0).all()),
                "no more shards answer than are asked": bool(((block.coverage >= 0) & (block.coverage <= 1)).all()),
                "a query's parts sum to its latency": bool(
                    (error <= TOLERANCE_S * np.maximum(1.0, block.end[done])).all()
                ),
            }
        )
        self.last_arrival = float(block.arrival[-1])
        self._add_busy(block)
        self.total += counts

    def _add_busy(self, block: Result) -> None:
        """Add up, by stage, the services seen in answers, requests and answers, busy time, and services that ended."""
        measured = slice(min(self.warmup, block.arrival.size), None)
        self.warmup -= measured.start
        self.seen += block.parts[measured, :, 2].sum(axis=0)
        self.unanswered += block.attempts[measured].sum(axis=0) - (block.slowest[measured] >= 0).sum(axis=0)
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
