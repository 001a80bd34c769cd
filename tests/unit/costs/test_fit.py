"""Fits against curves that are known: what a fit may be off by follows from the noise that was put in.

A point is the mean of CALLS calls with a coefficient of variation CV, so its relative standard error is
CV / sqrt(CALLS). Bounds are five of those: beyond chance for the few numbers that a test looks at.
"""

import numpy as np
import pytest

from simulator.costs.fit import SHORTEST_FOR_NOISE_S, fit_law

CALLS, CV = 400, 0.2
BOUND = 5 * CV / CALLS**0.5
SIZES = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000]


def affine(n):
    """Half a millisecond and a tenth of a microsecond a candidate."""
    return 5e-4 + 1e-7 * n


def kinked(n):
    """Ten times dearer beyond 1,000 candidates, as where a cache ends."""
    return 5e-4 + 1e-6 * min(n, 1000) + 1e-5 * max(n - 1000, 0)


def measured(cost, seed=1):
    """Return CALLS gamma-distributed times of each size about cost(size)."""
    rng = np.random.default_rng(seed)
    shape = CV**-2
    return {size: cost(size) * rng.gamma(shape, 1 / shape, CALLS) for size in SIZES}


@pytest.mark.parametrize("seed", range(20))
def test_an_affine_cost_is_recovered(seed):
    """Fixed and per-candidate terms come back within five standard errors of a point, and as one line."""
    law = fit_law(measured(affine, seed))
    assert law.form == "affine"
    assert law.curve.intercept[0] == pytest.approx(5e-4, rel=BOUND)
    assert law.curve.slope[0] == pytest.approx(1e-7, rel=BOUND)


@pytest.mark.parametrize("seed", range(5))
def test_a_kink_is_recovered(seed):
    """A cost with a kink is fitted by pieces that pass within five standard errors of every point."""
    law = fit_law(measured(kinked, seed))
    assert law.form == "piecewise"
    for size in SIZES:
        assert law.curve.at(size) == pytest.approx(kinked(size), rel=BOUND)


def test_pieces_go_straight_between_points_and_stay_flat_below_the_first():
    """Without noise the curve halves the way between two points, and one candidate costs what the first point does."""
    exact = {size: np.full(3, kinked(size)) for size in SIZES}
    curve = fit_law(exact).curve
    assert curve.at(2000) == pytest.approx(kinked(2000), rel=1e-9)
    assert curve.at(1) == pytest.approx(kinked(10), rel=1e-9)


def test_the_last_piece_goes_on():
    """Beyond the last point the cost grows as between the last two."""
    exact = {size: np.full(3, kinked(size)) for size in SIZES}
    assert fit_law(exact).curve.at(200_000) == pytest.approx(kinked(200_000), rel=1e-9)


def test_points_that_fall_are_fitted_by_a_curve_that_does_not():
    """A dip in the means, which only noise can cause, is levelled out."""
    means = [1e-3, 4e-3, 3e-3, 3.2e-3, 9e-3, 3e-2, 0.1, 0.5, 0.4]
    curve = fit_law({size: np.full(2, mean) for size, mean in zip(SIZES, means, strict=True)}).curve
    values = [curve.at(n) for n in range(1, 100_000, 97)]
    assert min(np.diff(values)) >= -1e-12
    assert curve.at(3_000) > curve.at(1_000) > curve.at(10)


def test_a_cost_that_falls_towards_nothing_is_given_no_negative_term():
    """Points whose straight line would start below zero get a line through zero instead."""
    law = fit_law({size: np.full(2, 1e-6 * size**1.1) for size in (10, 100, 1000)})
    assert law.form == "affine"
    assert law.curve.intercept[0] == 0
    assert law.curve.slope[0] > 0


def test_the_noise_has_mean_one():
    """Whatever the times, the noise multiplies the curve without moving its mean."""
    times = measured(affine)
    times[10][0] *= 1000
    assert fit_law(times).noise.mean_value() == pytest.approx(1, abs=1e-12)


def test_the_noise_is_the_spread_of_the_calls():
    """The median and the 95th percentile of the noise are those of the gamma law that was put in.

    A quantile's standard error is sqrt(p (1 - p) / calls) over the density, below 3 standard deviations here.
    """
    from scipy import stats

    noise = fit_law(measured(affine)).noise
    law = stats.gamma(CV**-2, scale=CV**2)
    calls = CALLS * len(SIZES)
    for p in (0.5, 0.95):
        error = (p * (1 - p) / calls) ** 0.5 / law.pdf(law.ppf(p))
        found = noise.quantile(np.array([p]), np.array([1 - p]))[0]
        assert found == pytest.approx(law.ppf(p), abs=5 * error + 0.002)


def test_short_calls_say_nothing_about_the_noise():
    """A hiccup a hundred times a short call's time leaves no trace in the noise of longer ones."""
    short = np.array([SHORTEST_FOR_NOISE_S / 100] * 29 + [SHORTEST_FOR_NOISE_S])
    law = fit_law({1: short, 1000: np.full(30, 10 * SHORTEST_FOR_NOISE_S)})
    assert law.noise.ratios == (1.0,) * len(law.noise.ratios)


def test_where_all_calls_are_short_the_longest_say_what_noise_there_is():
    """With no longer call the noise is that of the size that takes longest, not a mixture of all."""
    spread = np.array([0.5, 1.0, 1.5]) * SHORTEST_FOR_NOISE_S / 2
    law = fit_law({1: np.array([1e-6, 9e-6]), 1000: spread})
    assert (law.noise.ratios[0], law.noise.ratios[-1]) == pytest.approx((0.5, 1.5))


def test_points_keep_what_was_measured():
    """Each size is kept with the number of its calls, their mean, and their extreme times."""
    point = fit_law({5: np.array([1e-3, 2e-3, 6e-3]), 50: np.full(4, 1e-2)}).points[0]
    assert (point.candidates, point.calls, point.mean_s) == (5, 3, pytest.approx(3e-3))
    assert (point.quantile(0), point.quantile(0.5), point.quantile(1)) == pytest.approx((1e-3, 2e-3, 6e-3))


def test_noise_alone_seldom_bends_a_line():
    """Of 200 straight costs measured with much noise and few calls, at most one in twenty is fitted by pieces."""
    sizes = [10**k * part for k in range(6) for part in (1, 3)]
    shape = 0.5**-2

    def noisy(seed):
        rng = np.random.default_rng(seed)
        return {size: affine(size) * rng.gamma(shape, 1 / shape, 35) for size in sizes}

    bent = sum(fit_law(noisy(seed)).form == "piecewise" for seed in range(200))
    assert bent <= 10


def test_the_fit_error_is_of_points_that_were_left_out():
    """Pieces pass through every point, so what the fit is off by shows only at a point that it did not see."""
    law = fit_law({size: np.full(3, kinked(size)) for size in SIZES})
    assert law.form == "piecewise"
    assert all(law.curve.at(size) == pytest.approx(kinked(size), rel=1e-9) for size in SIZES)
    missed = kinked(100) + (kinked(1000) - kinked(100)) * 200 / 900  # at 300, where the line is straight: nothing
    assert missed == pytest.approx(kinked(300))
    at_1000 = kinked(300) + (kinked(3000) - kinked(300)) * 700 / 2700  # the kink itself
    inner = [0.0] * len(SIZES[1:-1])
    inner[SIZES.index(1000) - 1] = at_1000 / kinked(1000) - 1
    # Without 3,000 the line from 1,000 to 10,000 is the truth, as is every other line beyond the kink.
    assert law.fit_error == pytest.approx(np.mean(inner), rel=1e-9)
