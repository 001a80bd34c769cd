"""Closed forms of a cluster against rings that are walked, order statistics known exactly, and failures that strike."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

from simulator.costs.profile import QUANTILE_LEVELS, Residuals
from simulator.distributions.exponential import Exponential
from simulator.distributions.lognormal import Lognormal
from simulator.distributions.uniform import Uniform
from simulator.errors import InputError
from simulator.training.cluster import (
    all_reduce_s,
    daly_interval_s,
    expected_time_s,
    mean_of_largest,
    young_interval_s,
)


def walk_the_ring(parts):
    """Sum up `parts`, shape (W, W, n), by worker and place, around a ring; return the rounds that it took."""
    W, rounds = len(parts), 0
    for adds, offset in ((True, 0), (False, 1)):
        for turn in range(W - 1):
            sent = [(worker, (worker + offset - turn) % W) for worker in range(W)]
            given = [parts[worker, place].copy() for worker, place in sent]
            for (worker, place), part in zip(sent, given, strict=True):
                there = parts[(worker + 1) % W, place]
                there[:] = there + part if adds else part
            rounds += 1
    return rounds


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_all_reduce_takes_as_long_as_walking_the_ring(workers):
    """Passing a W-th of the gradient at a time gives every worker the sum, in the time of the rounds that it takes."""
    parts = np.random.default_rng(0).standard_normal((workers, workers, 5))
    sums = parts.sum(axis=0)
    rounds = walk_the_ring(parts)
    np.testing.assert_allclose(parts, np.broadcast_to(sums, parts.shape), rtol=1e-12)
    a_round = 600 / workers / 1e4 + 0.25
    assert all_reduce_s(workers, 600, 1e4, 0.25) == pytest.approx(rounds * a_round, rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 7, 100, 10_000])
def test_the_largest_exponential_is_a_harmonic_number(count):
    """The mean of the largest of W exponentials of mean 2 is 2 H_W."""
    expected = 2 * sum(1 / i for i in range(1, count + 1))
    assert mean_of_largest(Exponential(mean=2.0), count) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_the_largest_uniform(count):
    """The mean of the largest of W uniforms from 1 to 3 is 1 + 2 W / (W + 1)."""
    law = Uniform(low=1.0, high=3.0)
    assert mean_of_largest(law, count) == pytest.approx(1 + 2 * count / (count + 1), rel=1e-8)


@pytest.mark.parametrize("count", [1, 5, 64])
@pytest.mark.parametrize("cv", [0.2, 1.0, 3.0])
def test_the_largest_lognormal_is_the_integral_of_its_tail(cv, count):
    """The mean of the largest of W lognormals is the integral of 1 - F(x)^W, with F by scipy."""
    sigma = math.sqrt(math.log1p(cv**2))
    law = stats.lognorm(sigma, scale=math.exp(-(sigma**2) / 2))
    breaks = [*law.ppf([1e-6, 0.5, 0.99]), *law.isf([1e-4, 1e-7, 1e-10, 1e-14])]
    ends = [0.0, *breaks]
    tail = sum(
        quad(lambda x: -math.expm1(count * law.logcdf(x)) if x else 1.0, low, high, limit=200)[0]
        for low, high in zip(ends, breaks, strict=False)
    )
    assert mean_of_largest(Lognormal(mean=1.0, cv=cv), count) == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize("count", [1, 2, 16])
def test_the_largest_of_measured_residuals_is_exact(count):
    """Between two levels a to b a table of quantiles is a straight line, which u^W weighs in closed form."""
    law = Residuals.of(np.random.default_rng(1).gamma(4.0, size=4000))
    levels, ratios = np.array(QUANTILE_LEVELS), np.array(law.ratios)
    slope = np.diff(ratios) / np.diff(levels)
    start = ratios[:-1] - slope * levels[:-1]
    powers, next_powers = np.diff(levels**count), np.diff(levels ** (count + 1))
    expected = (start * powers + slope * count / (count + 1) * next_powers).sum()
    assert mean_of_largest(law, count) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("checkpoint_s", [1.0, 10.0, 60.0, 600.0])
@pytest.mark.parametrize("mttf_s", [86_400.0, 1e6])
def test_dalys_interval_is_the_numeric_optimum(checkpoint_s, mttf_s):
    """Where checkpoints are short beside the time to failure, Daly's interval is within 1% of the one scipy finds."""

    def loss(interval_s):
        return math.expm1((interval_s + checkpoint_s) / mttf_s) / interval_s

    found = minimize_scalar(loss, bounds=(checkpoint_s / 10, mttf_s), method="bounded", options={"xatol": 1e-3}).x
    daly = daly_interval_s(checkpoint_s, mttf_s)
    assert daly == pytest.approx(found, rel=0.01)
    assert abs(daly / found - 1) < abs(young_interval_s(checkpoint_s, mttf_s) / found - 1)


@pytest.mark.parametrize("share", [1e-6, 0.001, 0.1, 0.5, 1.0])
def test_dalys_interval_is_that_of_lamberts_function(share):
    """The optimum is M (1 + W(-e^(-1 - C/M))); Daly's is within 0.1% of it below C = M / 2, and 5% up to C = M."""
    exact = 1 + float(lambertw(-math.exp(-1 - share)).real)
    assert daly_interval_s(share, 1.0) == pytest.approx(exact, rel=0.001 if share < 0.5 else 0.05)


def test_checkpoints_longer_than_twice_the_time_to_failure_are_as_rare_as_failures():
    """From C = 2 M on the interval is M, where the series ends too."""
    assert daly_interval_s(2.0, 1.0) == daly_interval_s(50.0, 1.0) == 1.0
    assert daly_interval_s(2.0 - 1e-9, 1.0) == pytest.approx(2 * (1 + 1 / 3 + 1 / 9) - 2)


def struck(work_s, interval_s, checkpoint_s, restart_s, mttf_s, rng):
    """Return the time of one training, failure by failure."""
    now, saved, fails = 0.0, 0.0, rng.exponential(mttf_s)
    while saved < work_s:
        part = min(interval_s, work_s - saved)
        if now + part + checkpoint_s <= fails:
            now, saved = now + part + checkpoint_s, saved + part
            continue
        now, trains = fails, False
        while not trains:  # a restart may fail too
            fails = now + rng.exponential(mttf_s)
            trains = now + restart_s <= fails
            now = min(now + restart_s, fails)
    return now


@pytest.mark.parametrize(
    "numbers",
    [
        (100.0, 10.0, 1.0, 2.0, 50.0),
        (97.0, 10.0, 1.0, 2.0, 20.0),
        (40.0, 50.0, 0.5, 30.0, 25.0),
        (30.0, 6.0, 0, 0, 4.0),
    ],
)
def test_expected_time_is_that_of_failures_one_by_one(numbers):
    """Trainings simulated failure by failure take as long on average, within four standard errors."""
    rng = np.random.default_rng(7)
    times = np.array([struck(*numbers, rng) for _ in range(4000)])
    assert abs(times.mean() - expected_time_s(*numbers)) < 4 * times.std(ddof=1) / len(times) ** 0.5


def test_expected_time_of_whole_intervals_is_dalys():
    """Ten whole intervals take 10 M e^(R/M) (e^((T + C)/M) - 1), though 1 / 0.1 is not quite ten in binary."""
    expected = 10 * 3 * math.exp(0.2 / 3) * math.expm1(0.15 / 3)
    assert expected_time_s(0.1 + 0.2 + 0.7, 0.1, 0.05, 0.2, 3.0) == pytest.approx(expected, rel=1e-12)


def test_without_failures_only_checkpoints_are_lost():
    """As the time to failure grows the time becomes that of the work and its checkpoints."""
    assert expected_time_s(95.0, 10.0, 1.0, 5.0, 1e12) == pytest.approx(95 + 10, rel=1e-9)


def test_no_work_takes_no_time_and_too_many_failures_take_for_ever():
    """Nothing to do is done at once; an interval of a thousand times the time to failure is never got through."""
    assert expected_time_s(0.0, 10.0, 1.0, 1.0, 100.0) == 0
    assert expected_time_s(1e6, 1e6, 1.0, 1.0, 1000.0) == math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: all_reduce_s(0, 1, 1, 0), "at least 1 worker"),
        (lambda: all_reduce_s(2, 1, 0, 0), "a bandwidth above 0"),
        (lambda: all_reduce_s(2, math.nan, 1, 0), "got 2, nan, 0 and 1"),
        (lambda: mean_of_largest(Exponential(mean=1.0), 0), "at least 1, got 0"),
        (lambda: daly_interval_s(-1.0, 1.0), "a checkpoint of at least 0"),
        (lambda: young_interval_s(1.0, 0.0), "a mean time to failure above 0"),
        (lambda: expected_time_s(1.0, 0.0, 1.0, 1.0, 1.0), "between checkpoints above 0"),
        (lambda: expected_time_s(-1.0, 1.0, 1.0, 1.0, 1.0), "seconds of work"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    """What cannot be is named with what was got."""
    with pytest.raises(InputError, match=message):
        call()
