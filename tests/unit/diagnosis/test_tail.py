"""The tail in parts: it adds up to the latency, and a planted bottleneck is named first."""

import json
from dataclasses import replace

import numpy as np
import pytest

from simulator.capacity.run import run_scenario
from simulator.costs.profile import load_profile
from simulator.diagnosis.tail import PARTS, find_tail, trace
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario

EXPONENTIAL = {"distribution": "exponential", "mean": "1ms"}
NETWORK = {"request": {"distribution": "exponential", "mean": "200us"}, "response": "100us"}


def scenario(**sections):
    """A funnel of two stages, with sections changed."""
    asked = {
        "name": "toy",
        "sla": {"qps": 200, "objectives": ["p99 < 50ms"]},
        "traffic": {"candidates": 100, "queries": 2_000, "replications": 4},
        "funnel": [
            {"name": "wide", "shards": 10, "cost": EXPONENTIAL, "network": NETWORK},
            {"name": "narrow", "cost": EXPONENTIAL},
        ],
    }
    return parse_scenario(json.dumps(asked | sections))


def plan(**sections):
    """Its plan, with a warm-up."""
    return replace(resolve(scenario(**sections), load_profile("default")), warmup=100)


POLICIES = [
    {},
    {"hedging": {"after": "2ms", "cancel": "on_response"}, "replicas": 2},
    {"deadline": "3ms", "on_deadline": "partial"},
    {"retry": {"attempts": 3, "backoff": "1ms"}, "queue_limit": 1},
    {"batching": {"size": 4, "wait": "2ms"}},
    {"balancing": "least_outstanding", "replicas": 2, "imbalance": "30%"},
]


@pytest.mark.parametrize("policy", POLICIES)
def test_parts_add_up_to_the_latency(policy):
    """Under each policy every traced query's parts add up to its latency to 1e-9 seconds, and none is below 0."""
    wide = {"name": "wide", "shards": 10, "cost": EXPONENTIAL, "network": NETWORK}
    traced = trace(plan(funnel=[wide | policy, {"name": "narrow", "cost": EXPONENTIAL}]), 0)
    sums = traced.parts.sum(axis=(1, 2)) + traced.door
    assert np.abs(sums - traced.latency).max() < 1e-9
    assert traced.parts.min() > -1e-12
    assert traced.in_tail.sum() >= 19


def test_cached_queries_are_the_door_alone():
    """Where a cache answers nine of ten, the typical query is the cache's latency and the tail the funnel's."""
    asked = {"candidates": 100, "queries": 2_000, "replications": 2, "cache": {"hit_rate": "90%", "latency": "1ms"}}
    found = find_tail(plan(traffic=asked))
    assert found.typical_door == pytest.approx(1e-3)
    assert found.typical_latency == pytest.approx(1e-3)
    assert found.door == 0
    assert found.error < 1e-9


def test_a_slow_shard_is_named_first():
    """One of ten shards, five times as slow, is the last answer of nearly all of the tail, and named with its share."""
    faults = [{"kind": "slow", "stage": "wide", "shards": 1, "factor": 5}]
    found = find_tail(plan(faults=faults, traffic={"candidates": 100, "qps": 100, "queries": 2_000, "replications": 3}))
    first = found.blames[0]
    assert (first.kind, first.stage) == ("fault", "wide")
    assert first.tail > 0.9
    assert first.fair == pytest.approx(0.1)
    assert next(one for one in found.blames if one.kind == "shard").name == "shard 0"
    beyond = found.parts - found.typical_parts
    assert np.unravel_index(beyond.argmax(), beyond.shape) == (0, PARTS.index("slowest shard"))


def test_a_full_queue_is_named_first():
    """A stage at nine tenths of its capacity, behind ten idle shards, is what the tail loses its time to: queueing."""
    crowded = {"distribution": "exponential", "mean": "4.5ms"}
    funnel = [{"name": "wide", "shards": 10, "cost": EXPONENTIAL}, {"name": "narrow", "cost": crowded}]
    found = find_tail(plan(funnel=funnel))
    beyond = found.parts - found.typical_parts
    assert np.unravel_index(beyond.argmax(), beyond.shape) == (1, PARTS.index("queueing"))
    assert found.culprits[1] > 0.9


def test_pauses_are_told_from_work():
    """Where workers pause for 20 ms, the tail waits for services that a pause lengthened, others do not."""
    faults = [{"kind": "pause", "stage": "narrow", "every": "2s", "for": "20ms"}]
    found = find_tail(plan(faults=faults, traffic={"candidates": 100, "qps": 50, "queries": 2_000, "replications": 3}))
    blame = next(one for one in found.blames if "pause" in one.name)
    assert blame.tail > 0.2 > 0.01 > blame.typical


def test_the_tail_is_that_of_the_run():
    """The mean of the tail lies above the run's p99, and typical queries around its median."""
    answer = run_scenario(scenario())
    found = find_tail(answer.plan)
    assert found.latency > answer.latency["p99"].value
    assert found.typical_latency == pytest.approx(answer.latency["p50"].value, rel=0.02)


def test_nothing_completed_is_no_tail():
    """Where every query fails there is no tail to look into."""
    funnel = [{"name": "never", "cost": "10ms", "deadline": "1ms", "on_deadline": "fail"}]
    assert find_tail(plan(funnel=funnel)) is None
