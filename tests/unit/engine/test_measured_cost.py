"""Costs measured in production: what a stage draws, and how it is labelled."""

import json

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.resolve import resolve
from simulator.scenario.load import load_scenario


@pytest.fixture
def asked(tmp_path):
    """Return what writes a scenario of one idle stage with a cost, beside files of latencies, and loads it."""
    (tmp_path / "latencies.csv").write_text("0.001\n0.002\n0.005\n")
    (tmp_path / "table.csv").write_text("when,seconds\n1,0.25\n2,0.5\n")

    def load(**keys):
        scenario = {
            "name": "measured",
            "traffic": {"arrivals": "constant", "qps": 1, "candidates": 10, "queries": 200, "warmup": 0},
            "funnel": [{"name": "rank", **keys}],
            "merge": {"fixed": "0s"},
        }
        (tmp_path / "scenario.yaml").write_text(json.dumps(scenario))
        return load_scenario(tmp_path / "scenario.yaml")

    return load


@pytest.mark.parametrize("simulate", [compiled.simulate, reference.simulate], ids=["compiled", "simpy"])
def test_calls_take_the_durations_of_the_file(asked, simulate):
    """Without queueing every latency is one of the file's, and each of them occurs; the source is named measured."""
    plan = resolve(asked(cost={"measured": "latencies.csv"}), load_profile("default"))
    assert plan.sources == ("measured",)
    services = simulate(plan, 0).parts[:, 0, 2]
    assert np.unique(services).tolist() == [0.001, 0.002, 0.005]


def test_a_column_is_read_and_an_idle_law_too(asked):
    """A CSV file's column gives the cost, and another file that of idle calls."""
    scenario = asked(cost={"measured": "table.csv", "column": "seconds"}, idle_cost={"measured": "latencies.csv"})
    stage = scenario.funnel[0]
    assert stage.cost.samples == (0.25, 0.5)
    assert stage.idle_cost.samples == (0.001, 0.002, 0.005)


def test_an_assumed_cost_stays_labelled_so(asked):
    """The same file as a distribution is what the user assumes."""
    scenario = asked(cost={"distribution": "empirical", "file": "latencies.csv"})
    assert resolve(scenario, load_profile("default")).sources == ("assumed",)
