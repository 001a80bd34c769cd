"""Memoryless: however long it has taken, the rest is as long as at the start."""

from typing import Generic, Literal

from simulator.distributions.base import FloatArray, Law, Magnitude

__all__ = ["Exponential"]


class Exponential(Law[Magnitude], Generic[Magnitude]):
    """Exponential with the given `mean`; its coefficient of variation is 1."""

    distribution: Literal["exponential"] = "exponential"
    """The law\'s name."""
    mean: Magnitude
    """The mean."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return -mean log(1 - u)."""
        import numpy as np  # a tenth of a second to load, and only runs need it

        log_upper: FloatArray = np.where(lower < 0.5, np.log1p(-np.minimum(lower, 0.5)), np.log(upper))
        return -self.mean * log_upper

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
