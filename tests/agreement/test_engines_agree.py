"""The reference and the compiled engine return equal arrays, whatever the scenario."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine import compiled, reference
from simulator.engine.resolve import resolve
from simulator.scenario.load import load_study
from simulator.scenario.model import Scenario
from tests.agreement.drawn import PROFILE, agree, answers_agree, assert_together, plan_of, scenarios, threads_agree

EXAMPLES, MANY = 300, 2000

DRAWN = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=EXAMPLES, **DRAWN)
@given(scenarios())
def test_engines_agree_bit_for_bit(scenario):
    """Over drawn scenarios, all policies and ties among them, both engines, paths and blocks return equal arrays."""
    agree(scenario)


@pytest.mark.slow
@settings(max_examples=MANY, **DRAWN)
@given(scenarios())
def test_engines_agree_over_many_scenarios(scenario):
    """The same over many more scenarios: pytest tests/agreement -m slow."""
    agree(scenario)


@given(size=st.sampled_from([1, 2, 30]), scenario=scenarios())
@settings(max_examples=50, **DRAWN)
def test_blocks_of_any_size_are_the_whole(scenario, size):
    """Simulated one query at a time, or by thirty, every row is bit for bit that of the whole run."""
    plan = plan_of(scenario)
    assert_together(compiled.blocks(plan, 0, size), compiled.simulate(plan, 0))


@given(scenario=scenarios())
@settings(max_examples=50, **DRAWN)
def test_threads_change_no_bit(scenario):
    """With the shards of every stage on three threads, every row is bit for bit that of one thread."""
    threads_agree(scenario)


@given(scenario=scenarios())
@settings(max_examples=100, **DRAWN)
def test_answers_agree_one_by_one(scenario):
    """Every answer to every third query, with its replica, batch and times, is bit for bit the same in both engines."""
    answers_agree(scenario)


FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SHIPPED = [path.stem for path in FILES if isinstance(load_study(path), Scenario)]


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("replication", [0, 3])
def test_engines_agree_on_shipped_scenarios(name, replication, scaled_down):
    """Each shipped scenario, scaled down to 20 shards and 200 queries, gives equal arrays in both engines."""
    plan = replace(resolve(scaled_down(name), PROFILE), warmup=20)
    assert reference.simulate(plan, replication).differences(compiled.simulate(plan, replication)) == []


def test_replications_are_of_different_luck():
    """Two replications of one plan share no arrival time."""
    plan = plan_of({"name": "a", "traffic": {"qps": 1, "candidates": 1}, "funnel": [{"name": "s", "cost": "1s"}]})
    one, two = compiled.simulate(plan, 0), compiled.simulate(plan, 1)
    assert not set(one.arrival) & set(two.arrival)


def test_a_mismatch_would_be_seen():
    """A single bit changed in a single cell of a result is reported as a difference."""
    plan = plan_of({"name": "a", "traffic": {"qps": 1, "candidates": 1}, "funnel": [{"name": "s", "cost": "1s"}]})
    one, two = compiled.simulate(plan, 0), compiled.simulate(plan, 0)
    two.end[7] *= 1 + 2.0**-52
    assert one.differences(two) == ["end"]
