"""Replica-hours and what they cost, of fleets that stay and of fleets that follow the load."""

import json

import pytest

from simulator.capacity.compare import compare
from simulator.capacity.price import cost_per_hour, cost_per_million_queries, mean_workers
from simulator.capacity.run import run_scenario
from simulator.engine.replications import blocks_of
from simulator.scenario.grid import load_grid
from simulator.scenario.load import parse_scenario

SCALING = {"target": "60%", "interval": "1min", "delay": "1min", "min": 1, "max": 6}
ASKED = {
    "name": "day",
    "sla": {"qps": 2, "objectives": ["p99 < 60s"]},
    "traffic": {
        "arrivals": "daily",
        "daily": {"low": "10%", "peak_hour": 8, "duration": "2h"},
        "candidates": 2,
        "replications": 2,
    },
    "funnel": [
        {"name": "s", "shards": 2, "replicas": 6, "workers": 1, "cost": "1s", "balancing": "least_outstanding"},
    ],
    "prices": {"worker_hour": 0.5, "currency": "EUR"},
}


def day(**stage):
    """The scenario with these settings of its stage."""
    return ASKED | {"funnel": [ASKED["funnel"][0] | stage]}


@pytest.fixture(scope="module")
def fixed():
    """Six replicas all the time."""
    return run_scenario(parse_scenario(json.dumps(day())))


@pytest.fixture(scope="module")
def following():
    """One to six replicas."""
    return run_scenario(parse_scenario(json.dumps(day(autoscaling=SCALING))))


def last_arrival(answer, replication):
    """When the last query of a replication arrives, in seconds."""
    *_, last = blocks_of(answer.plan, "compiled", replication)
    return float(last.arrival[-1])


def test_a_fixed_fleet_s_replica_hours_are_replicas_times_hours(fixed):
    """Two shards of six replicas have exactly twelve replica-hours an hour, and six replicas in every window."""
    assert fixed.stages[0].mean_replicas.value == 6
    for replication, summary in enumerate(fixed.summaries):
        lasts = last_arrival(fixed, replication)
        assert lasts == pytest.approx(7200, rel=0.02)
        assert summary.stages[0].replica_hours == lasts * 12 / 3600
    assert {one.replicas for one in fixed.windows} == {(6.0,)}


def test_a_fleet_that_follows_the_load_has_fewer_replica_hours_and_costs_less(fixed, following):
    """Both replica-hours and costs fall in the ratio of the mean replicas."""
    one, two = fixed.stages[0], following.stages[0]
    assert two.replica_hours.high < one.replica_hours.low
    share = two.mean_replicas.value / 6
    assert 0.2 < share < 0.8
    workers = mean_workers(following.stages)
    assert workers == pytest.approx(12 * share)
    assert cost_per_hour(following.scenario, workers) == pytest.approx(6 * share)
    assert cost_per_million_queries(following.scenario, workers) == pytest.approx(6 * share / 7200 * 1e6)


def test_windows_average_to_the_mean_replicas(following):
    """Replicas by window, weighted by the window's measured seconds, give each replication's replica-hours."""
    for replication, summary in enumerate(following.summaries):
        lasts = last_arrival(following, replication)
        seconds = [max(0.0, min(300.0, lasts - 300 * w)) for w in range(24)]
        inside = sum(r * t for r, t in zip(summary.window_replicas[0].tolist(), seconds, strict=True) if t > 0)
        after = max(0.0, lasts - 7200)  # a run that ends after its time has up to six replicas beyond its windows
        total = summary.stages[0].replicas * lasts
        assert total * (1 - 1e-9) - 6 * after <= inside <= total * (1 + 1e-9)
    assert min(last_arrival(following, replication) for replication in (0, 1)) < 7200  # one has nothing beyond


def test_engines_give_the_same_windows(following):
    """SimPy counts the very same replica-seconds in every window as the compiled engine."""
    by_simpy = run_scenario(parse_scenario(json.dumps(day(autoscaling=SCALING))), "simpy")
    assert [one.replicas for one in by_simpy.windows] == [one.replicas for one in following.windows]
    assert len({one.replicas for one in following.windows}) > 5


def test_a_comparison_s_costs_are_those_of_the_replicas_that_ran(fixed, following, tmp_path):
    """Of rows with and without autoscaling the one with it is the cheapest, at the price of its mean replicas."""
    path = tmp_path / "day.yaml"
    path.write_text(json.dumps(day()))
    found = compare(load_grid(path, (), [f"funnel.s.autoscaling=null,{json.dumps(SCALING)}"]))
    off, on = found.rows
    assert (off.cell.shown["funnel.s.autoscaling"], on.cell.shown["funnel.s.autoscaling"]) == ("off", "on")
    assert off.workers == 12
    assert on.workers == mean_workers(following.stages)
    assert found.best == 1
    assert on.times[0].service == pytest.approx(off.times[0].service, rel=1e-6)
