"""A tail that falls as a power: rare values dwarf the mean."""

from typing import Annotated, Generic, Literal

from pydantic import BeforeValidator, Field

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.written import read_number

__all__ = ["Pareto"]


class Pareto(Law[Magnitude], Generic[Magnitude]):
    """Pareto with the given `mean` and tail exponent `alpha` > 1; the smallest value is mean (alpha - 1) / alpha."""

    distribution: Literal["pareto"] = "pareto"
    """The law\'s name."""
    mean: Magnitude
    """The mean."""
    alpha: Annotated[float, Field(gt=1, le=1000), BeforeValidator(read_number)]
    """How steeply the tail falls: as value^-alpha, alpha above 1."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the smallest value times (1 - u)^(-1 / alpha)."""
        del lower  # the tail alone decides
        smallest = self.mean * ((self.alpha - 1) / self.alpha)
        values: FloatArray = smallest * upper ** (-1 / self.alpha)
        return values

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
