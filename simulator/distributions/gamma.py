"""Sums of exponentials and their relatives: Erlang where 1 / cv^2 is whole."""

from typing import Annotated, Generic, Literal

import numpy as np
from pydantic import Field

from simulator.distributions.base import Cv, FloatArray, Law, Magnitude

__all__ = ["Gamma"]


class Gamma(Law[Magnitude], Generic[Magnitude]):
    """Gamma with the given `mean` and coefficient of variation `cv`: shape 1 / cv^2.

    SciPy's inverse of a shape beyond a million loses so many digits that quantiles may fall, hence the least cv.
    """

    distribution: Literal["gamma"] = "gamma"
    mean: Magnitude
    cv: Annotated[Cv, Field(ge=0.001)]

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the inverse of the regularised incomplete gamma function, from the nearer tail."""
        from scipy.special import gammainccinv, gammaincinv  # a quarter of a second to load, and only runs need it

        shape = self.cv**-2
        unit = np.where(lower < 0.5, gammaincinv(shape, lower), gammainccinv(shape, upper))
        return self.mean * (unit / shape)

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
