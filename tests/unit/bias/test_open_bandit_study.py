"""Random lists and Thompson sampling in a real shop, judged by each other's logs."""

import numpy as np
import pytest

from simulator.bias.open_bandit_study import study_open_bandit
from simulator.data.fetch import cached
from simulator.data.open_bandit import load_open_bandit

pytestmark = pytest.mark.skipif(
    cached("open-bandit") is None, reason="not in the cache: simulator data get open-bandit"
)


@pytest.fixture(scope="module")
def study():
    """What is known of each (campaign, policy)."""
    return {(campaign.name, one.policy): one for campaign in study_open_bandit() for one in campaign.policies}


def by_method(judged):
    """The values from the other's log, by estimator."""
    return {value.method: value for value in judged.from_other}


@pytest.mark.parametrize(
    ("campaign", "of_random", "of_bts"), [("all", 0.058, 0.668), ("men", 0.041, 0.651), ("women", 0.032, 0.627)]
)
def test_thompson_sampling_shows_a_few_items(study, campaign, of_random, of_bts):
    """The Gini of exposure is that of chance under random lists, and near two thirds under Thompson sampling."""
    assert round(study[campaign, "random"].exposure_gini, 3) == of_random
    assert round(study[campaign, "bts"].exposure_gini, 3) == of_bts


@pytest.mark.parametrize(
    ("campaign", "of_random", "of_bts"), [("all", 0.0038, 0.0042), ("men", 0.0046, 0.0069), ("women", 0.0046, 0.0046)]
)
def test_each_log_has_its_own_click_rate(study, campaign, of_random, of_bts):
    """38 to 69 clicks of 10,000 rows."""
    assert study[campaign, "random"].click_rate.value == pytest.approx(of_random)
    assert study[campaign, "bts"].click_rate.value == pytest.approx(of_bts)


def test_one_propensity_of_a_millionth_is_told(study):
    """In the women log a row of chance 1e-6 weighs 1/46 of a million: 2 effective rows of 10,000, and a doubt."""
    log = load_open_bandit("bts", "women")
    assert log.propensity.min() == 1e-6
    value = by_method(study["women", "random"])["ips"]
    assert round(value.largest_weight) == 21_739
    assert round(value.effective_sample_size, 1) == 2.1
    (doubt,) = value.doubts
    assert "10,000 rows tell as much as 2.1 of equal weight would" in doubt
    assert "21,739" in doubt


def test_clipping_takes_the_row_out(study):
    """At a weight of 100, the root of 10,000 rows, hundreds of effective rows are left in the women log."""
    value = by_method(study["women", "random"])["clipped"]
    assert value.largest_weight == 100
    assert value.holds
    assert value.effective_sample_size > 300


def test_only_the_women_log_of_thompson_sampling_is_doubted(study):
    """The weights of the other five have a mean of 1 and at least 30 effective rows; naive means are always doubted."""
    doubted = {
        key
        for key, judged in study.items()
        for value in judged.from_other
        if value.method != "naive" and not value.holds
    }
    assert doubted == {("women", "random")}


def test_weighted_intervals_hold_the_rate_of_the_own_log(study):
    """Wherever nothing speaks against it, the estimate from the other's log is within 2 joint standard errors."""
    for judged in study.values():
        for value in judged.from_other:
            if value.method == "naive" or not value.holds:
                continue
            halves = [(one.high - one.low) / 2 / 1.96 for one in (value.estimate, judged.click_rate)]
            assert abs(value.estimate.value - judged.click_rate.value) < 2 * np.hypot(*halves)


def test_the_week_of_thompson_sampling_is_weighed_by_position(study):
    """A click of the random log counts by how often the other showed that item in that position, times the items."""
    random, other = load_open_bandit("random", "men"), load_open_bandit("bts", "men")
    total = 0.0
    for item, position in zip(random.item[random.click], random.position[random.click], strict=True):
        total += 34 * (other.item[other.position == position] == item).mean()
    assert by_method(study["men", "bts"])["ips"].estimate.value == pytest.approx(total / 10_000, rel=1e-12)


def test_doubly_robust_is_fitted_on_the_other_half(study):
    """With a prior of 100 rows at the mean rate, and each row's model from the rows it is not among."""
    log, other = load_open_bandit("bts", "men"), study["men", "random"]
    terms = []
    for half in (0, 1):
        fit, use = np.arange(10_000) % 2 != half, np.arange(10_000) % 2 == half
        rate = log.click[fit].mean()
        shown = [fit & (log.item == item) for item in range(34)]
        q = [(log.click[rows].sum() + 100 * rate) / (rows.sum() + 100) for rows in shown]
        weight = 1 / 34 / log.propensity[use]
        terms.append(np.mean(q) + weight * (log.click[use] - np.array(q)[log.item[use]]))
    assert by_method(other)["doubly_robust"].estimate.value == pytest.approx(np.mean(terms), rel=1e-12)
