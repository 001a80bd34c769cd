"""What to change next: elasticities match theory, and a planted bottleneck comes first."""

import json
import math

import pytest

from simulator.diagnosis.elasticity import CHEAPER, find_elasticities
from simulator.scenario.load import parse_scenario

MEAN, QPS = 0.010, 60.0


def lone_queue(**stage):
    """M/M/1 at 60% load."""
    asked = {
        "name": "lone",
        "sla": {"qps": QPS, "objectives": ["p99 < 200ms"]},
        "traffic": {"candidates": 1, "queries": 20_000, "replications": 20},
        "funnel": [{"name": "only", "cost": {"distribution": "exponential", "mean": "10ms"}} | stage],
        "merge": {"fixed": "0ms", "per_shard": "0ms"},
        "prices": {"worker_hour": 0.05, "currency": "USD"},
    }
    return parse_scenario(json.dumps(asked))


def tail(mean: float) -> float:
    """The p99 of M/M/1: latency is exponential with rate 1 / mean - arrivals."""
    return math.log(100) / (1 / mean - QPS)


def test_less_cost_does_what_theory_says_of_a_lone_queue():
    """With 10% less cost the p99 and the maximum load of M/M/1 move as theory says, inside the interval."""
    found = find_elasticities(lone_queue())
    change = next(one for one in found.changes if one.what == "10% less cost")
    cheaper = MEAN * (1 - CHEAPER)
    assert change.p99.low <= tail(cheaper) - tail(MEAN) <= change.p99.high
    assert change.p99.value == pytest.approx(tail(cheaper) - tail(MEAN), rel=0.05)
    most = [1 / mean - math.log(100) / 0.2 for mean in (cheaper, MEAN)]
    assert change.max_qps.value == pytest.approx(most[0] - most[1], rel=0.05)
    assert change.max_qps.low <= most[0] - most[1] <= change.max_qps.high
    assert change.per_hour == 0


def test_one_more_worker_costs_its_price():
    """A second worker lowers the p99 of M/M/1 beyond luck, for the price of one worker."""
    found = find_elasticities(lone_queue())
    change = next(one for one in found.changes if one.what == "one more worker")
    assert change.helps
    assert change.carries_more
    assert change.per_hour == pytest.approx(0.05)


def test_the_planted_bottleneck_comes_first():
    """Of three stages the one at nine tenths of its capacity is what to change next, and idle ones do nothing."""
    idle = {"cost": {"distribution": "exponential", "mean": "1ms"}}
    asked = {
        "name": "three",
        "sla": {"qps": 100, "objectives": ["p99 < 500ms"]},
        "traffic": {"candidates": 10, "queries": 5_000, "replications": 6},
        "funnel": [
            {"name": "first"} | idle,
            {"name": "full", "cost": {"distribution": "exponential", "mean": "9ms"}},
            {"name": "last"} | idle,
        ],
    }
    found = find_elasticities(parse_scenario(json.dumps(asked)))
    assert found.next is not None
    assert found.next.stage == "full"
    assert {one.stage for one in found.changes[:3]} == {"full"}


def test_a_fault_is_taken_out():
    """Without the fault that makes a shard slow the p99 falls most, and nothing is paid for it."""
    asked = {
        "name": "broken",
        "sla": {"qps": 50, "objectives": ["p99 < 500ms"]},
        "traffic": {"candidates": 10, "queries": 2_000, "replications": 4},
        "funnel": [{"name": "wide", "shards": 5, "cost": {"distribution": "exponential", "mean": "2ms"}}],
        "faults": [{"kind": "slow", "stage": "wide", "shards": 1, "factor": 6}],
    }
    found = find_elasticities(parse_scenario(json.dumps(asked)))
    assert found.next is not None
    assert found.next.what == "without its slow fault"
    assert found.next.workers == 0
