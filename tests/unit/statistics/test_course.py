"""A run step by step, where a fault comes and goes."""

import json

import numpy as np
import pytest

from simulator.capacity.run import run_scenario
from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from simulator.statistics.course import course_step, upheavals


def scenario(*faults, **stage):
    """Evenly spaced queries, 100 a second for a minute, each 5 ms at one worker."""
    asked = {
        "name": "a",
        "traffic": {
            "arrivals": "constant",
            "qps": 100,
            "candidates": 1,
            "queries": 6000,
            "warmup": 0,
            "replications": 2,
        },
        "funnel": [{"name": "s", "cost": "5ms"} | stage],
        "merge": {"fixed": "0s"},
        "faults": [{"stage": "s"} | fault for fault in faults],
    }
    return parse_scenario(json.dumps(asked))


SLOW = {"kind": "slow", "factor": 3, "from": "20s", "for": "10s"}
DOWN = {"kind": "down", "from": "20s", "for": "10s"}


@pytest.mark.parametrize(
    ("faults", "step", "spans"),
    [
        ([], 0.0, []),
        ([{"kind": "slow", "factor": 3}], 0.0, []),
        ([{"kind": "down", "mttf": "20s", "mttr": "1s"}], 0.0, []),
        ([SLOW], 1.0, [(20.0, 30.0)]),
        ([SLOW, DOWN | {"from": "10s"}], 1.0, [(10.0, 20.0), (20.0, 30.0)]),
    ],
)
def test_only_what_happens_at_a_stated_time_has_a_course(faults, step, spans):
    """What lasts, and what comes at random times, is the same at all times; a minute is told second by second."""
    plan = resolve(scenario(*faults), load_profile("default"))
    assert (course_step(plan), upheavals(plan)) == (step, spans)


def test_a_slow_worker_falls_behind_and_catches_up():
    """The latest is the last query that is served slowly: after 2/3 of the fault, when it is 10 s / 3 behind.

    A third of the fault's 1,000 queries is left at its end, and gone after a third of its length at half load.
    """
    course = run_scenario(scenario(SLOW)).course
    late = np.array([step.p99.value for step in course])
    assert [step.offered_qps for step in course] == pytest.approx([100] * len(course), abs=1)
    assert late[:20] == pytest.approx(0.005)
    assert (late.argmax(), late.max()) == (26, pytest.approx(10 / 3, abs=0.02))
    assert late[34:] == pytest.approx(0.005)


def test_nothing_is_answered_while_the_only_replica_is_gone():
    """Goodput is nil in those seconds, and no latency is made up for them."""
    course = run_scenario(scenario(DOWN)).course
    goodput = np.array([step.goodput_qps.value for step in course])
    assert (goodput[21:29] == 0).all()
    assert np.isnan([step.p99.value for step in course][21:29]).all()
    assert goodput[:19] == pytest.approx(100, abs=1)
