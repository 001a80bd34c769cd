"""What must hold of every result, checked on every run: nothing is lost, nothing happens before its cause."""

from dataclasses import dataclass

import numpy as np

from simulator.engine.result import COMPLETED, FAILED, REFUSED, Result
from simulator.errors import SimulatorError

__all__ = ["Conservation", "check_conservation"]

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


def check_conservation(result: Result, warmup: int = 0) -> Conservation:
    """Return the counts of `result` after checking its laws of conservation; busy time is that after `warmup` queries.

    Raises
    ------
    SimulatorError
        If queries are lost, a stage starts before the one before it ends or ends before it starts, a part is negative,
        or a completed query's parts do not sum to its latency within a nanosecond (relative beyond a second).
    """
    finite = np.isfinite(result.end)
    counts = Conservation(
        arrived=result.arrival.size,
        completed=int((finite & (result.outcome == COMPLETED)).sum()),
        refused=int((result.outcome == REFUSED).sum()),
        failed=int((result.outcome == FAILED).sum()),
        in_flight=int((~finite).sum()),
    )
    done = finite & (result.outcome == COMPLETED)
    begun_before = np.column_stack([result.arrival, result.stage_end[:, :-1]])
    error = np.abs(result.parts.sum(axis=(1, 2)) - result.latency)[done]
    laws = {
        "arrived = completed + refused + failed + in flight": counts.arrived
        == counts.completed + counts.refused + counts.failed + counts.in_flight,
        "arrivals never go back in time": bool((np.diff(result.arrival) >= 0).all()),
        "no stage starts before the one before it ends": bool((result.stage_start >= begun_before)[done].all()),
        "no stage ends before it starts": bool((result.stage_end >= result.stage_start)[done].all()),
        "no part of a latency is negative": bool((result.parts[done] >= 0).all()),
        "busy time is the sum of services": _busy_is_services(result, warmup),
        "a query's parts sum to its latency": bool((error <= TOLERANCE_S * np.maximum(1.0, result.end[done])).all()),
    }
    broken = [law for law, holds in laws.items() if not holds]
    if broken:
        raise SimulatorError(f"the engine broke conservation: {'; '.join(broken)}; please report this scenario")
    return counts


def _busy_is_services(result: Result, warmup: int) -> bool:
    """Return whether each stage was busy for its services: exactly those seen of one shard, no less of many."""
    for s, busy in enumerate(result.busy):
        seen = float(result.parts[warmup:, s, 2].sum())
        total, slack = float(busy.sum()), 1e-9 * max(1.0, seen)
        if total < seen - slack or (len(busy) == 1 and total > seen + slack):
            return False
    return True
