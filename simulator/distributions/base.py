"""What every law offers: its quantile function and its mean.

A law is generic in its magnitude: a duration (written with a unit, kept in seconds) or a plain number. Shape
parameters such as cv have no unit.
"""

from abc import ABC, abstractmethod
from typing import Annotated, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FloatArray", "Law", "Magnitude", "PositiveNumber"]

FloatArray = NDArray[np.float64]
Magnitude = TypeVar("Magnitude", bound=float)
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Law(BaseModel, ABC, Generic[Magnitude]):
    """A distribution of durations in seconds, or of plain numbers, all at or above zero."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @abstractmethod
    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the value that a draw stays at or below with probability `lower`, elementwise.

        Parameters
        ----------
        lower, upper
            u and 1 - u, both given so that neither tail loses precision; lower in [0, 1), upper in (0, 1].

        Returns
        -------
        Finite values that never decrease in u, the smallest possible at lower = 0; multiplying every magnitude of the
        law by a power of two multiplies them by exactly that.
        """

    @abstractmethod
    def mean_value(self) -> float:
        """Return the exact mean, in seconds or plain."""
