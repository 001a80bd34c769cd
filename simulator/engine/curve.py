"""Cost curves as flat arrays: seconds of computing as a function of a whole number of candidates (or lists)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import jit, kernel

__all__ = ["Curve", "CurveTables", "curve_value", "join_curves", "moments_over"]


class Curve(NamedTuple):
    """A piecewise-linear cost: intercept + slope * n of the last piece whose start is at most n; starts[0] is 0."""

    start: NDArray[np.int64]
    intercept: NDArray[np.float64]
    slope: NDArray[np.float64]

    @classmethod
    def affine(cls, fixed_s: float, per_unit_s: float) -> "Curve":
        """Return the curve fixed_s + per_unit_s * n."""
        return cls(np.zeros(1, dtype=np.int64), np.array([fixed_s]), np.array([per_unit_s]))

    def faster(self, speed: float) -> "Curve":
        """Return the curve with every cost divided by `speed`."""
        return Curve(self.start, self.intercept / speed, self.slope / speed)

    def at(self, n: int) -> float:
        """Return the seconds that the curve gives for `n`."""
        return float(curve_value(join_curves([self]), 0, n))


class CurveTables(NamedTuple):
    """Every curve of a plan, one after the other; curve i owns the pieces offset[i]:offset[i + 1]."""

    offset: NDArray[np.int64]
    start: NDArray[np.int64]
    intercept: NDArray[np.float64]
    slope: NDArray[np.float64]


def join_curves(curves: Sequence[Curve]) -> CurveTables:
    """Return the tables of `curves`, in their order."""
    offset = np.concatenate([[0], np.cumsum([curve.start.size for curve in curves])])
    return CurveTables(
        offset.astype(np.int64),
        np.concatenate([curve.start for curve in curves]),
        np.concatenate([curve.intercept for curve in curves]),
        np.concatenate([curve.slope for curve in curves]),
    )


@kernel()
def curve_value(curves: CurveTables, curve: int, n: int) -> float:
    """Return the seconds that curve number `curve` gives for `n` candidates."""
    piece = curves.offset[curve]
    while piece + 1 < curves.offset[curve + 1] and curves.start[piece + 1] <= n:
        piece += 1
    return curves.intercept[piece] + curves.slope[piece] * n


@jit()
def moments_over(curves: CurveTables, curve: int, counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean seconds of curve number `curve` over `counts`, shape (Q,), and the mean of their squares.

    A count of 0 costs nothing.
    """
    total, squares = 0.0, 0.0
    for n in counts:
        if n > 0:
            value = curve_value(curves, curve, n)
            total += value
            squares += value**2
    return total / counts.size, squares / counts.size
