"""How much data a quality takes: error(n) = limit + scale n^-power, fitted to errors that were measured.

Given the power the curve is linear, so a fit with one thing held fixed (the limit, the scale, the power, or the samples
that reach a target) is a search along the power alone. The interval of each is all values whose best fit is no worse
than the best of all by more than chance allows: a profile likelihood. It keeps its 95% where the delta method does not,
since neither the limit nor the samples for a target near it are anywhere near normal.

Sources: Cortes et al., "Learning curves: asymptotic values and rate of convergence", NIPS 1993; Hestness et al., "Deep
learning scaling is predictable, empirically", arXiv 1712.00409; Venzon & Moolgavkar, "A method for computing
profile-likelihood-based confidence intervals", Applied Statistics 37, 1988.

Shapes: P points, G powers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import chdtrc, ndtri, stdtrit

from simulator.distributions.base import FloatArray
from simulator.errors import InputError
from simulator.statistics.intervals import CONFIDENCE, Estimate

__all__ = [
    "LEAST_POINTS",
    "CurvePoint",
    "LearningCurve",
    "SamplesFor",
    "check_target",
    "fit_curve",
    "points_of",
    "two_sided",
]

LEAST_POINTS = 4
"""Three points fit the three parameters exactly, and leave nothing to judge the fit by."""

DOUBTFUL = 0.01
"""Points that are less likely than this, were the form of the curve right, do not follow it."""

FAR = 10.0
"""A curve is trusted to this many times the largest number of samples it was measured at."""

POWERS = np.geomspace(0.01, 5.0, 160)  # (G,)

LOG_LARGEST = math.log(1e18)
"""More samples than this are called infinitely many."""

SHORTEST_STEP = 1e-9

Squares = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class CurvePoint:
    """The mean error of models trained on so many samples.

    Attributes
    ----------
    samples
        At least 1.
    error
        1 - quality, or any loss that falls towards a limit of at least 0.
    standard_error
        Of the error, above 0. Errors of different points are taken to be independent.
    freedom
        Degrees of freedom that the standard errors of all points rest on together; infinite where they are known.
    """

    samples: int
    error: float
    standard_error: float
    freedom: float = math.inf

    def __post_init__(self) -> None:
        if self.samples < 1 or not self.standard_error > 0 or not math.isfinite(self.error + self.standard_error):
            raise InputError(
                "a point of a learning curve: expected samples of at least 1, a finite error and a standard error "
                f"above 0; got {self.samples:,}, {self.error:g} and {self.standard_error:g}"
            )


@dataclass(frozen=True)
class SamplesFor:
    """How many samples a target takes.

    Attributes
    ----------
    outcome
        "found"; "perhaps" where the data do not exclude that the target is beyond the limit, so that the interval has
        no upper end; "not_reachable" where the target is at or below the limit.
    samples
        With its 95% interval; infinite where not reachable.
    extrapolated
        Whether the curve is read beyond FAR times the largest number of samples that was measured.
    advice
        What to do about it; empty where nothing is wrong.
    """

    outcome: Literal["found", "perhaps", "not_reachable"]
    samples: Estimate
    extrapolated: bool
    advice: str


@dataclass(frozen=True)
class LearningCurve:
    """error(n) = limit + scale n^-power, each with its 95% interval.

    Attributes
    ----------
    limit, scale, power
        At least 0; the power lies within 0.01 to 5.
    points
        What it was fitted to, by rising samples.
    misfit
        The probability of points this far from the best curve, or farther, were the curve's form right.
    """

    limit: Estimate
    scale: Estimate
    power: Estimate
    points: tuple[CurvePoint, ...]
    misfit: float

    @property
    def measured_to(self) -> int:
        """The largest number of samples among the points."""
        return self.points[-1].samples

    @property
    def follows(self) -> bool:
        """Whether the points may follow a curve of this form; where they do not, it says nothing."""
        return self.misfit >= DOUBTFUL

    @property
    def reaches(self) -> float:
        """The largest number of samples that the curve is trusted to."""
        return FAR * self.measured_to

    def error(self, samples: float) -> float:
        """Return the error after `samples` samples, at least 1."""
        return self.limit.value + self.scale.value * math.exp(-self.power.value * math.log(samples))

    def band(self, samples: float) -> Estimate:
        """Return the error after `samples` samples with its 95% interval."""
        return _Fit(self.points).of_error(math.log(samples), self.error(samples))

    def samples_for(self, target: float) -> SamplesFor:
        """Return how many samples bring the error down to `target`.

        Raises
        ------
        InputError
            Where the target is not above 0.
        """
        check_target(target)
        above = target - self.limit.value
        log_n = LOG_LARGEST if above <= 0 else 0.0
        if self.scale.value > above > 0:
            log_n = min(math.log(self.scale.value / above) / self.power.value, LOG_LARGEST)
        found = _Fit(self.points).of_log_samples(target, log_n)
        value, low, high = (math.exp(end) if end < LOG_LARGEST else math.inf for end in (log_n, found.low, found.high))
        return self._told(Estimate(value, low, high), target)

    def _told(self, samples: Estimate, target: float) -> SamplesFor:
        """Return the answer in words."""
        far = samples.value > self.reaches
        if math.isinf(samples.value):
            advice = (
                f"not reachable: the limit is {self.limit.value:.4g} ({self.limit.low:.4g} to {self.limit.high:.4g}), "
                f"and {target:.4g} is not above it; change the model or its columns, or aim lower"
            )
            return SamplesFor("not_reachable", samples, far, advice)
        notes = []
        if math.isinf(samples.high):
            notes.append(
                f"the limit may be as high as {self.limit.high:.4g}, and {target:.4g} then out of reach; "
                f"measure with more than {self.measured_to:,} samples"
            )
        if far:
            notes.append(
                f"{samples.value / self.measured_to:.0f} times the {self.measured_to:,} samples that were measured; "
                f"beyond {FAR:g} times a curve is a guess"
            )
        return SamplesFor("perhaps" if math.isinf(samples.high) else "found", samples, far, "; ".join(notes))


def points_of(errors: Mapping[int, Sequence[float]]) -> tuple[CurvePoint, ...]:
    """Return the points of a curve from the errors of several seeds by the number of samples.

    The variance of a few seeds is itself hardly known. It is taken to be a power of the samples, fitted to
    all points' variances, and rests on the seeds of all.

    Raises
    ------
    InputError
        Where a number of samples has fewer than two errors, or errors that are all alike.
    """
    sizes = sorted(errors)
    variances = np.array([np.var(errors[n], ddof=1) if len(errors[n]) > 1 else 0.0 for n in sizes])  # (P,)
    for n, variance in zip(sizes, variances, strict=True):
        if not variance > 0:
            raise InputError(
                f"learning curve: expected errors of at least two seeds that differ, at {n:,} samples; "
                f"got {len(errors[n])} with a spread of {variance:g}"
            )
    seeds = np.array([len(errors[n]) for n in sizes])  # (P,)
    spread = _smoothed(np.log(sizes), variances, seeds - 1) ** 0.5
    freedom = float((seeds - 1).sum()) / 2  # a line has two parameters, and so twice the variance of one mean
    return tuple(
        CurvePoint(n, float(np.mean(errors[n])), float(one / math.sqrt(count)), freedom)
        for n, one, count in zip(sizes, spread, seeds, strict=True)
    )


def fit_curve(points: Sequence[CurvePoint]) -> LearningCurve:
    """Return the curve through `points` of least weighted squared error, with intervals.

    Raises
    ------
    InputError
        Where there are fewer than LEAST_POINTS different numbers of samples.
    """
    known = {point.samples for point in points}
    if len(known) < LEAST_POINTS:
        raise InputError(
            f"learning curve: expected errors at {LEAST_POINTS} different numbers of samples or more, "
            f"got {len(known)}; three parameters go through three points exactly, whatever is true"
        )
    fit = _Fit(points)
    return LearningCurve(
        limit=fit.of_limit(fit.limit),
        scale=fit.of_scale(fit.scale),
        power=fit.of_power(fit.power),
        points=tuple(sorted(points, key=lambda point: point.samples)),
        misfit=float(chdtrc(len(points) - 3, fit.least)),
    )


def _smoothed(x: FloatArray, variances: FloatArray, freedom: FloatArray) -> FloatArray:
    """Return the variances whose logs are a line over `x`: the likeliest for sums of squared normals."""
    X = np.column_stack([np.ones_like(x), x - x.mean()])  # (P, 2)

    def unlikeliness(line: FloatArray) -> tuple[float, FloatArray]:
        logs = X @ line
        ratio = variances / np.exp(logs)
        return float(freedom @ (logs + ratio)), X.T @ (freedom * (1 - ratio))

    start = np.array([np.log(variances.mean()), 0.0])
    return np.asarray(np.exp(X @ minimize(unlikeliness, start, jac=True).x))


class _Fit:
    """Weighted least squares of a curve to points, with one thing held fixed or none.

    What holds something fixed returns the least weighted sum of squares for each power tried, shape (G,).
    """

    def __init__(self, points: Sequence[CurvePoint]) -> None:
        self._first = float(min(point.samples for point in points))
        self._log_n = np.log(np.array([point.samples for point in points]) / self._first)  # (P,)
        self._error = np.array([point.error for point in points])  # (P,)
        self._weight = np.array([point.standard_error for point in points]) ** -2  # (P,)
        quantile = two_sided(min(point.freedom for point in points))
        self.power, self.least = _least(self._free)
        self._most = self.least + quantile**2
        (limit,), (height,) = self._lines(np.array([self.power]))
        self.limit, self.scale = float(limit), float(height) * self._first**self.power

    def of_limit(self, value: float) -> Estimate:
        """Return the interval of the limit."""
        return self._interval(lambda limit: partial(self._with_limit, limit), value, 0.0, math.inf)

    def of_scale(self, value: float) -> Estimate:
        """Return the interval of the scale."""
        return self._interval(lambda scale: partial(self._with_scale, scale), value, 0.0, math.inf)

    def of_power(self, value: float) -> Estimate:
        """Return the interval of the power."""
        low, high = float(POWERS[0]), float(POWERS[-1])
        return self._interval(lambda power: lambda _: self._free(np.array([power])), value, low, high)

    def of_error(self, log_n: float, value: float) -> Estimate:
        """Return the interval of the error after exp(log_n) samples."""
        return self._interval(lambda error: partial(self._through, log_n, error), value, 0.0, math.inf)

    def of_log_samples(self, target: float, value: float) -> Estimate:
        """Return the interval of the log of the samples for `target`."""
        return self._interval(lambda log_n: partial(self._through, log_n, target), value, 0.0, LOG_LARGEST)

    def _interval(self, hold: Callable[[float], Squares], value: float, low: float, high: float) -> Estimate:
        """Return the values about `value`, within low to high, whose best fit is hardly worse than the best of all."""

        def beyond(held: float) -> float:
            return _least(hold(held))[1] - self._most

        if beyond(value) >= 0:
            return Estimate(value, value, value)
        step = max(abs(value), float(np.ptp(self._error)), SHORTEST_STEP)
        while math.isinf(high):
            step *= 2
            if beyond(value + step) > 0:
                high = value + step
        ends = [end if beyond(end) <= 0 else brentq(beyond, end, value) for end in (low, high)]
        return Estimate(value, *ends)

    def _falling(self, power: FloatArray) -> FloatArray:
        """Return (n / least n)^-power, shape (G, P)."""
        return np.asarray(np.exp(-power[:, None] * self._log_n))

    def _squares(self, curve: FloatArray) -> FloatArray:
        """Return the weighted sum of squares, shape (G,), of curves, shape (G, P)."""
        return np.asarray((curve - self._error) ** 2 @ self._weight)

    def _lines(self, power: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the best limit and height at the least n, neither below 0, shapes (G,)."""
        x, w, e = self._falling(power), self._weight, self._error
        x_mean, e_mean = x @ w / w.sum(), e @ w / w.sum()
        apart = x - x_mean[:, None]
        height = np.maximum((apart * (e - e_mean)) @ w / (apart**2 @ w), 0.0)
        limit = e_mean - height * x_mean
        height = np.where(limit < 0, np.maximum((x * e) @ w / (x**2 @ w), 0.0), height)
        return np.maximum(limit, 0.0), height

    def _free(self, power: FloatArray) -> FloatArray:
        """Hold nothing."""
        limit, height = self._lines(power)
        return self._squares(limit[:, None] + height[:, None] * self._falling(power))

    def _with_limit(self, limit: float, power: FloatArray) -> FloatArray:
        """Hold the limit."""
        x, w = self._falling(power), self._weight
        height = np.maximum((x * (self._error - limit)) @ w / (x**2 @ w), 0.0)
        return self._squares(limit + height[:, None] * x)

    def _with_scale(self, scale: float, power: FloatArray) -> FloatArray:
        """Hold the scale."""
        above = scale * self._first ** -power[:, None] * self._falling(power)  # (G, P)
        limit = np.maximum((self._error - above) @ self._weight / self._weight.sum(), 0.0)
        return self._squares(limit[:, None] + above)

    def _through(self, log_n: float, error: float, power: FloatArray) -> FloatArray:
        """Hold the error after exp(log_n) samples."""
        there = np.exp(-power[:, None] * (log_n - math.log(self._first)))  # (G, 1)
        apart, w = self._falling(power) - there, self._weight
        height = (apart * (self._error - error)) @ w / (apart**2 @ w)
        with np.errstate(divide="ignore"):
            height = np.clip(height, 0.0, error / there[:, 0])  # above that the limit would be below 0
        return self._squares(error + height[:, None] * apart)


def _least(squares: Squares) -> tuple[float, float]:
    """Return the power of the least sum of squares, and that sum."""
    tried = squares(POWERS)
    at = int(np.argmin(tried))
    near = POWERS[max(at - 1, 0)], POWERS[min(at + 1, POWERS.size - 1)]
    found = minimize_scalar(lambda b: float(squares(np.array([b]))[0]), bounds=near, options={"xatol": 1e-9})
    return (float(found.x), float(found.fun)) if found.fun < tried[at] else (float(POWERS[at]), float(tried[at]))


def check_target(target: float) -> None:
    """Raise InputError where an error to reach is not above 0."""
    if not 0 < target < math.inf:
        raise InputError(f"target: expected an error above 0, got {target:g}")


def two_sided(freedom: float) -> float:
    """Return the Student-t quantile of a two-sided interval, the normal one where `freedom` is infinite."""
    level = (1 + CONFIDENCE) / 2
    return float(ndtri(level) if math.isinf(freedom) else stdtrit(freedom, level))
