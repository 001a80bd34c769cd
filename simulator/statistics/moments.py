"""Mean and spread of a service, from the tables that the engines draw from. Letter: Q equally likely calls."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.curve import moments_over
from simulator.engine.law import CELLS_AN_OCTAVE, CONSTANT, LawTables
from simulator.engine.plan import IDLE_NOISE, NOISE, Plan

__all__ = ["Moments", "knots", "law_moments", "service_moments"]


@dataclass(frozen=True)
class Moments:
    """Mean in seconds and squared coefficient of variation of a service; infinite where the second moment is."""

    mean_s: float
    scv: float

    @property
    def second(self) -> float:
        """The second moment in seconds squared."""
        return self.mean_s**2 * (1 + self.scv)


def service_moments(plan: Plan, stage: int, candidates: NDArray[np.int64], *, idle: bool = False) -> Moments:
    """Return the moments of a call at a stage, by the busy or by the idle law: a cost times an independent noise.

    `candidates` are those of equally likely calls, shape (Q,); one of no candidates costs nothing.
    """
    cost, square = moments_over(plan.curves, 2 * stage + idle, candidates)
    mean, second = law_moments(plan.laws, 4 * stage + (IDLE_NOISE if idle else NOISE))
    expected = cost * mean
    if expected <= 0:
        return Moments(0.0, 0.0)
    return Moments(expected, max(0.0, square * second / expected**2 - 1))


def law_moments(laws: LawTables, law: int) -> tuple[float, float]:
    """Return mean and second moment of law number `law`, in its own unit and that squared.

    The second moment is the exact integral of the squared quantile function as tabulated, straight in each cell: it is
    that of the numbers the engines draw. It is infinite where the tail falls no faster than value^-2, which the table's
    last octave shows.
    """
    mean, first, last = float(laws.mean[law]), int(laws.offset[law]), int(laws.offset[law + 1])
    if laws.kind[law] == CONSTANT:
        return mean, mean**2
    if not laws.slope[first:last].any():  # sorted samples, all equally likely
        return mean, float(np.square(laws.level[first:last]).mean())
    tail, values = knots(laws, law)
    upper = values[1]
    octave = upper[0] / upper[CELLS_AN_OCTAVE]
    if octave >= 2**0.5 * (1 - 1e-9):
        return mean, math.inf
    left, right = values[:, :-1], values[:, 1:]
    cells = (left**2 + left * right + right**2) / 3 * np.diff(tail)
    return mean, float(cells.sum())


def knots(laws: LawTables, law: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the tail probabilities between a law's cells, (K,), rising to 1/2, and its values there, (2, K)."""
    first, half = int(laws.offset[law]), int(laws.offset[law + 1] - laws.offset[law]) // 2
    octaves = half // CELLS_AN_OCTAVE
    within = 1 + np.arange(CELLS_AN_OCTAVE) / CELLS_AN_OCTAVE
    tail = np.append(np.outer(2.0 ** np.arange(-1 - octaves, -1), within).ravel(), 0.5)  # (K,)
    level, slope = (column[first : first + 2 * half].reshape(2, half) for column in (laws.level, laws.slope))
    values = np.concatenate([level + slope * tail[:-1], level[:, -1:] + slope[:, -1:] * 0.5], axis=1)  # (2, K)
    return tail, values
