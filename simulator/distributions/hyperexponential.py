"""Mostly short, sometimes long: a mixture of two exponentials."""

import math
from typing import Annotated, Generic, Literal

from pydantic import BeforeValidator, Field

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.written import read_number

__all__ = ["Hyperexponential"]

_NEWTON_STEPS = 60


class Hyperexponential(Law[Magnitude], Generic[Magnitude]):
    """Two exponential phases with balanced means, coefficient of variation `cv` > 1 (Whitt 1982, Tijms 1994 B.2)."""

    distribution: Literal["hyperexponential"] = "hyperexponential"
    """The law\'s name."""
    mean: Magnitude
    """The mean."""
    cv: Annotated[float, Field(gt=1, le=1000), BeforeValidator(read_number)]
    """Coefficient of variation, standard deviation / mean, above 1."""

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the solution of log tail(x) = log(1 - u).

        The log tail of a mixture of exponentials is convex, so Newton's steps from zero never overshoot.
        """
        import numpy as np  # a tenth of a second to load, and only runs need it

        excess = math.sqrt((self.cv**2 - 1) / (self.cv**2 + 1))
        rare = 1 / ((self.cv**2 + 1) * (1 + excess))  # (1 - excess) / 2, without the cancellation of a large cv
        shares = np.array([(1 + excess) / 2, rare])[:, None]
        rates = 2 * shares  # of unit mean
        flat_lower, flat_upper = np.ravel(lower), np.ravel(upper)
        near_zero = np.minimum(flat_lower, 0.5)
        target = np.where(flat_lower < 0.5, np.log1p(-near_zero), np.log(flat_upper))
        x = np.zeros_like(target)
        for _ in range(_NEWTON_STEPS):
            short = np.log1p((shares * np.expm1(-rates * np.minimum(x, 1))).sum(axis=0))
            scale = rates[1] * x  # the slower phase's decay, taken out so that nothing underflows
            tails = shares * np.exp(scale - rates * x)
            log_tail = np.where(x < 1, short, np.log(tails.sum(axis=0)) - scale)
            hazard = (rates * tails).sum(axis=0) / tails.sum(axis=0)
            x = x + (log_tail - target) / hazard
        return self.mean * x.reshape(np.shape(lower))

    def mean_value(self) -> float:
        """Return the mean."""
        return float(self.mean)
