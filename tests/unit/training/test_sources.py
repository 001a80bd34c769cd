"""Sources as numbers, worked out by hand or drawn."""

import math

import numpy as np
import pytest

from simulator.scenario.training import SourceOfSamples
from simulator.training.sources import share_of_weighted, supply_of


def supply(kind, **keys):
    """What a source of a kind gives at 1,000 QPS."""
    return supply_of(SourceOfSamples.model_validate({"name": "it", "kind": kind} | keys), 1000.0)


@pytest.mark.parametrize("click_rate", [0.05, "5%"])
def test_clicks_come_at_qps_times_logged_times_click_rate(click_rate):
    """1,000 QPS, 1% logged, 5% clicked: 43,200 clicks a day, free, after a day."""
    found = supply("online", logged="1%", click_rate=click_rate, delay="24h")
    assert found.per_day == pytest.approx(43_200)
    assert (found.price, found.worth, found.delay_days) == (0, 1, 1)


def test_random_lists_cost_what_they_lose():
    """A tenth of a click lost at 2 a click, one click in twenty queries: 4 a sample."""
    found = supply("random", share="1%", click_rate=0.05, lost_clicks=0.1, click_value=2)
    assert found.per_day == pytest.approx(43_200)
    assert found.price == pytest.approx(4)


@pytest.mark.parametrize(("votes", "right"), [(1, 0.8), (3, 0.896), (5, 0.94208)])
def test_votes_share_a_sample(votes, right):
    """10 people, 60 labels an hour, 8 hours, 80% right: fewer samples, dearer, and worth more, by the binomial."""
    found = supply("labellers", price=0.1, per_hour=60, people=10, accuracy=0.8, votes=votes, sample_price=0.05)
    assert found.per_day == pytest.approx(4800 / votes)
    assert found.price == pytest.approx(votes * 0.1 + 0.05)
    assert found.worth == pytest.approx((2 * right - 1) ** 2)


def test_more_votes_only_where_samples_cost():
    """A vote on one more sample is worth more than a second on the same, until the sample itself is dear."""
    assert "1 vote a" in supply("labellers", price=0.1, per_hour=60, accuracy=0.8).note
    assert "3 votes" in supply("labellers", price=0.1, per_hour=60, accuracy=0.8, sample_price=0.5).note


def test_labels_right_half_of_the_time_are_worth_nothing():
    """A coin tells nothing, of labellers or of users who are asked."""
    assert supply("labellers", price=0.1, per_hour=60, accuracy=0.5).worth == 0
    assert supply("prompt", share="1%", answer_rate="10%", accuracy=0.5).worth == 0


def test_questions_without_an_answer_are_paid_for():
    """One in ten answers a question that costs 0.01: 0.1 a sample, 86,400 a day."""
    found = supply("prompt", share="1%", answer_rate="10%", price=0.01)
    assert found.per_day == pytest.approx(86_400)
    assert found.price == pytest.approx(0.1)


def test_existing_data_is_there_at_once():
    """All of it after its delay, none before, at one price."""
    found = supply("existing", samples=5000, price=100, worth=0.5, delay="48h")
    assert (found.price, found.fixed_price, found.worth) == (0, 100, 0.5)
    assert [found.samples_by(day) for day in (0, 1.99, 2, 100)] == [0, 0, 5000, 5000]


def test_no_clicks_no_samples():
    """A click rate of zero gives none, and no price is divided by it."""
    found = supply("random", share=0, click_rate=0, lost_clicks=1, click_value=1)
    assert found.per_day == 0
    assert math.isfinite(found.price)


@pytest.mark.parametrize(("slots", "power"), [(10, 1.0), (5, 0.5), (20, 2.0)])
def test_weighted_clicks_tell_as_much_as_fewer_equal_ones(slots, power):
    """The variance of a weighed mean over drawn clicks is that of n times Kish's share equal ones, within 4 SE."""
    rng = np.random.default_rng(1)
    e = np.arange(1.0, slots + 1) ** -power
    n, repeats = 2000, 2000
    place = rng.choice(slots, size=(repeats, n), p=e / e.sum())
    w = 1 / e[place]
    y = rng.standard_normal((repeats, n))
    variance = np.var((w * y).sum(axis=1) / w.sum(axis=1), ddof=1)
    expected = 1 / (n * share_of_weighted(slots, power))
    assert abs(variance / expected - 1) < 4 * (2 / repeats) ** 0.5 + 0.02


def test_evenly_examined_places_need_no_weight():
    """Power 0: a click is a click."""
    assert share_of_weighted(10, 0.0) == pytest.approx(1)
