"""Looking at an experiment more than once: how often that finds what is not there, and the limits that mend it.

At look k of L, after a share t(k) of the rows, z(k) is the difference over its standard error. Without a difference
z(k) sqrt(t(k)) is Brownian motion at t(k). The chance of leaving the limits is found by carrying the density of those
still inside from look to look.

Sources: Armitage, McPherson & Rowe, "Repeated significance tests on accumulating data", JRSS A 132, 1969 (recursive
integration, inflation); Pocock, Biometrika 64, 1977; O'Brien & Fleming, Biometrics 35, 1979; Jennison & Turnbull,
"Group sequential methods", 2000, chapters 2 and 19.

Shapes: L looks, m nodes, R replications.
"""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.errors import InputError

__all__ = ["LIMITS", "critical_values", "crossing", "first_crossing"]

MOST_LOOKS = 200

FARTHEST = 9.0
"""Standard deviations beyond which a density is nothing: 1e-18 of it lies there."""

LIMITS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "uncorrected": np.ones_like,
    "pocock": np.ones_like,
    "obrien_fleming": lambda shares: 1 / np.sqrt(shares),
}
"""The limits' shape over the share of rows seen, by rule, to be multiplied by one number."""


def critical_values(looks: int, rule: str = "obrien_fleming", alpha: float = 0.05) -> FloatArray:
    """Return the limit of |z| at each of `looks` evenly spaced looks, shape (L,).

    Parameters
    ----------
    looks
        1 to 200.
    rule
        pocock: one limit for all looks; obrien_fleming: high early and near the single look's at the end; uncorrected:
        the single look's each time, which finds too much.
    alpha
        The chance, over all looks and both sides, of leaving the limits without a difference, between 0 and 1; of
        uncorrected limits that of one look.

    Raises
    ------
    InputError
        For another number of looks, rule or alpha.
    """
    from scipy.optimize import brentq  # a quarter of a second to load

    if not 1 <= looks <= MOST_LOOKS:
        raise InputError(f"looks are from 1 to {MOST_LOOKS}; got {looks}")
    if rule not in LIMITS:
        raise InputError(f"there is no rule {rule!r} for looks; there are {', '.join(LIMITS)}")
    if not 0 < alpha < 1:
        raise InputError(f"alpha is between 0 and 1; got {alpha}")
    shape = LIMITS[rule](np.arange(1, looks + 1) / looks)
    single = NormalDist().inv_cdf(1 - alpha / 2)
    if rule == "uncorrected" or looks == 1:
        return single * shape
    most = NormalDist().inv_cdf(1 - alpha / 2 / looks)  # Bonferroni's limit is beyond any of these
    return shape * brentq(lambda factor: crossing(factor * shape).sum() - alpha, single, most, xtol=1e-10)


def crossing(limits: FloatArray, drift: float = 0.0) -> FloatArray:
    """Return the chance that |z| first exceeds its limit at each of L evenly spaced looks, shape (L,).

    Its sum is the chance of finding a difference: the error where there is none, the power where there is one.

    Parameters
    ----------
    limits
        Of |z| at each look, above 0, infinite where nobody looks, shape (L,), 1 to 200 looks.
    drift
        The true difference over its standard error at the last look.

    Raises
    ------
    InputError
        For another number of looks, or a limit not above 0.
    """
    from scipy.special import ndtr  # a quarter of a second to load

    looks = len(limits)
    if not 1 <= looks <= MOST_LOOKS or not (limits > 0).all():
        raise InputError(f"a limit above 0 for each of 1 to {MOST_LOOKS} looks; got {limits.tolist()}")
    # Sums of L steps of mean `step` and variance 1: look k has its limit at limits[k] sqrt(k).
    step, done = drift / math.sqrt(looks), np.arange(1, looks + 1)
    ends = limits * np.sqrt(done)
    inside = np.minimum(ends, FARTHEST * np.sqrt(done) + abs(step) * done)
    at, mass = np.zeros(1), np.ones(1)  # nodes and the chance that each stands for, (m,)
    left = np.empty(looks)
    for look, (end, far) in enumerate(zip(ends, inside, strict=True)):
        left[look] = mass @ (ndtr(-end - at - step) + ndtr(at + step - end))
        nodes, weights = _nodes(48 + 8 * math.ceil(far))
        density = np.exp(-((far * nodes[:, None] - at - step) ** 2) / 2) @ mass / math.sqrt(2 * math.pi)  # (m,)
        at, mass = far * nodes, far * weights * density
    return left


@cache
def _nodes(count: int) -> tuple[FloatArray, FloatArray]:
    """Return the nodes of Gauss and Legendre in [-1, 1] and their weights, shape (m,) each."""
    return np.polynomial.legendre.leggauss(count)


def first_crossing(z: FloatArray, limits: FloatArray) -> IntArray:
    """Return the look, from 1, at which |z|, shape (R, L), first exceeds its limit, shape (L,); 0 where never: (R,)."""
    beyond = np.abs(z) > limits
    return np.where(beyond.any(axis=-1), beyond.argmax(axis=-1) + 1, 0)
