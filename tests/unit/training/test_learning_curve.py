"""Learning curves of known limit, scale and power: what is found, how sure, and what cannot be told."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from simulator.errors import InputError
from simulator.training.learning_curve import CurvePoint, fit_curve, points_of

SIZES = 100 * 2 ** np.arange(8)
NOISE = 0.02  # standard deviation of an error over seeds, as a share of it
SEEDS = 5


def exact(limit=0.1, scale=5.0, power=0.5, sizes=SIZES):
    """Return points that lie on the curve, each known to 1%."""
    return [CurvePoint(int(n), limit + scale * n**-power, 0.01 * (limit + scale * n**-power)) for n in sizes]


def drawn(rng, known):
    """Return a curve's limit, scale, power and a size within ten times those measured, and noisy points of it."""
    limit, power, far = rng.uniform(0.02, 0.3), rng.uniform(0.2, 1), rng.uniform(0.5, 5) * SIZES[-1]
    scale = rng.uniform(0.1, 0.5) * SIZES[0] ** power
    errors = limit + scale * SIZES**-power  # (P,)
    seen = errors[:, None] * (1 + NOISE * rng.standard_normal((len(SIZES), SEEDS)))  # (P, seeds)
    if known:
        each = zip(SIZES.tolist(), seen.mean(axis=1).tolist(), (NOISE * errors / SEEDS**0.5).tolist(), strict=True)
        return (limit, scale, power, far), [CurvePoint(*one) for one in each]
    return (limit, scale, power, far), points_of(dict(zip(SIZES.tolist(), seen.tolist(), strict=True)))


def coverage(count, known):
    """Return the share of curves whose intervals hold the truth, by what is estimated."""
    rng = np.random.default_rng(7)
    held = dict.fromkeys(("limit", "scale", "power", "samples", "error"), 0)
    for _ in range(count):
        (limit, scale, power, far), points = drawn(rng, known)
        curve, target = fit_curve(points), limit + scale * far**-power
        pairs = {
            "limit": (limit, curve.limit),
            "scale": (scale, curve.scale),
            "power": (power, curve.power),
            "samples": (far, curve.samples_for(target).samples),
            "error": (target, curve.band(far)),
        }
        for name, (true, found) in pairs.items():
            held[name] += found.low <= true <= found.high
    return {name: hits / count for name, hits in held.items()}


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["known errors", "five seeds"])
def test_intervals_hold_the_truth_as_often_as_they_say(known):
    """Over 300 curves the 95% intervals of parameters, samples and errors hold the truth in 90 to 98% of cases."""
    shares = coverage(300, known)
    assert all(0.90 <= share <= 0.98 for share in shares.values()), shares


def test_intervals_hold_the_truth_in_most_of_a_few_curves():
    """Of 30 curves no interval misses the truth more than five times: a 95% one does once in 300 such tests."""
    shares = coverage(30, known=True)
    assert all(share >= 25 / 30 for share in shares.values()), shares


def test_the_fit_is_that_of_general_least_squares():
    """Parameters agree with SciPy's curve_fit, started at the truth, to one part in 10,000."""
    (limit, scale, power, _), points = drawn(np.random.default_rng(3), known=True)
    n, error, sigma = np.array([(one.samples, one.error, one.standard_error) for one in points]).T
    expected, _ = curve_fit(lambda n, e, a, b: e + a * n**-b, n, error, [limit, scale, power], sigma)
    curve = fit_curve(points)
    assert [curve.limit.value, curve.scale.value, curve.power.value] == pytest.approx(expected, rel=1e-4)


def test_points_on_a_curve_give_it_back():
    """Without noise the parameters come back, and 5 n^-1/2 + 0.1 = 0.15 at 10,000 samples."""
    curve = fit_curve(exact())
    assert [curve.limit.value, curve.scale.value, curve.power.value] == pytest.approx([0.1, 5, 0.5], rel=1e-4)
    needed = curve.samples_for(0.15)
    assert needed.samples.value == pytest.approx(10_000, rel=1e-3)
    assert needed.samples.low < 10_000 < needed.samples.high
    assert (needed.outcome, needed.extrapolated, needed.advice) == ("found", False, "")
    assert curve.misfit > 0.99


def test_a_target_below_the_limit_is_an_answer():
    """With a limit of 0.1 an error of 0.05 is not reachable, and the answer says the limit."""
    needed = fit_curve(exact()).samples_for(0.05)
    assert (needed.outcome, needed.samples.value, needed.samples.low) == ("not_reachable", math.inf, math.inf)
    assert needed.advice.startswith("not reachable: the limit is 0.1 (")


def test_a_target_that_may_be_below_the_limit_has_no_upper_end():
    """Where the interval of the limit holds the target the samples may be infinitely many, and more data is advised."""
    points = [CurvePoint(one.samples, one.error, 0.03 * one.error) for one in exact()]
    curve = fit_curve(points)
    assert curve.limit.high > 0.103
    needed = curve.samples_for(0.103)
    assert (needed.outcome, needed.samples.high) == ("perhaps", math.inf)
    assert needed.samples.low < needed.samples.value < math.inf
    assert "measure with more than 12,800 samples" in needed.advice


def test_reading_beyond_ten_times_the_data_is_flagged():
    """Ten times the largest measured is 128,000 samples: a target that takes more is flagged, one of less is not."""
    curve = fit_curve(exact())
    just_within, beyond = (curve.samples_for(0.1 + 5 * n**-0.5) for n in (120_000, 136_000))
    assert not just_within.extrapolated
    assert beyond.extrapolated
    assert "11 times the 12,800 samples that were measured" in beyond.advice


def test_a_target_that_one_sample_meets_takes_one():
    """An error above that of a single sample needs one sample, not less."""
    assert fit_curve(exact()).samples_for(6.0).samples.value == 1


def test_three_sizes_are_too_few():
    """Three numbers of samples, however often measured, are refused with the reason."""
    with pytest.raises(InputError, match="4 different numbers of samples or more, got 3"):
        fit_curve([*exact(sizes=SIZES[:3]), *exact(sizes=SIZES[:3])])


def test_errors_that_do_not_fall_have_no_scale():
    """A flat curve is fitted with its mean, any target below it is not reachable, and one above takes a sample."""
    rng = np.random.default_rng(1)
    curve = fit_curve([CurvePoint(int(n), 0.3 + 0.001 * rng.standard_normal(), 0.001) for n in SIZES])
    assert curve.error(10**6) == pytest.approx(0.3, abs=0.003)
    assert curve.samples_for(0.2).outcome == "not_reachable"


def test_a_curve_of_another_form_is_in_doubt():
    """Errors that first fall and then rise leave a misfit below 0.01."""
    points = [CurvePoint(int(n), 0.3 + 0.1 * (math.log(n / 1000)) ** 2, 0.01) for n in SIZES]
    assert fit_curve(points).misfit < 0.01


def test_the_spread_of_few_seeds_is_smoothed_over_the_points():
    """A spread that is a power of n comes back within 30% from four seeds a point, which none of them alone tells."""
    rng = np.random.default_rng(5)
    spread = 0.5 * SIZES**-0.3
    points = points_of({int(n): (1 + s * rng.standard_normal(4)).tolist() for n, s in zip(SIZES, spread, strict=True)})
    ratio = np.array([2 * point.standard_error for point in points]) / spread
    assert np.all((ratio > 0.7) & (ratio < 1.3)), ratio
    assert {point.freedom for point in points} == {12.0}


@pytest.mark.parametrize("errors", [[0.3], [0.3, 0.3]])
def test_errors_without_a_spread_are_refused(errors):
    """One seed, or seeds that are all alike, tell nothing of the error's error."""
    with pytest.raises(InputError, match="at least two seeds that differ, at 200 samples"):
        points_of({100: [0.4, 0.5], 200: errors})


@pytest.mark.parametrize("point", [(0, 0.1, 0.1), (5, math.nan, 0.1), (5, 0.1, 0.0)])
def test_impossible_points_are_refused(point):
    """No samples, no error, or no standard error is named."""
    with pytest.raises(InputError, match="a point of a learning curve"):
        CurvePoint(*point)


def test_a_target_of_nothing_is_refused():
    """A target is an error above 0."""
    with pytest.raises(InputError, match="target: expected an error above 0, got 0"):
        fit_curve(exact()).samples_for(0.0)


def test_a_flat_curve_has_a_limit_and_no_slope():
    """Errors that are alike at every number of samples end at their own height."""
    curve = fit_curve([CurvePoint(n, 0.4, 0.001) for n in (100, 200, 400, 800, 1600)])
    assert curve.error(1600) == pytest.approx(0.4, abs=1e-6)
    assert curve.samples_for(0.3).outcome == "not_reachable"
