"""Intervals from independent replications, the only kind that holds in a queue, where neighbours are correlated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CONFIDENCE", "Estimate", "around", "estimate", "student_half_width"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; low and high are NaN where one replication gives no interval."""

    value: float
    low: float
    high: float

    @property
    def relative_half(self) -> float:
        """Half the interval's width over the value: 0.02 is "to within 2%"; NaN without an interval."""
        return (self.high - self.low) / 2 / abs(self.value) if self.value else math.nan

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
    count = len(values)
    mean = math.fsum(values) / count if count else math.nan
    if count < 2 or math.isnan(mean):
        return Estimate(mean, math.nan, math.nan)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return around(mean, math.sqrt(variance / count), count, confidence)


def around(value: float, standard_error: float, count: int, confidence: float = CONFIDENCE) -> Estimate:
    """Return `value` with the Student-t interval of a mean of `count` values, at least 2, with this standard error."""
    half = student_half_width(count, confidence) * standard_error
    return Estimate(value, value - half, value + half)


def student_half_width(count: int, confidence: float = CONFIDENCE) -> float:
    """Return half the Student-t interval of the mean of `count` values, at least 2, in standard errors."""
    from scipy.special import stdtrit  # a quarter of a second to load, and only runs need it

    return float(stdtrit(count - 1, (1 + confidence) / 2))
