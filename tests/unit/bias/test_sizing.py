"""Sizes and powers of A/B tests, against quantiles, tables and simulated tests."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from simulator.bias.sizing import click_deviation, power, rows_per_arm, smallest_effect
from simulator.errors import InputError


def test_the_rule_of_15_point_7():
    """80% power at 5% takes 15.7 s^2 / d^2 rows an arm: 15.698 to five digits (Lehr 1992, before rounding to 16)."""
    assert rows_per_arm(1, 0.001) == math.ceil(2e6 * (norm.ppf(0.975) + norm.ppf(0.8)) ** 2)
    assert rows_per_arm(1, 0.001) / 1e6 == pytest.approx(15.698, abs=5e-4)
    assert rows_per_arm(3, -0.3) == rows_per_arm(1, 0.1)


def test_clicks_need_half_a_million_rows():
    """At a click rate of 1% a tenth more of it takes 15.7 * 0.0099 / 1e-6 = 155,409 rows an arm."""
    assert rows_per_arm(click_deviation(0.01), 0.001) == math.ceil(15.697759 * 0.0099e6)


@pytest.mark.parametrize(("wanted", "alpha"), [(0.8, 0.05), (0.9, 0.01), (0.5, 0.1)])
def test_power_is_what_was_sized_for(wanted, alpha):
    """Arms of that size find the difference with that power, beside finding it the wrong way round, and none less."""
    rows = rows_per_arm(2.0, 0.01, wanted, alpha)
    wrong_way = norm.cdf(2 * norm.ppf(alpha / 2) - norm.ppf(wanted))
    assert power(2.0, 0.01, rows, rows, alpha) == pytest.approx(wanted + wrong_way, abs=1e-5)
    assert smallest_effect(2.0, rows, rows, wanted, alpha) == pytest.approx(0.01, rel=1e-4)


def test_power_without_a_difference_is_alpha():
    """Both tails of a true null are found."""
    assert power(1.0, 0.0, 50, 5000, 0.03) == pytest.approx(0.03)


def test_power_of_unequal_arms_is_that_of_simulated_tests():
    """A holdout of 500 rows beside 9,500: of 20,000 z-tests the share that find 0.1, within 4 standard errors."""
    rng = np.random.default_rng(1)
    z = rng.normal(0.1, math.sqrt(1 / 500 + 1 / 9500), size=20_000) / math.sqrt(1 / 500 + 1 / 9500)
    expected = power(1.0, 0.1, 500, 9500)
    error = math.sqrt(expected * (1 - expected) / 20_000)
    assert abs((np.abs(z) > norm.ppf(0.975)).mean() - expected) < 4 * error
    assert expected < power(1.0, 0.1, 5000, 5000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rows_per_arm(0, 1), "a standard deviation is above 0; got 0"),
        (lambda: rows_per_arm(1, 0), "no number of rows shows a difference of 0"),
        (lambda: rows_per_arm(1, 1, wanted=1), r"power is between alpha \(0.05\) and 1; got 1"),
        (lambda: rows_per_arm(1, 1, alpha=0), "alpha is between 0 and 1; got 0"),
        (lambda: power(1, 1, 0, 10), "an arm without traffic shows nothing; got arms of 0 and 10 rows"),
        (lambda: smallest_effect(1, 10, 0), "an arm without traffic"),
        (lambda: click_deviation(1.5), "a share from 0 to 1; got 1.5"),
    ],
)
def test_what_cannot_be_sized_is_told(call, message):
    """Deviations, differences, powers and arms outside their ranges are named."""
    with pytest.raises(InputError, match=message):
        call()
