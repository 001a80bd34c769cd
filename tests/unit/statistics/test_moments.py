"""Mean and spread of a service, against closed forms."""

import json
import math

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.arrivals import entering_candidates
from simulator.engine.plan import NOISE
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from simulator.statistics.moments import law_moments, service_moments


def planned(cost, **traffic):
    """A plan of one stage of that cost."""
    asked = {"name": "a", "traffic": {"qps": 0.5, "candidates": 60, **traffic}, "funnel": [{"name": "s", "cost": cost}]}
    return resolve(parse_scenario(json.dumps(asked)), load_profile("default"))


@pytest.mark.parametrize(
    ("law", "scv"),
    [
        ({"distribution": "exponential", "mean": "5ms"}, 1.0),
        ({"distribution": "lognormal", "mean": "5ms", "cv": 2}, 4.0),
        ({"distribution": "gamma", "mean": "5ms", "cv": 0.5}, 0.25),
        ({"distribution": "hyperexponential", "mean": "5ms", "cv": 4}, 16.0),
        ({"distribution": "uniform", "low": "0s", "high": "10ms"}, 1 / 3),
        ({"distribution": "pareto", "mean": "5ms", "alpha": 3}, 1 / 3),
        ({"distribution": "pareto", "mean": "5ms", "alpha": 2}, math.inf),
        ("5ms", 0.0),
    ],
)
def test_moments_of_a_table_are_the_laws(law, scv):
    """Mean and scv of a service, integrated over its table, are the closed forms (to 0.01%); infinite at alpha = 2."""
    moments = service_moments(planned(law), 0, np.array([60]))
    assert moments.mean_s == pytest.approx(0.005)
    assert moments.scv == pytest.approx(scv, rel=1e-4, abs=1e-9)


def test_moments_of_samples_are_theirs(tmp_path):
    """An empirical law has the moments of its samples, each as likely."""
    (tmp_path / "times.csv").write_text("1\n2\n6\n")
    plan = planned({"distribution": "empirical", "file": str(tmp_path / "times.csv")})
    assert law_moments(plan.laws, NOISE) == pytest.approx((3.0, 41 / 3))


def test_random_candidates_add_to_the_spread():
    """A cost that grows with an exponential number of candidates is spread as widely as they are."""
    law = {"distribution": "exponential", "mean": 1000}
    plan = planned({"per_candidate": "1us"}, candidates=law, queries=20_000)
    moments = service_moments(plan, 0, entering_candidates(plan, 0))
    assert moments.mean_s == pytest.approx(1e-3, rel=0.05)
    assert moments.scv == pytest.approx(1.0, rel=0.1)
