"""The rate and the tail of every five minutes, however the queries come."""

import json
import math

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.engine.windows import window_count
from simulator.scenario.load import parse_scenario
from simulator.statistics.windows import Windows


def arrivals(count, minutes):
    """Sorted arrival times within so many minutes, and latencies."""
    random = np.random.default_rng(5)
    return np.sort(random.random(count)) * minutes * 60, random.exponential(size=count)


@pytest.mark.parametrize("size", [1, 37, 5_000])
def test_each_window_has_its_own_percentile_whatever_the_blocks(size):
    """Rates and percentiles are those of the queries that arrive in the window, by NumPy on all of them at once."""
    arrival, latency = arrivals(5_000, 30)
    windows = Windows(6)
    for first in range(0, arrival.size, size):
        windows.add(arrival[first : first + size], latency[first : first + size])
    qps, p99 = windows.columns()
    for w in range(6):
        own = latency[(arrival >= 300 * w) & (arrival < 300 * (w + 1))]
        assert p99[w] == np.percentile(own, 99, method="inverted_cdf")
        assert qps[w] == pytest.approx(own.size / 300, rel=0 if w < 5 else 0.01)


def test_a_window_without_enough_queries_has_no_percentile():
    """Of 99 queries there is no 99th percentile, and of none a rate of 0; what comes later is left out."""
    windows = Windows(3)
    windows.add(np.concatenate([np.linspace(0, 299, 99), np.linspace(600, 899, 100), [900.0]]), np.ones(200))
    qps, p99 = windows.columns()
    assert qps.tolist() == [0.33, 0.0, 100 / 300]
    assert [math.isnan(value) for value in p99] == [True, True, False]


def test_a_window_that_has_not_lasted_has_no_rate():
    """A lone query at time 0, or at the very start of a window, is no rate."""
    for arrival in (0.0, 300.0):
        windows = Windows(2)
        windows.add(np.array([arrival]), np.ones(1))
        assert windows.columns()[0][int(arrival / 300)] == 0.0


def test_windows_after_the_last_query_are_not_known():
    """A run that ends early has no rate of 0 after its end, and the rate until then in its last window."""
    windows = Windows(4)
    windows.add(np.linspace(0, 450, 451), np.ones(451))
    qps, p99 = windows.columns()
    assert qps[:2] == pytest.approx([1.0, 151 / 150])
    assert np.isnan(qps[2:]).all()
    assert np.isnan(p99[2:]).all()


@pytest.mark.parametrize(
    ("traffic", "count"),
    [
        ({"arrivals": "daily", "daily": {"low": "40%"}}, 288),
        ({"arrivals": "daily", "daily": {"low": 0, "duration": "90min", "peak_hour": 3}}, 18),
        ({"arrivals": "daily", "daily": {"low": "40%"}, "queries": 100}, 0),
        ({"arrivals": "poisson"}, 0),
        ({"arrivals": "constant"}, 0),
    ],
)
def test_a_day_has_as_many_windows_as_fit(traffic, count):
    """A day of 24 hours has 288; steady traffic has none, since all its windows are alike."""
    asked = {"name": "a", "traffic": {"qps": 2, "candidates": 1, **traffic}, "funnel": [{"name": "s", "cost": "1ms"}]}
    assert window_count(resolve(parse_scenario(json.dumps(asked)), load_profile("default"))) == count
