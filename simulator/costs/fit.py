"""From measured times to a cost law: a curve through the means, and the noise about it.

Letters: P points (sizes), each with its own number of calls.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import isotonic_regression, nnls

from simulator.costs.profile import CostLaw, Curve, Point, Residuals, quantiles_of
from simulator.distributions.base import FloatArray

__all__ = ["fit_affine", "fit_law"]

PIECEWISE_GAIN = 0.75
"""Piecewise is chosen where it cuts the mean error at points left out below three quarters of the affine curve's."""

NOTICEABLE = 0.05
"""An affine curve that misses points left out by less than this is good enough, whatever else would fit."""

SHORTEST_FOR_NOISE_S = 500e-6
"""Calls shorter than this say little about noise: a fixed hiccup of the machine is a huge ratio of a tiny call."""


def fit_law(times: Mapping[int, FloatArray]) -> CostLaw:
    """Return the cost law of `times`: measured seconds by number of candidates.

    The curve fits the points' means, so that loads come out right, by least squares of relative errors: fixed +
    per_candidate n, neither negative, or straight lines between the points where that predicts points left out
    clearly better. The noise is the law of time over its point's mean, over all points of longer calls.
    """
    sizes = sorted(times)
    n, mean = np.array(sizes, dtype=float), np.array([times[size].mean() for size in sizes])
    piecewise = len(sizes) >= 4 and _bends(n, mean)
    fit = _piecewise if piecewise else _affine
    curve = fit(n, mean)
    return CostLaw(
        form="piecewise" if piecewise else "affine",
        fit_error=_left_out(n, mean, fit) if n.size >= 4 else float(np.mean(_errors(curve, n, mean))),
        curve=curve,
        noise=Residuals.of(_ratios(times)),
        points=tuple(_point(size, times[size]) for size in sizes),
    )


def _bends(n: FloatArray, mean: FloatArray) -> bool:
    """Return whether the affine curve misses points left out noticeably, and lines between points much less."""
    affine = _left_out(n, mean, _affine)
    return affine > NOTICEABLE and _left_out(n, mean, _piecewise) < PIECEWISE_GAIN * affine


def _point(size: int, seconds: FloatArray) -> Point:
    """Return the summary of the calls of one size."""
    return Point(candidates=size, calls=seconds.size, mean_s=float(seconds.mean()), quantiles_s=quantiles_of(seconds))


def _ratios(times: Mapping[int, FloatArray]) -> FloatArray:
    """Return time over its point's mean, of all longer calls, or of the longest point where all are short."""
    longest = max(times, key=lambda size: float(times[size].mean()))
    chosen = [one for one in times.values() if one.mean() >= SHORTEST_FOR_NOISE_S] or [times[longest]]
    return np.concatenate([one / one.mean() for one in chosen])


def _affine(n: FloatArray, mean: FloatArray) -> Curve:
    """Return fixed + per_candidate n of least squared relative error, neither of them negative."""
    fixed, per_candidate = fit_affine(n, mean)
    return Curve(start=(0,), intercept=(fixed,), slope=(per_candidate,))


def fit_affine(n: FloatArray, mean: FloatArray) -> tuple[float, float]:
    """Return the fixed part and the part per unit of `n` of least squared relative error to `mean`, both at least 0."""
    (fixed, per_unit), _ = nnls(np.column_stack([1 / mean, n / mean]), np.ones_like(n))
    return float(fixed), float(per_unit)


def _piecewise(n: FloatArray, mean: FloatArray) -> Curve:
    """Return straight lines between the points, made to rise, relative errors weighing alike; the last goes on."""
    rising = isotonic_regression(mean, weights=1 / mean**2).x
    slope = np.diff(rising) / np.diff(n)
    intercept = rising[:-1] - slope * n[:-1]
    slope, intercept = np.append(slope, slope[-1]), np.append(intercept, intercept[-1])
    # Below the first point the cost stays what it is there: extrapolating down could reach zero.
    start = [0, *n.astype(int).tolist()]
    return Curve(start=tuple(start), intercept=(float(rising[0]), *intercept.tolist()), slope=(0.0, *slope.tolist()))


def _left_out(n: FloatArray, mean: FloatArray, fit: Callable[[FloatArray, FloatArray], Curve]) -> float:
    """Return the mean relative error at interior points that the fit did not see.

    The mean: by the median one straight line in ten passes for a bent one, by the mean one in forty.
    """
    errors = []
    for i in range(1, n.size - 1):
        others = np.arange(n.size) != i
        errors.append(_errors(fit(n[others], mean[others]), n[i : i + 1], mean[i : i + 1]))
    return float(np.mean(errors))


def _errors(curve: Curve, n: FloatArray, mean: FloatArray) -> FloatArray:
    """Return |curve / mean - 1| at each point, shape (P,)."""
    return np.abs(np.array([curve.at(size) for size in n.tolist()]) / mean - 1)
