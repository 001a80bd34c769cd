"""Curves that follow no formula: read between their points, and not beyond."""

import math

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.training.learning_curve import CurvePoint, fit_curve, points_of
from simulator.training.measured_curve import MeasuredCurve, reading_of

SAMPLES = (100, 400, 1600, 6400, 25_600)
ERRORS = (0.8, 0.8, 0.7, 0.4, 0.2)
"""Nothing is learnt from 400 samples; then errors fall ever faster, which no power of the samples does."""


def runs_of(rng, noise=0.02, seeds=5):
    """Errors of training runs about ERRORS."""
    return {n: (error + noise * rng.standard_normal(seeds)).tolist() for n, error in zip(SAMPLES, ERRORS, strict=True)}


def test_a_curve_that_follows_is_read_as_fitted_and_another_between_its_points():
    """A power law is read by its fit; a plateau before a fall is not, and its fit would be far off."""
    rng = np.random.default_rng(0)
    power_law = fit_curve(points_of({n: (0.1 + n**-0.4 + 0.01 * rng.standard_normal(5)).tolist() for n in SAMPLES}))
    plateau = fit_curve(points_of(runs_of(rng)))
    assert reading_of(power_law) is power_law
    assert isinstance(reading_of(plateau), MeasuredCurve)
    assert abs(plateau.error(25_600) - 0.2) > 0.1
    assert reading_of(plateau).error(25_600) == pytest.approx(0.2, abs=0.03)


def test_between_two_points_it_is_straight_over_log_samples():
    """Half way from 0.7 to 0.4, in the logarithm, is 0.55; beyond the last point is what that was."""
    curve = MeasuredCurve([CurvePoint(n, error, 0.01) for n, error in zip(SAMPLES, ERRORS, strict=True)])
    assert curve.error(3200) == pytest.approx(0.55)
    assert curve.samples_for(0.55).samples.value == pytest.approx(3200)
    assert curve.error(10**9) == 0.2
    band = curve.band(3200)
    assert (band.low, band.high) == pytest.approx((0.55 - 0.0196, 0.55 + 0.0196), abs=1e-4)


def test_what_luck_lets_rise_is_levelled():
    """Errors of 0.5 and 0.6, equally sure, are 0.55 twice."""
    curve = MeasuredCurve([CurvePoint(n, e, 0.1) for n, e in ((10, 0.9), (100, 0.5), (1000, 0.6), (10_000, 0.1))])
    assert curve.error(100) == curve.error(1000) == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("target", "outcome", "said"),
    [
        (0.5, "found", ""),
        (0.2, "perhaps", "25,600 samples that were measured may not do"),
        (0.1, "not_reachable", "not"),
    ],
)
def test_nothing_is_said_beyond_what_was_measured(target, outcome, said):
    """A target between points has samples; one at the last point perhaps more; one below it is not known to be had."""
    found = MeasuredCurve([CurvePoint(n, e, 0.01) for n, e in zip(SAMPLES, ERRORS, strict=True)]).samples_for(target)
    assert found.outcome == outcome
    assert found.advice.startswith(("the " if outcome == "perhaps" else "") + said)
    assert math.isinf(found.samples.value) == (outcome == "not_reachable")
    assert math.isinf(found.samples.high) == (outcome != "found")
    assert not found.extrapolated


def test_a_target_of_nothing_is_refused():
    """An error of 0 is not to be had."""
    with pytest.raises(InputError, match="expected an error above 0"):
        MeasuredCurve([CurvePoint(10, 0.5, 0.1)]).samples_for(0)


def test_intervals_hold_the_truth():
    """Of 300 sets of runs about a curve that is straight between its points, 95% less 3 SE hold the samples for 0.5."""
    truth = math.exp(math.log(1600) + math.log(4) * (0.7 - 0.5) / 0.3)
    held = 0
    for repeat in range(300):
        found = MeasuredCurve(points_of(runs_of(np.random.default_rng(repeat), 0.05, 4))).samples_for(0.5).samples
        held += found.low <= truth <= found.high
    assert held / 300 >= 0.912
