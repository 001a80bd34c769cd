"""Click rates for training, against what the loop itself says of its arms."""

import pytest

from simulator.bias.answer import find_bias
from simulator.bias.click_rates import click_rates
from simulator.scenario.model import Study
from simulator.training.answer import find_training

BIAS = {"users": 100, "items": 50, "slots": 5, "steps": 10, "replications": 4, "click_rate": 0.1, "by": "rate"}
RANDOM = {"name": "random-lists", "kind": "random", "qps": 100, "share": "10%", "click_value": 2}
CLICKS = {"name": "clicks", "kind": "online", "qps": 100, "logged": "10%"}


def study(*sources, bias=BIAS):
    """A study of training with sources beside a loop."""
    training = {"target": 0.8, "sources": sources}
    return Study.model_validate({"name": "both", "training": training, "bias": bias})


def test_click_rates_are_those_of_the_loop():
    """The first arm's and random lists', each as `simulator bias` has it, and their difference by replication."""
    found = click_rates(study(CLICKS, RANDOM))
    arms = [{"name": "own"}, {"name": "random", "recommender": "random"}]
    own, random = find_bias(study(CLICKS, RANDOM, bias=BIAS | {"arms": arms})).arms
    assert found.ranked == own.totals["click_rate"]
    assert found.random == random.totals["click_rate"]
    assert found.lost.value == pytest.approx(-random.difference.value)
    assert found.lost.high - found.lost.low == pytest.approx(random.difference.high - random.difference.low)


def test_sources_take_simulated_clicks():
    """864,000 lists a day, each clicked as simulated; a click on a random list costs what it loses at 2 a click."""
    asked = study(CLICKS, RANDOM)
    clicks = click_rates(asked)
    own, random = find_training(asked, clicks=clicks).data.supplies
    assert own.per_day == pytest.approx(864_000 * clicks.ranked.value)
    assert random.per_day == pytest.approx(864_000 * clicks.random.value)
    assert random.price == pytest.approx(2 * clicks.lost.value / clicks.random.value)
    assert "simulated" in own.note
    assert "lost, simulated" in random.note


def test_what_a_source_says_goes_before_what_is_simulated():
    """Nothing is simulated where all say their click rates; lost clicks that are said stay."""
    assert click_rates(study(CLICKS | {"click_rate": 0.5}, RANDOM | {"click_rate": 0.1})) is None
    asked = study(CLICKS | {"click_rate": 0.5}, RANDOM | {"lost_clicks": 0.25})
    clicks = click_rates(asked)
    own, random = find_training(asked, clicks=clicks).data.supplies
    assert own.per_day == pytest.approx(432_000)
    assert random.price == pytest.approx(2 * 0.25 / clicks.random.value)
