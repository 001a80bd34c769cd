"""Retries that outlive what set them off: a metastable failure (Bronson and others, HotOS 2021), and what ends it."""

from pathlib import Path

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.replications import ENGINES, engine_named
from simulator.engine.resolve import resolve
from simulator.engine.result import COMPLETED
from simulator.scenario.load import load_scenario

STORM = Path(__file__).parents[2] / "scenarios" / "retry_storm.yaml"
SMALLER = ["traffic.queries=4200", "faults.0.from=3s", "faults.0.for=3s"]  # 15 seconds


def goodput(engine, *settings):
    """Queries a second that are answered, before the fault and from three seconds after its end on, a replication."""
    plan = resolve(load_scenario(STORM, [*SMALLER, *settings]), load_profile("default"))
    found = []
    for replication in range(3):
        result = engine_named(engine)(plan, replication)
        answered = result.arrival[result.outcome == COMPLETED]
        end = result.arrival[-1]
        found.append(((answered < 3).sum() / 3, (answered > 9).sum() / (end - 9)))
    return np.array(found).T


@pytest.mark.parametrize("engine", ENGINES)
def test_retries_keep_down_what_a_fault_took_down(engine):
    """Three attempts at each call are over twice what the service can do; a budget of a tenth leaves it room to heal.

    Goodput before the fault, and with the budget after it, is the 280 offered, within four Poisson standard errors;
    without it nothing is answered any more, though the fault is over and the offered load is 70% of the capacity.
    """
    before, after = goodput(engine)
    _, healed = goodput(engine, "funnel.rank.retry.budget=10%")
    assert (np.abs(before - 280) < 4 * np.sqrt(280 / 3)).all()
    assert (after < 0.05 * 280).all()
    assert (np.abs(healed - 280) < 4 * np.sqrt(280 / 6)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_load_that_bears_all_its_retries_heals_by_itself(engine):
    """At 120 QPS three attempts are 360 calls a second, less than the 400 that can be served: no budget is needed."""
    _, after = goodput(engine, "traffic.qps=120", "traffic.queries=1800", "faults.0.factor=8")
    assert (np.abs(after - 120) < 4 * np.sqrt(120 / 6)).all()
