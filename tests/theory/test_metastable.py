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
RUSH, LATER = 60.0, 120.0  # seconds: the rush begins, and is over for three quarters of a minute


def answered(engine, *settings):
    """Shares of the queries that are answered, before the rush and long after it, one a replication."""
    plan = resolve(load_scenario(STORM, [*settings]), load_profile("default"))
    found = []
    for replication in range(2):
        result = engine_named(engine)(plan, replication)
        completed = result.outcome == COMPLETED
        found.append([completed[result.arrival < RUSH].mean(), completed[result.arrival > LATER].mean()])
    return np.array(found).T


@pytest.mark.parametrize("engine", ENGINES)
def test_retries_keep_down_what_a_rush_took_down(engine):
    """Three attempts at each call are over twice what the service can do, and a budget of a tenth leaves it room to heal.

    The load is the same before the rush and long after it; without the budget nine queries in ten stay unanswered.
    """
    before, after = answered(engine)
    assert (before == 1).all()
    assert (after < 0.2).all()
    assert (answered(engine, "funnel.rank.retry.budget=10%")[1] > 0.999).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_without_retries_a_rush_passes(engine):
    """One attempt at each call is 70% of what the service can do: nothing keeps it down."""
    assert (answered(engine, "funnel.rank.retry=null")[1] > 0.999).all()
