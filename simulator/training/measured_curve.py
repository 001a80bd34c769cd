"""A learning curve whose errors follow no formula, read between the numbers of samples that were measured.

Models that learn nothing at first, and then all at once, have such curves: no limit + scale n^-power passes near their
points, and one that is fitted all the same may be far off even in the errors that were measured.

Source: Barlow et al., "Statistical Inference under Order Restrictions", 1972, for the monotone means.

Shapes: P points.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from simulator.distributions.base import FloatArray
from simulator.statistics.intervals import Estimate
from simulator.training.learning_curve import CurvePoint, LearningCurve, SamplesFor, check_target, two_sided

__all__ = ["MeasuredCurve", "reading_of"]


class MeasuredCurve:
    """The means of the points, made to fall where luck lets them rise, and straight over log samples in between.

    Parameters
    ----------
    points
        At least one, by rising samples.
    """

    def __init__(self, points: Sequence[CurvePoint]) -> None:
        errors, own = (np.array([getattr(point, name) for point in points]) for name in ("error", "standard_error"))
        half = two_sided(min(point.freedom for point in points)) * own  # (P,)
        self._log_n = np.log([point.samples for point in points])  # (P,)
        self._mean: FloatArray = isotonic_regression(errors, weights=own**-2.0, increasing=False).x  # (P,)
        self._low, self._high = (np.minimum.accumulate(self._mean + side) for side in (-half, half))  # (P,)

    @property
    def reaches(self) -> float:
        """The largest number of samples that anything is known of."""
        return math.exp(self._log_n[-1])

    def error(self, samples: float) -> float:
        """Return the error after so many samples; beyond the points, that of the nearest."""
        return float(np.interp(math.log(samples), self._log_n, self._mean))

    def band(self, samples: float) -> Estimate:
        """Return the error after so many samples with its 95% interval, point by point."""
        at = math.log(samples)
        low, high = (float(np.interp(at, self._log_n, edge)) for edge in (self._low, self._high))
        return Estimate(self.error(samples), max(low, 0.0), high)

    def samples_for(self, target: float) -> SamplesFor:
        """Return how many samples bring the error down to `target`, infinitely many where no point comes so far.

        Raises
        ------
        InputError
            Where the target is not above 0.
        """
        check_target(target)
        value, low, high = (self._crossing(edge, target) for edge in (self._mean, self._low, self._high))
        most = f"the {self.reaches:,.0f} samples that were measured"
        if math.isinf(value):
            advice = f"not with {most}, and nothing is known of more: measure with more, or aim lower"
            return SamplesFor("not_reachable", Estimate(value, low, high), False, advice)
        if math.isinf(high):
            return SamplesFor("perhaps", Estimate(value, low, high), False, f"{most} may not do; measure with more")
        return SamplesFor("found", Estimate(value, low, high), False, "")

    def _crossing(self, falling: FloatArray, target: float) -> float:
        """Return the samples at which errors of the points, shape (P,), have fallen to `target`."""
        if falling[-1] > target:
            return math.inf
        return math.exp(np.interp(-target, -falling, self._log_n))


def reading_of(curve: LearningCurve) -> LearningCurve | MeasuredCurve:
    """Return what a curve is to be read by: the fit where the points follow it, else the points."""
    return curve if curve.follows else MeasuredCurve(curve.points)
