"""What a dashboard shows: a few percentiles, joined by straight lines of log tail probability over log value."""

import math
import re
from decimal import Decimal
from itertools import pairwise
from typing import Generic, Literal, NamedTuple, Self

from pydantic import ConfigDict, model_validator

from simulator.distributions.base import FloatArray, Law, Magnitude, PositiveNumber
from simulator.distributions.written import key_error, value_error

__all__ = ["Percentiles"]

WIDEST = 1e15  # between neighbouring percentiles; beyond it lies a mistaken unit

_KEY = re.compile(r"p(\d+(?:\.\d+)?)")


class Piece(NamedTuple):
    """The law where the tail probability falls from `high` to `low`: from value `start` on.

    With `power` s the value is start (tail / high)^s; without, it is a straight line from start to `end`.
    """

    high: float
    low: float
    start: float
    end: float
    power: float | None


class Percentiles(Law[Magnitude], Generic[Magnitude]):
    """Percentiles p0, p50, p99, p99.9, ... as keys, p0 the smallest value.

    Beyond the last, the last line goes on, or the tail falls as value^-tail; p100 is the largest possible value.
    Where a logarithm would be infinite, from a value of 0 and up to p100, value is straight in probability instead.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, Magnitude]  # pydantic's way to type further keys

    distribution: Literal["percentiles"] = "percentiles"
    """The law\'s name."""
    tail: PositiveNumber | None = None
    """How the law goes on beyond its last percentile: the tail falls as value^-tail."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in self.__pydantic_extra__:
            match = _KEY.fullmatch(key)
            if not match or float(match[1]) > 100:
                raise key_error(key, f"percentiles p0 to p100 and tail as keys, got {key!r}")
        self._check_points()
        self._check_tail()
        return self

    def _check_points(self) -> None:
        """Raise ValueError unless there are two points or more, the first p0, and they rise."""
        points = self.points()
        if not points or points[0][0] != 0:
            raise ValueError("p0 (the smallest value) among the percentiles, got none")
        if len(points) < 2:
            raise ValueError("at least one percentile besides p0, got none")
        for (level, value), (after, larger) in pairwise(points):
            if level == after:
                raise ValueError(f"each percentile once, got p{level:.15g} twice")
            if larger < value:
                raise value_error(f"p{after:.15g}", f"a value at or above p{level:.15g}, got one below it")
            if value > 0 and larger / value > WIDEST:
                raise value_error(f"p{after:.15g}", f"a value at most {WIDEST:g} times p{level:.15g}, got one above it")

    def _check_tail(self) -> None:
        """Raise ValueError unless it is said how the law goes on after its last point, and so that it has a mean."""
        (_, before), (last, value) = self.points()[-2:]
        if last == 100:
            if self.tail is not None:
                raise value_error("tail", "either p100 or tail, got both")
            return
        if value == 0:
            raise ValueError(f"a last percentile above 0, or p100, got p{last:.15g}: 0")
        if before == 0 and self.tail is None:
            raise ValueError(
                "a slope to go on with after the last percentile, got a line from 0; give tail: 2, or p100"
            )
        if not math.isfinite(self.mean_value()):
            raise ValueError("a tail with a mean, got one that falls no faster than 1 / value; give tail: 2, or p100")

    def points(self) -> list[tuple[float, float]]:
        """Return (percentile, value) in rising order."""
        return sorted((float(key[1:]), float(value)) for key, value in self.__pydantic_extra__.items())

    def pieces(self) -> list[Piece]:
        """Return the law piece by piece, from the smallest value on."""
        points = [(float(1 - Decimal(repr(level)) / 100), value) for level, value in self.points()]
        pieces = [_piece(*one, *two) for one, two in pairwise(points)]
        last, value = points[-1]
        if last > 0:
            power = -1 / self.tail if self.tail is not None else pieces[-1].power
            pieces.append(Piece(last, 0.0, value, math.inf, power))
        return pieces

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the value on the line that spans the tail probability."""
        import numpy as np  # a tenth of a second to load, and only runs need it

        tail = np.where(lower < 0.5, 1 - lower, upper)
        values = np.full(np.shape(tail), self.points()[0][1])
        for piece in self.pieces():
            inside = tail <= piece.high
            if piece.power is None:
                run = lower[inside] if piece.high == 1 else piece.high - tail[inside]  # lower is exact near 0
                along = run / (piece.high - piece.low)
                on_line = piece.start + (piece.end - piece.start) * along
            else:
                on_line = piece.start * (tail[inside] / piece.high) ** piece.power
            values[inside] = np.minimum(on_line, piece.end)  # rounding must not pass the next piece's start
        return values

    def mean_value(self) -> float:
        """Return the mean: the integral of the value over the tail probability, piece by piece."""
        return math.fsum(_integral(piece) for piece in self.pieces())


def _piece(high: float, start: float, low: float, end: float) -> Piece:
    """Return the piece between two points; straight where a logarithm would be infinite."""
    if start == 0 or low <= 0:
        return Piece(high, max(low, 0.0), start, end, None)
    return Piece(high, low, start, end, math.log(end / start) / math.log(low / high))


def _integral(piece: Piece) -> float:
    """Return the integral of a piece's value over its tail probabilities."""
    if piece.power is None:
        return (piece.start + piece.end) / 2 * (piece.high - piece.low)
    exponent = piece.power + 1
    if piece.low == 0:
        return piece.start * piece.high / exponent if exponent > 0 else math.inf
    drop = math.log(piece.low / piece.high)
    whole = -drop if exponent == 0 else -math.expm1(exponent * drop) / exponent
    return piece.start * piece.high * whole
