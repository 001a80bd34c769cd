"""Logs of production: made by the engine itself, so that it is known what should come out."""

import numpy as np
import pytest

from simulator.costs.from_log import profile_from_log, services
from simulator.costs.profile import load_profile
from simulator.engine.compiled import simulate
from simulator.engine.resolve import resolve
from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.serving.replay import Logged, read_log, replay


def scenario(cost, workers=1, qps=500, candidates=1000):
    """One stage that costs so much."""
    traffic = {"candidates": candidates, "qps": qps, "queries": 60_000, "replications": 5, "warmup": 0}
    funnel = [{"name": "rank", "workers": workers} | cost]
    return Scenario.model_validate({"name": "it", "traffic": traffic, "funnel": funnel})


def log_of(asked):
    """What production would have logged had it been the scenario."""
    result = simulate(resolve(asked, load_profile("default")), 99)
    return Logged(result.arrival + 1e6, result.candidates[:, 0].astype(float), result.latency)


AFFINE = {"cost": {"fixed": "200us", "per_candidate": "1us", "cv": 0.3}}
VARYING = {"distribution": "gamma", "mean": 1000, "cv": 0.5}


def test_the_right_scenario_is_found_right():
    """Of a log that the scenario itself made, p50 is met within 2% and p99 within 5%."""
    found = replay(scenario(AFFINE, candidates=VARYING), log_of(scenario(AFFINE, candidates=VARYING)))
    assert abs(found.error("p50")) < 0.02
    assert abs(found.error("p99")) < 0.05


def test_a_wrong_cost_is_seen():
    """Calls 20% shorter than they are: p50 is predicted at least 20% too low."""
    quick = {"cost": {"fixed": "160us", "per_candidate": "0.8us", "cv": 0.3}}
    assert replay(scenario(quick), log_of(scenario(AFFINE))).error("p50") < -0.2


@pytest.mark.parametrize("workers", [1, 3])
def test_services_are_read_off_latencies(workers):
    """Of c workers served first in first out, each request's own service comes out to the microsecond."""
    asked = scenario({"cost": {"distribution": "exponential", "mean": "1ms"}}, workers=workers, qps=600 * workers)
    result = simulate(resolve(asked, load_profile("default")), 0)
    found, waited = services(result.arrival, result.latency, workers)
    merge = result.parts[:, 0, 4].mean()
    np.testing.assert_allclose(found - merge, result.parts[:, 0, 2], atol=1e-4)
    assert waited.mean() == pytest.approx((result.parts[:, 0, 1] > 0).mean(), abs=0.05)


def test_a_cost_learnt_from_a_log_is_the_one_that_made_it():
    """Fixed 200 us and 1 us a candidate come back within 3%, beside a merge that the log cannot tell."""
    log = log_of(scenario(AFFINE, candidates=VARYING))
    columns = (log.arrival, log.candidates, log.latency)
    law = profile_from_log("mlp", "ours", columns, 1, {}).rankers["mlp"].busy
    assert law.curve.at(1000) == pytest.approx(1.2e-3, rel=0.03)
    assert law.curve.at(2000) - law.curve.at(1000) == pytest.approx(1e-3, rel=0.05)


def test_a_log_of_another_queue_is_refused():
    """Requests that overtake one another were not served first in first out by one worker."""
    asked = scenario({"cost": {"distribution": "exponential", "mean": "1ms"}}, workers=3, qps=1800)
    log = log_of(asked)
    with pytest.raises(InputError, match="say how many with --workers"):
        services(log.arrival, log.latency, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,latency\n1,2\n", "log.csv:1: expected columns arrival, latency and perhaps candidates"),
        ("arrival,latency\n1,x\n", "log.csv:2: latency: expected a number of at least 0, got 'x'"),
        ("arrival,latency\n1\n", "log.csv:2: latency: expected a number of at least 0, got None"),
        ("arrival,latency\n" + "1,2\n" * 8, "expected at least 100 requests, got 8"),
        ("arrival,latency\n" + "1,2\n" * 200, "expected times that rise, got 1 in every row"),
        ("arrival,latency,candidates\n" + "".join(f"{i},2,0\n" for i in range(200)), "candidates: expected at least 1"),
    ],
)
def test_a_log_that_cannot_be_read_is_told(tmp_path, text, said):
    """What is wrong, and in which line."""
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_log(path)
