"""Sums of exponentials and their relatives: Erlang where 1 / cv^2 is whole."""

from typing import Annotated, Generic, Literal

from pydantic import BeforeValidator, Field

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.written import read_number

__all__ = ["Gamma"]


class Gamma(Law[Magnitude], Generic[Magnitude]):
    """Gamma with the given `mean` and coefficient of variation `cv`: shape 1 / cv^2.

    SciPy's inverse of a shape beyond a million loses so many digits that quantiles may fall, hence the least cv.
    """

    distribution: Literal["gamma"] = "gamma"
    """The law\'s name."""
    mean: Magnitude
    """The mean."""
    cv: Annotated[float, Field(ge=0.001, le=1000), BeforeValidator(read_number)]
    """Coefficient of variation, standard deviation / mean, from 0.001."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the inverse of the regularised incomplete gamma function, from the nearer tail."""
        import numpy as np  # slow to load, as SciPy is, and only runs need it
        from scipy.special import gammainccinv, gammaincinv

        shape = self.cv**-2
        unit = np.where(lower < 0.5, gammaincinv(shape, lower), gammainccinv(shape, upper))
        return self.mean * (unit / shape)

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
