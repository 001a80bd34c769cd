"""Equally likely anywhere between two values."""

from typing import Generic, Literal, Self

from pydantic import model_validator

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.written import value_error

__all__ = ["Uniform"]


class Uniform(Law[Magnitude], Generic[Magnitude]):
    """Uniform between `low` and `high`."""

    distribution: Literal["uniform"] = "uniform"
    """The law\'s name."""
    low: Magnitude
    """The smallest value."""
    high: Magnitude
    """The largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise value_error("high", "a value at or above low, got one below it")
        return self

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the point that divides the range as `lower` to `upper`."""
        import numpy as np  # a tenth of a second to load, and only runs need it

        del upper  # the range is bounded: neither tail can lose anything
        return np.minimum(self.low + (self.high - self.low) * lower, self.high)

    def mean_value(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2
