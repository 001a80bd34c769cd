"""Repeated looks: the inflation of 1969, the limits of the tables, and simulated experiments."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from simulator.bias.sequential import critical_values, crossing, first_crossing
from simulator.errors import InputError


@pytest.mark.parametrize(("looks", "found"), [(1, 0.050), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193)])
def test_looking_again_finds_more_of_nothing(looks, found):
    """5% at each of L looks is 5.0, 8.3, 10.7, 12.6, 14.2, 19.3% in all (Armitage, McPherson & Rowe 1969, table 2)."""
    assert crossing(critical_values(looks, "uncorrected")).sum() == pytest.approx(found, abs=5e-4)


@pytest.mark.parametrize(
    ("rule", "looks", "last"),
    [
        ("pocock", 1, 1.960),
        ("pocock", 2, 2.178),
        ("pocock", 3, 2.289),
        ("pocock", 5, 2.413),
        ("pocock", 10, 2.555),
        ("pocock", 20, 2.672),
        ("obrien_fleming", 2, 1.977),
        ("obrien_fleming", 3, 2.004),
        ("obrien_fleming", 5, 2.040),
        ("obrien_fleming", 10, 2.087),
        ("obrien_fleming", 20, 2.126),
    ],
)
def test_corrected_limits_are_those_of_the_tables(rule, looks, last):
    """At 5%, two-sided (Jennison & Turnbull 2000, tables 2.1 and 2.3); O'Brien & Fleming's fall as 1 / sqrt(k)."""
    limits = critical_values(looks, rule)
    assert limits[-1] == pytest.approx(last, abs=6e-4)
    shape = np.ones(looks) if rule == "pocock" else np.sqrt(looks / np.arange(1, looks + 1))
    assert limits == pytest.approx(last * shape, rel=3e-4)


@pytest.mark.parametrize("rule", ["pocock", "obrien_fleming"])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3])
def test_corrected_limits_find_nothing_as_seldom_as_they_say(rule, alpha):
    """Over all looks together, alpha."""
    assert crossing(critical_values(7, rule, alpha)).sum() == pytest.approx(alpha, rel=1e-6)


@pytest.mark.parametrize(("rule", "inflation"), [("pocock", 1.229), ("obrien_fleming", 1.028)])
def test_power_of_five_looks_costs_what_the_tables_say(rule, inflation):
    """80% power takes 1.229 and 1.028 times the rows of one look (Jennison & Turnbull 2000, tables 2.2 and 2.4)."""
    drift = math.sqrt(inflation) * (norm.ppf(0.975) + norm.ppf(0.8))
    assert crossing(critical_values(5, rule), drift).sum() == pytest.approx(0.8, abs=5e-4)


@pytest.mark.parametrize("drift", [0.0, 2.0])
def test_three_looks_are_a_normal_integral(drift):
    """The chance to stay inside three uneven limits is the multivariate normal's over a box (another algorithm)."""
    limits, shares = np.array([2.5, 1.5, 1.8]), np.arange(1, 4) / 3
    covariance = np.sqrt(np.minimum.outer(shares, shares) / np.maximum.outer(shares, shares))
    law = multivariate_normal(drift * np.sqrt(shares), covariance, abseps=1e-7, maxpts=2_000_000)
    assert 1 - crossing(limits, drift).sum() == pytest.approx(law.cdf(limits, lower_limit=-limits), abs=2e-6)


def test_looks_of_simulated_experiments_stop_when_they_should():
    """Of 40,000 experiments with an effect, the share stopped at each of 4 looks is exact within 4 standard errors."""
    limits = critical_values(4, "pocock")
    steps = np.random.default_rng(1).normal(2.5 / 2, 1, size=(40_000, 4))
    z = steps.cumsum(axis=1) / np.sqrt(np.arange(1, 5))
    stopped = np.bincount(first_crossing(z, limits), minlength=5) / 40_000
    expected = crossing(limits, drift=2.5)
    assert (np.abs(stopped[1:] - expected) < 4 * np.sqrt(expected * (1 - expected) / 40_000)).all()
    assert stopped[0] == pytest.approx(1 - stopped[1:].sum())


def test_a_look_that_nobody_takes_costs_nothing():
    """An infinite limit is no look; a limit far out neither, at whatever drift."""
    once = crossing(np.array([np.inf, np.inf, 1.959963984540054]))
    assert once == pytest.approx([0, 0, 0.05], abs=1e-12)
    assert crossing(np.array([1e9, 1e9]), drift=40.0).sum() == 0
    assert crossing(np.array([1e9, 1.96]), drift=40.0) == pytest.approx([0, 1])


def test_the_first_crossing_is_on_either_side():
    """Look numbers count from 1; 0 is never; a value at its limit is inside."""
    z = np.array([[0.0, -3, 3], [2, 2, 2], [3, 0, 0]])
    assert first_crossing(z, np.full(3, 2.0)).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: critical_values(0), "looks are from 1 to 200; got 0"),
        (lambda: critical_values(201), "looks are from 1 to 200; got 201"),
        (lambda: critical_values(2, "fleming"), "no rule 'fleming' for looks; there are uncorrected, pocock, obrien"),
        (lambda: critical_values(2, alpha=1), "alpha is between 0 and 1; got 1"),
        (lambda: crossing(np.array([2.0, 0.0])), r"got \[2.0, 0.0\]"),
        (lambda: crossing(np.empty(0)), r"got \[\]"),
    ],
)
def test_looks_that_are_none_are_refused(call, message):
    """Numbers of looks, rules and limits outside their ranges are named."""
    with pytest.raises(InputError, match=message):
        call()
