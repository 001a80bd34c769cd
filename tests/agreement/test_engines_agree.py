"""The reference and the compiled engine return equal arrays, whatever the scenario."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.arrivals import prepare
from simulator.engine.conservation import check_conservation
from simulator.engine.events import run_events
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.scenario.load import parse_scenario

PROFILE = load_profile("default")
EXAMPLES = 400

# Whole and half seconds make ties: arrivals, completions and answers that fall on one instant.
ROUND = st.sampled_from(["0s", "0.25s", "0.5s", "1s", "2s"])


def laws(means=ROUND):
    """Strategies for a duration or distribution, constant ones (and so ties) half of the time."""
    cv = st.sampled_from([0.3, 1.0, 2.5])
    return st.one_of(
        means,
        means,
        st.fixed_dictionaries({"distribution": st.just("exponential"), "mean": means}),
        st.fixed_dictionaries({"distribution": st.sampled_from(["lognormal", "gamma"]), "mean": means, "cv": cv}),
        st.fixed_dictionaries({"distribution": st.just("hyperexponential"), "mean": means, "cv": st.just(2.0)}),
        st.fixed_dictionaries({"distribution": st.just("pareto"), "mean": means, "alpha": st.just(2.5)}),
        st.just({"distribution": "uniform", "low": "0s", "high": "1s"}),
        st.just({"distribution": "percentiles", "p0": "100ms", "p50": "500ms", "p99": "3s"}),
    )


def costs():
    """Strategies for a cost: a law of the whole call, or one that grows with candidates, with noise or without."""
    affine = st.fixed_dictionaries({"fixed": ROUND, "per_candidate": ROUND, "cv": st.sampled_from([0.0, 0.5])})
    return st.one_of(laws(), affine)


def stages():
    """Strategies for a stage."""
    return st.fixed_dictionaries(
        {
            "shards": st.sampled_from([1, 2, 3, 7]),
            "replicas": st.sampled_from([1, 2, 3]),
            "workers": st.sampled_from([1, 2, 4]),
            "balancing": st.sampled_from(["random", "round_robin", "least_outstanding", "power_of_two"]),
            "cost": costs(),
        },
        optional={
            "idle_cost": costs(),
            "network": st.fixed_dictionaries({}, optional={"request": laws(), "response": laws()}),
        },
    )


@st.composite
def scenarios(draw):
    """A scenario of one to three stages as a plain mapping."""
    funnel = draw(st.lists(stages(), min_size=1, max_size=3))
    candidates, keep = draw(st.sampled_from([1, 2, 5, 8, 40])), None
    for i, stage in enumerate(funnel):
        stage["name"] = f"stage{i}"
        keep = draw(st.integers(1, keep or candidates))
        stage["keep"] = keep
    count = draw(st.one_of(st.just(candidates), st.just({"distribution": "exponential", "mean": candidates})))
    merge = {"fixed": draw(ROUND), "per_shard": draw(st.sampled_from(["0s", "0.25s"]))}
    workers = draw(st.sampled_from([None, None, 1, 2]))
    return {
        "name": "drawn",
        "seed": draw(st.integers(0, 1000)),
        "traffic": {
            "arrivals": draw(st.sampled_from(["poisson", "constant"])),
            "qps": draw(st.sampled_from([0.25, 0.5, 1, 2, 4])),
            "candidates": count,
            "queries": draw(st.sampled_from([1, 30, 80])),
            "warmup": draw(st.sampled_from([0, 10])),
        },
        "funnel": funnel,
        "merge": merge | ({"workers": workers} if workers else {}),
    }


def by_events(plan, replication) -> Result:
    """The compiled engine's event path, also where it would take the forward path."""
    result = prepare(plan, replication)
    run_events(plan, replication, result)
    return result


def plan_of(scenario: dict):
    """The plan of a scenario given as a mapping (JSON is YAML)."""
    return resolve(parse_scenario(json.dumps(scenario)), PROFILE)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_engines_agree_bit_for_bit(scenario):
    """Over drawn scenarios, ties and zero services among them, both engines and both paths return equal arrays."""
    plan = plan_of(scenario)
    by_simpy = reference.simulate(plan, 0)
    assert by_simpy.differences(compiled.simulate(plan, 0)) == []
    assert by_simpy.differences(by_events(plan, 0)) == []
    check_conservation(by_simpy, plan.warmup)


@settings(max_examples=EXAMPLES // 4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.sampled_from([1, 7, 30]))
def test_blocks_put_together_are_the_whole(scenario, size):
    """Simulated block by block, whatever the size, every query's row is bit for bit that of the whole run."""
    plan = plan_of(scenario)
    whole = compiled.simulate(plan, 0)
    first, busy = 0, [np.zeros_like(one) for one in whole.busy]
    for block in compiled.blocks(plan, 0, size):
        rows = whole.part(first, first + block.arrival.size)
        assert replace(block, busy=rows.busy, merge_busy=rows.merge_busy).differences(rows) == []
        first += block.arrival.size
        busy = [one + two for one, two in zip(busy, block.busy, strict=True)]
    assert first == whole.arrival.size
    for one, two in zip(busy, whole.busy, strict=True):
        assert np.allclose(one, two, rtol=1e-12, atol=0)


SHIPPED = ["web_search", "tail_at_scale", "one_machine"]


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
