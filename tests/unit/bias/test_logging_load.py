"""What a day of logging and learning takes, worked out by hand."""

import math

import pytest

from simulator.bias.logging_load import logging_load
from simulator.scenario.load import parse_scenario

SERVED = """
name: shop
traffic: {qps: 100, candidates: 1000}
funnel: [{name: rank, cost: 1ms}]
prices: {worker_hour: 2}
bias:
  slots: 10
  logging: {row_bytes: 50, wanted_rows: 8_640_000, step: 1h, training: 30min}
  arms:
    - {name: none}
    - {name: some, exploration: 1%, retrain: 2}
    - {name: all, recommender: random}
"""


def test_a_day_by_hand():
    """100 QPS of 10 places are 86.4 million rows of 50 bytes; of these 1% are random, or all."""
    none, some, every = logging_load(parse_scenario(SERVED))
    assert [one.rows for one in (none, some, every)] == [86.4e6] * 3
    assert none.bytes == pytest.approx(4.32e9)
    assert [one.random_rows for one in (none, some, every)] == pytest.approx([0, 864e3, 86.4e6])
    assert [one.days for one in (none, some, every)] == pytest.approx([math.inf, 10, 0.1])
    assert [one.trainings for one in (none, some)] == pytest.approx([24, 12])
    assert [one.worker_hours for one in (none, some)] == pytest.approx([12, 6])
    assert [one.cost for one in (none, some)] == pytest.approx([24, 12])


def test_without_prices_or_a_wish_there_is_none():
    """No cost where an hour has no price, no days where no number of rows is wanted; nothing without a bias section."""
    text = SERVED.replace("prices: {worker_hour: 2}\n", "").replace("wanted_rows: 8_640_000, ", "")
    assert [(one.cost, one.days) for one in logging_load(parse_scenario(text))] == [(None, None)] * 3
    assert logging_load(parse_scenario(SERVED[: SERVED.index("bias:")])) == ()
