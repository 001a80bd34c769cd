"""Whether an objective holds: the whole interval must say so, else nothing is claimed."""

import math
import operator
from collections.abc import Callable
from typing import Literal

from simulator.statistics.intervals import Estimate

__all__ = ["Verdict", "holds", "verdict_of", "verdict_over_all"]

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


def verdict_over_all(verdicts: list[Verdict]) -> Verdict:
    """Return "missed" if any is, "met" if all are, else "inconclusive"; no objective at all is "met"."""
    if "missed" in verdicts:
        return "missed"
    return "inconclusive" if "inconclusive" in verdicts else "met"
