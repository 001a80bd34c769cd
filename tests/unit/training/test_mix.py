"""Mixes against plain arithmetic, brute force, and the duality of linear programmes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.training.mix import cheapest, fastest, most_worth, worth_over_days
from simulator.training.sources import Supply

CLICKS = Supply("clicks", "online", 1000.0, math.inf, 2.0, 0.0, 0.0, 0.5)
CROWD = Supply("crowd", "labellers", 400.0, math.inf, 0.0, 0.2, 0.0, 0.8)
OPEN = Supply("open", "existing", math.inf, 3000.0, 1.0, 0.0, 250.0, 0.3)
SOURCES = [CLICKS, CROWD, OPEN]


def test_the_cheapest_takes_what_is_free_and_pays_for_the_rest():
    """10 days: 8,000 clicks are worth 4,000; the 1,000 that lack are 900 of open data for 250, or labels at 0.25."""
    found = cheapest([CLICKS, CROWD], 5000, 10)
    assert found.samples == pytest.approx({"clicks": 8000, "crowd": 1250})
    assert found.cost == pytest.approx(250)
    assert found.shadow_price == pytest.approx(0.25)
    assert found.days == pytest.approx(10)
    with_open = cheapest(SOURCES, 5100, 10)
    assert with_open.cost == pytest.approx(275)  # labels alone: data for 250 would leave 200 to pay for, 50
    assert cheapest(SOURCES, 7700, 10).cost == pytest.approx(250 + 2800 * 0.25)  # labels would not suffice


def test_the_fastest_opens_sources_one_after_the_other():
    """800 clean samples: labels alone would take 2.5 days; from day 2 on clicks help: 320 d + 500 (d - 2) = 800."""
    found = fastest([CLICKS, CROWD], 800)
    assert found.days == pytest.approx(1800 / 820)
    assert found.samples["crowd"] == pytest.approx(400 * 1800 / 820)
    assert fastest([CLICKS, CROWD], 320).days == pytest.approx(1)
    assert fastest(SOURCES, 900 + 320).days == pytest.approx(1)


def test_a_budget_slows_down():
    """With 40 for labels, 200 of them, clicks have to bring the rest: 160 + 500 (d - 2) = 800."""
    found = fastest([CLICKS, CROWD], 800, budget=40)
    assert found.days == pytest.approx(2 + 640 / 500)
    assert found.cost <= 40 * (1 + 1e-9)


def test_copies_make_every_sample_count_more():
    """Twice the worth of each halves what is labelled."""
    assert cheapest([CROWD], 800, copies=2).samples["crowd"] == pytest.approx(500)


@pytest.mark.parametrize("needed", [1000, 4500, 5600])
def test_shadow_prices_are_what_one_more_sample_costs(needed):
    """The programme's marginal is the finite difference of its answer, in money and in days."""
    price = cheapest(SOURCES, needed + 1, 10).cost - cheapest(SOURCES, needed, 10).cost
    assert cheapest(SOURCES, needed, 10).shadow_price == pytest.approx(price, abs=1e-6)
    days = fastest(SOURCES, needed + 1).days - fastest(SOURCES, needed).days
    assert fastest(SOURCES, needed).shadow_price == pytest.approx(days, abs=1e-6)


@given(st.floats(100, 5000), st.floats(0.5, 20), st.floats(0, 2000))
@settings(max_examples=40)
def test_no_drawn_mix_beats_the_cheapest(needed, days, budget):
    """Of a thousand mixes drawn at random those that suffice cost no less; where some suffice there is an answer."""
    rng = np.random.default_rng(0)
    caps = np.array([CLICKS.samples_by(days), CROWD.samples_by(days), OPEN.samples_by(days)])
    x = rng.random((1000, 3)) * caps * rng.integers(2, size=(1000, 3))
    cost = x @ [0.0, 0.2, 0.0] + 250 * (x[:, 2] > 0)
    good = (x @ [0.5, 0.8, 0.3] >= needed) & (cost <= budget)
    found = cheapest(SOURCES, needed, days, budget)
    if good.any():
        assert found.outcome == "found"
        assert found.cost <= cost[good].min() * (1 + 1e-9) + 1e-9
    if found.outcome == "found":
        assert sum(found.worth.values()) == pytest.approx(needed, rel=1e-6)
        assert fastest(SOURCES, needed, days, budget).days <= found.days * (1 + 1e-9)


def test_what_cannot_be_says_what_would_help():
    """Too late, too dear, nothing to buy: each names its figure."""
    late = cheapest([CLICKS], 1000, 3)
    assert (late.outcome, late.advice) == (
        "too_late", "within 3.0 days there are 500 of 1,000 clean samples; 4.0 days would do"
    )  # fmt: skip
    dear = fastest([CROWD], 800, budget=100)
    assert dear.outcome == "too_dear"
    assert "a budget of 100.00 for data buys 400 of 800 clean samples; 200 would do" in dear.advice
    assert "buys nothing" in cheapest([CROWD], 800, budget=0).advice
    assert "the first only after 2.0" in cheapest([CLICKS], 10, 1).advice
    idle = Supply("idle", "online", 0.0, math.inf, 0.0, 0.0, 0.0, 1.0)
    coin = Supply("coin", "labellers", 10.0, math.inf, 0.0, 1.0, 0.0, 0.0)
    for sources in ([idle], [coin], [idle, coin], []):
        for found in (cheapest(sources, 10), fastest(sources, 10)):
            assert found.outcome == "nothing_sells"
            assert found.advice


def test_most_worth_is_bounded_by_time_and_money():
    """A free source by time, a dear one by money."""
    assert most_worth([CLICKS, CROWD], 4, 80) == pytest.approx(1000 + 320)
    assert most_worth([CLICKS, CROWD], 4, 0) == pytest.approx(1000)


def test_worth_adds_up_over_days():
    """At the end of a mix its sources have what it takes; before their delay nothing."""
    mix = cheapest(SOURCES, 5000, 10)
    course = worth_over_days(mix, SOURCES, [0, 1, 5, 10])
    assert sum(line[-1] for line in course.values()) == pytest.approx(5000)
    assert course["clicks"][1] == 0
