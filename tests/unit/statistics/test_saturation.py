"""Overload seen in the latencies alone, and Little's law."""

import json
import math

import numpy as np
import pytest

from simulator.capacity.run import run_scenario
from simulator.capacity.run_answer import RunAnswer
from simulator.scenario.load import parse_scenario
from simulator.statistics.little import against_little
from simulator.statistics.saturation import observe_backlog


def queue(rho: float, seed: int, **traffic: int) -> RunAnswer:
    """A run of one exponential queue at load rho."""
    asked = {
        "name": "queue",
        "seed": seed,
        "traffic": {"qps": rho, "candidates": 1, "queries": 20_000, "replications": 10} | traffic,
        "funnel": [{"name": "s", "cost": {"distribution": "exponential", "mean": "1s"}}],
        "merge": {"fixed": "0s"},
    }
    return run_scenario(parse_scenario(json.dumps(asked)))


def flagged(rho: float, runs: int) -> int:
    """How many of `runs` runs at load rho are seen to fall behind."""
    return sum(queue(rho, seed).backlog.grows for seed in range(runs))


def test_overload_is_always_seen():
    """At 105% of capacity every one of 20 runs is seen to fall behind by its latencies alone."""
    assert flagged(1.05, 20) == 20


def test_a_busy_system_is_not_taken_for_an_overloaded_one():
    """At 90% of capacity none of 20 runs is."""
    assert flagged(0.9, 20) == 0


@pytest.mark.slow
def test_overload_is_seen_in_all_of_200_runs():
    """At 105% and 120% of capacity all of 200 runs are flagged, at 90% and below at most 1%."""
    assert flagged(1.05, 200) == 200
    assert flagged(1.2, 200) == 200
    assert flagged(0.9, 200) <= 2
    assert flagged(0.5, 200) <= 2


def test_growth_is_that_of_the_backlog():
    """Latencies that rise from 0 in proportion to time end 7 times as slow in the last quarter as in the first."""
    found = observe_backlog([np.arange(1000.0), np.arange(1000.0) + 1])
    assert found.growth == pytest.approx(7, rel=0.01)
    assert found.grows


def test_one_replication_tells_nothing():
    """Without a second replication nothing is claimed, however much the latency grows."""
    found = observe_backlog([np.arange(1000.0)])
    assert math.isnan(found.growth)
    assert not found.grows


@pytest.mark.parametrize("rho", [0.3, 0.8])
def test_littles_law_holds_on_real_runs(rho):
    """Queries in the system are rate times latency: rho / (1 - rho) of M/M/1, within 4 standard errors."""
    answer = queue(rho, 1)
    half = answer.in_system.high - answer.in_system.low
    assert abs(answer.in_system.value - rho / (1 - rho)) < 2 * half  # 4 standard errors are under 4 / 2.26 halves
    assert not [warning for warning in answer.warnings if "Little" in warning]


def test_a_breach_of_littles_law_is_reported():
    """A system that counts a tenth too many queries is found out."""
    rng = np.random.default_rng(1)
    by_law = rng.normal(4.0, 0.05, size=10)
    assert against_little((by_law * 1.1).tolist(), by_law.tolist(), 20_000).startswith("Little's law does not hold")
    assert against_little((by_law + rng.normal(0, 0.01, 10)).tolist(), by_law.tolist(), 20_000) == ""


def test_little_counts_what_straddles_the_ends():
    """An overlap with the ends of the span is no breach: two queries in flight among 100 measured."""
    assert against_little([2.03, 2.04], [2.0, 2.01], 100) == ""
