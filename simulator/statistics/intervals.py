"""Intervals from independent replications, the only kind that holds in a queue, where neighbours are correlated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CONFIDENCE", "Estimate", "estimate"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; low and high are NaN where one replication gives no interval."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """Return the estimate of the same thing in another unit; `factor` > 0."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def as_json(self) -> dict[str, float | None]:
        """Return value, low and high, with null for what is not known."""
        named = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(number) else number for name, number in named.items()}


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean of one value a replication, with its Student-t interval (Law, Simulation Modeling, 9.4.1).

    A NaN among the values makes the whole estimate NaN: what one replication cannot tell, the run cannot.
    """
    from scipy.special import stdtrit  # a quarter of a second to load, and only runs need it

    count = len(values)
    mean = math.fsum(values) / count if count else math.nan
    if count < 2 or math.isnan(mean):
        return Estimate(mean, math.nan, math.nan)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * math.sqrt(variance / count)
    return Estimate(mean, mean - half, mean + half)
