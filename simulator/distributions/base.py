"""What every law offers: its quantile function and its mean.

A law is generic in its magnitude: a duration (written with a unit, kept in seconds) or a plain number. Shape
parameters such as cv have no unit.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulator.distributions.written import read_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cv", "FloatArray", "Law", "Magnitude", "PositiveNumber", "Quantity"]

FloatArray: TypeAlias = "NDArray[np.float64]"
Magnitude = TypeVar("Magnitude", bound=float)
PositiveNumber = Annotated[float, Field(gt=0, le=1000), BeforeValidator(read_number)]
Cv = PositiveNumber


@dataclass(frozen=True)
class Quantity:
    """Names what a magnitude measures, such as Durations, in the annotation of its type."""

    name: str


class Law(BaseModel, ABC, Generic[Magnitude]):
    """A distribution of durations in seconds, or of plain numbers, all at or above zero."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return the name of the law of one quantity, such as ExponentialOfDurations."""
        names = [item.name for item in getattr(params[0], "__metadata__", ()) if isinstance(item, Quantity)]
        return f"{cls.__name__}Of{names[0]}" if names else super().model_parametrized_name(params)

    def __reduce__(self) -> tuple[Any, ...]:
        # A law of durations is made while the scenario's types are, and pickle finds only classes that a module names.
        return _restored, (self.__pydantic_generic_metadata__["origin"] or type(self), self.__getstate__())

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


def _restored(law: type[Law[Any]], state: dict[Any, Any]) -> Law[Any]:
    """Return a law from its pickled state."""
    restored = law.__new__(law)
    restored.__setstate__(state)
    return restored
