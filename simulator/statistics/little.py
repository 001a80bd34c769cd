"""Little's law, checked on every run: L = lambda W, whatever the arrivals, the services and the order of service."""

import math
from collections.abc import Sequence

from simulator.statistics.intervals import estimate, student_half_width

__all__ = ["against_little"]

LEAST = 1000
"""Queries below which the ends of a run may weigh as much as its middle, where most are refused and some are slow."""


def against_little(in_system: Sequence[float], by_law: Sequence[float], queries: float) -> str:
    """Return a complaint if the law is broken by over four standard errors, else nothing (Little 1961).

    Parameters
    ----------
    in_system
        Mean number of queries in the system over time, one a replication.
    by_law
        Their rate times their mean latency.
    queries
        Queries measured in a replication. Those that straddle an end of the measured span count on one side alone:
        about L of them at either end, each for about W, and always the last, whose arrival is the end.
    """
    if queries < LEAST:
        return ""
    gap = estimate([one - other for one, other in zip(in_system, by_law, strict=True)])
    if math.isnan(gap.low):
        return ""
    counted = sum(in_system) / len(in_system)
    error = (gap.high - gap.low) / 2 / student_half_width(len(in_system))
    if abs(gap.value) <= 4 * error + 2 * (1 + counted) * counted / queries + 1e-9 * counted:
        return ""
    return (
        f"Little's law does not hold: {counted:.6g} queries in the system on average, but their rate times their mean "
        f"latency is {counted - gap.value:.6g}; please report this scenario"
    )
