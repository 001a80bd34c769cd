"""Equally likely anywhere between two values."""

from typing import Generic, Literal, Self

from pydantic import model_validator

from simulator.distributions.base import FloatArray, Law, Magnitude

__all__ = ["Uniform"]


class Uniform(Law[Magnitude], Generic[Magnitude]):
    """Uniform between `low` and `high`."""

    distribution: Literal["uniform"] = "uniform"
    low: Magnitude
    high: Magnitude

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high at or above low ({self.low:g}), got {self.high:g}")
        return self

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the point that divides the range as `lower` to `upper`."""
        return self.low * upper + self.high * lower

    def mean_value(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2
