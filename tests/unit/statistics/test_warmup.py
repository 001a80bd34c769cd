"""What a run leaves out at its start, against relaxation times known exactly."""

import json
import math

import pytest

from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from simulator.statistics.load import offered_load
from simulator.statistics.warmup import longest_warmup, warmup_floor


def planned(cost, shards=1, **traffic):
    """A plan of one stage of that cost at 16 queries a second."""
    asked = {"name": "a", "traffic": {"qps": 16, "candidates": 1, **traffic}}
    funnel = [{"name": "s", "cost": cost, "shards": shards}]
    return resolve(parse_scenario(json.dumps(asked | {"funnel": funnel})), load_profile("default"))


@pytest.mark.parametrize(
    ("law", "scv"),
    [
        ("50ms", 0.0),
        ({"distribution": "gamma", "mean": "50ms", "cv": 0.5}, 0.25),
        ({"distribution": "exponential", "mean": "50ms"}, 1.0),
        ({"distribution": "hyperexponential", "mean": "50ms", "cv": 4}, 16.0),
        ({"distribution": "pareto", "mean": "50ms", "alpha": 2}, 1.0),
    ],
)
def test_a_service_that_varies_takes_longer_to_settle(law, scv):
    """Ten relaxation times of M/M/1, (1 + cs^2) / 2 times; as an exponential's where cs^2 is infinite."""
    plan = planned(law)
    relaxation = 0.05 / (1 - math.sqrt(0.8)) ** 2
    assert warmup_floor(plan, offered_load(plan)) == pytest.approx(160 * relaxation * (1 + scv) / 2, rel=1e-3)


def test_many_shards_leave_out_no_more_than_is_affordable():
    """Four times the measured queries, fewer where they are dear, and never fewer than are measured."""
    longest = [longest_warmup(planned("1us", shards, queries=20_000)) for shards in (1, 400, 4000)]
    assert longest == [80_000, 50_000, 20_000]
