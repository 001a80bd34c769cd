"""Sums of exponentials and their relatives: Erlang where 1 / cv^2 is whole."""

from typing import Generic, Literal

import numpy as np

from simulator.distributions.base import FloatArray, Law, Magnitude, PositiveNumber

__all__ = ["Gamma"]


class Gamma(Law[Magnitude], Generic[Magnitude]):
    """Gamma with the given `mean` and coefficient of variation `cv`: shape 1 / cv^2."""

    distribution: Literal["gamma"] = "gamma"
    mean: Magnitude
    cv: PositiveNumber

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the inverse of the regularised incomplete gamma function, from the nearer tail."""
        from scipy.special import gammainccinv, gammaincinv  # a quarter of a second to load, and only runs need it

        shape = self.cv**-2
        unit = np.where(lower < 0.5, gammaincinv(shape, lower), gammainccinv(shape, upper))
        return self.mean * (unit / shape)

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
