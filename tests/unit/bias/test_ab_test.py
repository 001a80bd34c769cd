"""Effects, sample ratios and A/A checks: what they find, and what they must not."""

import math

import numpy as np
import pytest
from scipy.stats import chisquare, t

from simulator.bias.ab_test import aa_check, effect, sample_ratio
from simulator.errors import InputError


def test_an_effect_is_welchs():
    """Difference and interval by Welch's formula: error sqrt(s^2/n + r^2/m), Satterthwaite's degrees of freedom."""
    rng = np.random.default_rng(1)
    control, treatment = rng.normal(0, 1, 40), rng.normal(0.5, 3, 25)
    found = effect(control, treatment)
    parts = control.var(ddof=1) / 40, treatment.var(ddof=1) / 25
    error = math.sqrt(sum(parts))
    assert found.difference.value == pytest.approx(treatment.mean() - control.mean())
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 39 + parts[1] ** 2 / 24)
    assert found.difference.high - found.difference.value == pytest.approx(
        t.ppf(0.975, freedom) * math.sqrt(sum(parts))
    )
    assert found.p_value == pytest.approx(2 * t.sf(abs(found.difference.value) / error, freedom))


def test_intervals_of_effects_cover_the_truth():
    """Of 2,000 intervals of clicks at 10% and 12%, 95% cover the difference within 4 standard errors."""
    rng = np.random.default_rng(2)
    clicks = ((rng.random((2000, 1000)) < rate).astype(float) for rate in (0.1, 0.12))
    found = [effect(*arms).difference for arms in zip(*clicks, strict=True)]
    covered = np.mean([one.low <= 0.02 <= one.high for one in found])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


def test_arms_that_show_nothing_are_told():
    """An arm without traffic, and rows that are all alike."""
    with pytest.raises(InputError, match="arm treatment has 0 rows"):
        effect(np.ones(5), np.ones(0))
    with pytest.raises(InputError, match="no row of either arm differs"):
        effect(np.ones(5), np.ones(5))


def test_a_sample_ratio_is_chi_squared():
    """The p-value is SciPy's, and shares need not add up to 1."""
    rows = {"a": 5050, "b": 4800, "c": 150}
    found = sample_ratio(rows, {"a": 50, "b": 48, "c": 2})
    assert found.expected == pytest.approx((5000, 4800, 200))
    assert found.p_value == pytest.approx(chisquare([5050, 4800, 150], [5000, 4800, 200]).pvalue)


def test_a_ratio_of_821588_to_815482_is_no_coin():
    """The mismatch that Kohavi, Tang & Xu (2020, section 3) show: 0.993 at p = 1.8e-6; 1,000 to 1,050 is no news."""
    found = sample_ratio({"control": 821_588, "treatment": 815_482}, {"control": 0.5, "treatment": 0.5})
    assert found.p_value == pytest.approx(1.8e-6, rel=0.03)
    assert "control 821,588 for 818,535" in found.doubts[0]
    assert not sample_ratio({"control": 1000, "treatment": 1050}, {"control": 1, "treatment": 1}).doubts


def test_good_assignments_are_seldom_flagged():
    """One in a thousand of fair ones: of 20,000, 20 within 4 standard errors."""
    drawn = np.random.default_rng(3).binomial(10_000, 0.1, size=20_000).tolist()
    shares = {"on": 1, "off": 9}
    flagged = sum(bool(sample_ratio({"on": on, "off": 10_000 - on}, shares).doubts) for on in drawn)
    assert abs(flagged - 20) < 4 * math.sqrt(20)


def test_an_arm_without_traffic_is_named():
    """Beside the p-value, which arm has none is said; one row in all is too few for a p-value to say it."""
    found = sample_ratio({"on": 0, "off": 3}, {"on": 1, "off": 1})
    assert found.doubts == ("arm on has no traffic",)


@pytest.mark.parametrize(
    ("rows", "shares"),
    [({"a": 1, "b": 2}, {"a": 1, "c": 1}), ({"a": 1}, {"a": 1})],
)
def test_ratios_of_other_arms_are_refused(rows, shares):
    """Two arms at least, the same in both."""
    with pytest.raises(InputError, match="the same two arms or more"):
        sample_ratio(rows, shares)


@pytest.mark.parametrize(
    ("rows", "shares"),
    [((1, 2), (0, 1)), ((1, 2), (math.inf, 1)), ((-1, 2), (1, 1)), ((0, 0), (1, 1)), ((1, 2), (math.nan, 1))],
)
def test_ratios_of_nothing_are_refused(rows, shares):
    """Shares are above 0, rows not below, and some at least."""
    with pytest.raises(InputError, match="shares above 0 and rows in all above 0"):
        sample_ratio(dict(zip("ab", rows, strict=True)), dict(zip("ab", shares, strict=True)))


def test_comparisons_of_an_arm_with_itself_find_little():
    """1,000 A/A tests of 200 rows: nothing is doubted, and alpha is in the interval of what was found."""
    rng = np.random.default_rng(4)
    p_values = np.array([effect(*rng.normal(size=(2, 200))).p_value for _ in range(1000)])
    found = aa_check(p_values)
    assert found.doubts == ()
    assert found.found.low < 0.05 < found.found.high
    assert found.found.value == (p_values < 0.05).mean()


def test_rows_that_are_not_independent_are_found():
    """Ten rows a user, treated as ten users, find what is not there far more than 5% of the time."""
    rng = np.random.default_rng(5)
    p_values = np.array([effect(*np.repeat(rng.normal(size=(2, 50)), 10, axis=1)).p_value for _ in range(200)])
    found = aa_check(p_values)
    assert found.found.low > 0.3
    assert "where 5.0% should: rows are not independent" in found.doubts[0]


def test_p_values_of_another_shape_are_found():
    """As few as should be under 5%, and the rest all above one half."""
    p_values = np.append(np.linspace(0.001, 0.049, 20), np.linspace(0.5, 1, 380))
    (doubt,) = aa_check(p_values).doubts
    assert "not uniform" in doubt


def test_what_is_no_p_value_is_refused():
    """None at all, and one beyond 1."""
    for wrong in (np.empty(0), np.array([0.5, 1.5]), np.array([np.nan])):
        with pytest.raises(InputError, match="at least one p-value"):
            aa_check(wrong)
