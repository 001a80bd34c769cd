"""Whether an objective holds: the whole interval must say so, else nothing is claimed."""

import math
import operator
from collections.abc import Callable
from typing import Literal

from simulator.statistics.intervals import Estimate

__all__ = ["Verdict", "holds", "replications_to_settle", "verdict_of", "verdict_over_all"]

Verdict = Literal["met", "missed", "inconclusive"]

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(value: float, comparator: str, target: float) -> bool:
    """Return whether `value` satisfies `comparator` `target`; an unknown value (NaN) satisfies nothing."""
    return _HOLDS[comparator](value, target)


def verdict_of(estimate: Estimate, comparator: str, target: float) -> Verdict:
    """Return "met" if all of the interval satisfies `comparator` `target`, "missed" if none of it does.

    An estimate without an interval (one replication, or no sample) is never a verdict.
    """
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return "inconclusive"
    ends = {holds(end, comparator, target) for end in (estimate.low, estimate.high)}
    return "inconclusive" if len(ends) == 2 else ("met" if ends.pop() else "missed")


def replications_to_settle(estimate: Estimate, target: float, replications: int) -> int | None:
    """Return about how many more replications would take `target` out of the interval of `estimate`.

    An interval shrinks with the square root of the replications it comes from. None where that is no help: an unknown
    estimate, or one that lies at the target to within a thousandth of its interval.
    """
    half, distance = (estimate.high - estimate.low) / 2, abs(estimate.value - target)
    if math.isnan(half) or distance <= half / 1000:
        return None
    return max(0, math.ceil(replications * (half / distance) ** 2) - replications)


def verdict_over_all(verdicts: list[Verdict]) -> Verdict:
    """Return "missed" if any is, "met" if all are, else "inconclusive"; no objective at all is "met"."""
    if "missed" in verdicts:
        return "missed"
    return "inconclusive" if "inconclusive" in verdicts else "met"
