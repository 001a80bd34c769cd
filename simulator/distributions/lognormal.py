"""The exponential of a normal variable: the usual shape of service times."""

import math
from typing import Generic, Literal

from simulator.distributions.base import Cv, FloatArray, Law, Magnitude

__all__ = ["Lognormal"]


class Lognormal(Law[Magnitude], Generic[Magnitude]):
    """Lognormal with the given `mean` and coefficient of variation `cv`."""

    distribution: Literal["lognormal"] = "lognormal"
    """The law\'s name."""
    mean: Magnitude
    """The mean."""
    cv: Cv
    """Coefficient of variation: standard deviation / mean."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return mean exp(sigma z - sigma^2 / 2) with z the normal quantile and sigma^2 = log(1 + cv^2)."""
        import numpy as np  # slow to load, as SciPy is, and only runs need it
        from scipy.special import ndtri

        variance = math.log1p(self.cv**2)
        if variance == 0:  # a cv whose square is no number above 0: z may be infinite at the ends, and 0 z nothing
            return np.full_like(lower, self.mean)
        z = np.where(lower < 0.5, ndtri(lower), -ndtri(upper))
        return self.mean * np.exp(math.sqrt(variance) * z - variance / 2)

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
