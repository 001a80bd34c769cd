"""Always the same value."""

from typing import Generic, Literal

from simulator.distributions.base import FloatArray, Law, Magnitude

__all__ = ["Constant"]


class Constant(Law[Magnitude], Generic[Magnitude]):
    """The value `mean`, every time."""

    distribution: Literal["constant"] = "constant"
    """The law\'s name."""
    mean: Magnitude
    """The value."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the value, whatever the probability."""
        import numpy as np  # a tenth of a second to load, and only runs need it

        return np.full(np.broadcast(lower, upper).shape, float(self.mean))

    def mean_value(self) -> float:
        """Return the value."""
        return float(self.mean)
