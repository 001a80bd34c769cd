"""A long-running holdout: the treatment ships, a small share keeps the control, and the effect is followed for weeks.

What users do because something is new wears off: effect(t) = steady + novelty exp(-t / tau).

Shapes: n rows, T periods such as days or weeks.
"""

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from simulator.bias.ab_test import FLAGGED
from simulator.data.features import FloatArray, IntArray
from simulator.errors import InputError
from simulator.statistics.intervals import CONFIDENCE, Estimate

__all__ = ["EffectCourse", "NoveltyFit", "effect_over_time", "fit_novelty"]

FEWEST = 5
"""Periods below which three numbers are not fitted to an effect over time."""

ALPHA = 0.05
UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class EffectCourse:
    """The effect of each period in which both arms have two rows or more.

    Attributes
    ----------
    period
        Which, rising, shape (T,).
    effect, standard_error
        Mean outcome of the treatment less that of the holdout, and its standard error, shape (T,).
    """

    period: FloatArray
    effect: FloatArray
    standard_error: FloatArray


@dataclass(frozen=True)
class NoveltyFit:
    """What an effect over time settles at, with 95% intervals; NaN where the data cannot tell.

    Attributes
    ----------
    steady
        The effect once novelty has worn off.
    novelty
        What was added at t = 0; below 0 where users had to get used to it; 0 where no decay can be seen.
    tau
        Periods until novelty has fallen to 37%; NaN where no decay can be seen.
    fit_p
        The chance of effects as far from the curve, by chi-squared.
    doubts
        Why not to use the numbers, in words; none where they hold.
    """

    steady: Estimate
    novelty: Estimate
    tau: Estimate
    fit_p: float
    doubts: tuple[str, ...]

    def at(self, period: float) -> float:
        """Return the effect of the curve at a time in periods, at least 0."""
        fades = self.novelty.value * math.exp(-period / self.tau.value) if self.novelty.value else 0.0
        return self.steady.value + fades


def effect_over_time(period: IntArray, treated: NDArray[np.bool_], outcome: FloatArray) -> EffectCourse:
    """Return the effect in each period, from independent rows.

    Parameters
    ----------
    period
        The period of each row, from 0, shape (n,).
    treated
        Whether the row is of the treatment, else of the holdout, shape (n,).
    outcome
        What is compared, finite, shape (n,).

    Raises
    ------
    InputError
        Where columns differ in length, an outcome is not finite, or no period has two rows of each arm.
    """
    if not period.shape == treated.shape == outcome.shape or not np.isfinite(outcome).all():
        raise InputError(
            f"a finite outcome for each row; got shapes {period.shape}, {treated.shape} and {outcome.shape}"
        )
    means, errors, enough = [], [], []
    for arm in (treated, ~treated):
        periods = period[arm]
        total = int(period.max(initial=-1)) + 1
        rows = np.bincount(periods, minlength=total)  # (T,)
        mean = np.bincount(periods, outcome[arm], total) / np.maximum(rows, 1)
        squares = np.bincount(periods, (outcome[arm] - mean[periods]) ** 2, total)
        means.append(mean)
        errors.append(squares / np.maximum(rows - 1, 1) / np.maximum(rows, 1))
        enough.append(rows > 1)
    kept = np.flatnonzero(enough[0] & enough[1])
    if not kept.size:
        raise InputError("no period has two rows of each arm: without traffic an arm shows nothing; widen the holdout")
    return EffectCourse(kept.astype(float), (means[0] - means[1])[kept], np.sqrt(errors[0] + errors[1])[kept])


def fit_novelty(course: EffectCourse) -> NoveltyFit:
    """Return the steady effect, the novelty and how fast it wears off, by least squares weighted with known errors.

    The curve is believed where it fits better than a constant by more than chance allows (5%, chi-squared of the two
    numbers added); else the effect is a constant. Intervals are those of the fit's linearisation.

    Raises
    ------
    InputError
        For fewer than 5 periods, or an effect without an error above 0.
    """
    from scipy.special import chdtrc  # a quarter of a second to load

    periods, effect, error = course.period, course.effect, course.standard_error
    if len(periods) < FEWEST:
        raise InputError(f"novelty is fitted to {FEWEST} periods or more; got {len(periods)}: run the holdout longer")
    if not (np.isfinite(effect) & np.isfinite(error) & (error > 0)).all():
        raise InputError("each period's effect is finite and has a standard error above 0; widen the periods")
    constant, constant_error, flat = _constant(effect, error)
    fitted = _curve(course)
    if fitted is None or chdtrc(2, max(flat - fitted[2], 0.0)) > ALPHA:
        nothing = Estimate(0.0, math.nan, math.nan)
        fit_p = float(chdtrc(len(periods) - 1, flat))
        return NoveltyFit(_interval(constant, constant_error), nothing, UNKNOWN, fit_p, _misfit(fit_p))
    values, errors, left = fitted
    steady, novelty, logarithm = (_interval(*pair) for pair in zip(values, errors, strict=True))
    tau = Estimate(*(math.exp(min(end, 700)) for end in (logarithm.value, logarithm.low, logarithm.high)))
    fit_p = float(chdtrc(len(periods) - 3, left))
    return NoveltyFit(steady, novelty, tau, fit_p, (*_unsettled(tau, periods), *_misfit(fit_p)))


def _constant(effect: FloatArray, error: FloatArray) -> tuple[float, float, float]:
    """Return the weighted mean, its error and the chi-squared left."""
    weight = error**-2.0
    mean = float(weight @ effect / weight.sum())
    return mean, float(weight.sum() ** -0.5), float((((effect - mean) / error) ** 2).sum())


def _curve(course: EffectCourse) -> tuple[FloatArray, FloatArray, float] | None:
    """Return steady, novelty and ln tau with their errors and the chi-squared left; None where no tau can be found.

    The search starts at the best of a grid of tau, for each of which the rest is linear.
    """
    from scipy.optimize import OptimizeWarning, curve_fit  # a quarter of a second to load

    periods, effect, error = course.period, course.effect, course.standard_error
    span = float(np.ptp(periods))

    def straight(tau: float) -> tuple[float, FloatArray]:
        columns = np.column_stack([np.ones_like(periods), np.exp(-periods / tau)]) / error[:, None]
        found = np.linalg.lstsq(columns, effect / error, rcond=None)[0]
        return float(((columns @ found - effect / error) ** 2).sum()), found

    grid = np.geomspace(span / len(periods) / 2, 2 * span, 40)
    best = min(grid, key=lambda tau: straight(tau)[0])
    start = [*straight(best)[1], math.log(best)]
    bounds = ([-np.inf, -np.inf, math.log(grid[0])], [np.inf, np.inf, math.log(5 * span)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", OptimizeWarning)
        try:
            values, covariance = curve_fit(
                _effect_at, periods, effect, start, error, absolute_sigma=True, bounds=bounds
            )
        except (RuntimeError, OptimizeWarning):
            return None
    left = float((((effect - _effect_at(periods, *values)) / error) ** 2).sum())
    return values, np.sqrt(np.diag(covariance)), left


def _effect_at(period: FloatArray, steady: float, novelty: float, log_tau: float) -> FloatArray:
    """Return the curve."""
    return np.asarray(steady + novelty * np.exp(-period * math.exp(-log_tau)))


def _interval(value: float, error: float) -> Estimate:
    """Return a value with the normal interval of a known error."""
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    return Estimate(float(value), float(value - half), float(value + half))


def _unsettled(tau: Estimate, periods: FloatArray) -> tuple[str, ...]:
    """Return the doubt about a curve that may still be moving where the data ends."""
    span = float(np.ptp(periods))
    if tau.high <= span / 2:
        return ()
    said = (
        f"novelty may take {tau.high:.3g} periods to wear off to 37%, and {span:.0f} were seen: the steady effect is "
        "beyond the data; keep the holdout longer"
    )
    return (said,)


def _misfit(fit_p: float) -> tuple[str, ...]:
    """Return the doubt about effects that are not on the curve."""
    if fit_p >= FLAGGED:
        return ()
    said = (
        f"effects vary more from period to period than their errors allow (p = {fit_p:.1g}): something else changed, "
        "or rows of a period are not independent"
    )
    return (said,)
