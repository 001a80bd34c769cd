"""Many shards, several replicas, stages in a row. Sources stand in the rows and are printed where one fails."""

import math

import numpy as np
import pytest

from tests.theory.judge import HIGH, Run, at, cases, judged, rows, scenario

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
UNLOADED = 1e-6  # queries a second: nobody ever waits
LAWS = {
    "exp": EXPONENTIAL,
    "logn0.5": {"distribution": "lognormal", "mean": "1s", "cv": math.sqrt(math.exp(0.25) - 1)},
    "logn1.0": {"distribution": "lognormal", "mean": "1s", "cv": math.sqrt(math.exp(1.0) - 1)},
    "pareto2": {"distribution": "pareto", "mean": "1s", "alpha": 2},
}


def exact_maxima() -> list[tuple[str, int]]:
    """The laws and numbers of shards with exact rows, up to 1,000 shards."""
    found = {(row["id"].split(".N")[0], row["params"]["N"]) for row in rows("max")}
    return sorted((law.removeprefix("max."), shards) for law, shards in found if shards <= 1000)


@pytest.mark.parametrize(("law", "shards"), exact_maxima())
def test_slowest_of_many_without_load(law, shards):
    """At no load the latency is the maximum of N services: quantile F^-1(p^(1/N))."""
    chosen = [row for row in rows("max") if row["id"].startswith(f"max.{law}.N{shards}.")]
    run = Run(scenario(UNLOADED, [{"shards": shards, "cost": LAWS[law]}]), 40_000 if shards > 10 else 400_000)
    assert judged(run, chosen) == []


@pytest.mark.parametrize(("shards", "rho"), cases("fj", "N", "lam", N=lambda shards: 2 <= shards <= 4))
def test_fork_and_join_of_queues(shards, rho):
    """N M/M/1 queues fed by the same arrivals: mean (N = 2: Flatto & Hahn 1984) and percentiles of the join."""
    run = Run(scenario(rho, [{"shards": shards, "cost": EXPONENTIAL}]), 500_000 if rho < HIGH else 4_000_000, rho)
    assert judged(run, rows("fj", N=at(shards), lam=at(rho))) == []


def test_fork_and_join_of_constant_services_is_one_queue():
    """With constant service the join of any N is M/D/1's, query by query."""
    one, many = (
        Run(scenario(0.8, [{"shards": shards, "cost": "1s"}], candidates=64), 2_000, 0.8) for shards in (1, 64)
    )
    for (alone, _), (joined, _) in zip(one.samples, many.samples, strict=True):
        assert np.array_equal(alone, joined)


@pytest.mark.parametrize(("replicas", "rho"), cases("rr", "n", "rho"))
def test_round_robin_makes_erlang_arrivals(replicas, rho):
    """Round robin over n replicas: each is E_n/M/1."""
    stage = {"replicas": replicas, "balancing": "round_robin", "cost": EXPONENTIAL}
    run = Run(scenario(replicas * rho, [stage]), 300_000 if rho < HIGH else 2_000_000, rho)
    assert judged(run, rows("rr", n=at(replicas), rho=at(rho))) == []


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_random_balancing_splits_poisson(rho):
    """A random replica's arrivals are Poisson: each replica is M/M/1, for any number of them."""
    stage = {"replicas": 5, "balancing": "random", "cost": EXPONENTIAL}
    assert judged(Run(scenario(5 * rho, [stage]), 500_000, rho), rows("rand", rho=at(rho))) == []


@pytest.mark.parametrize(("replicas", "rho"), cases("jsq", "n", "rho"))
def test_least_outstanding_joins_the_shortest_queue(replicas, rho):
    """Without network, least outstanding is join-the-shortest-queue (n = 2: Kingman 1961)."""
    stage = {"replicas": replicas, "balancing": "least_outstanding", "cost": EXPONENTIAL}
    run = Run(scenario(replicas * rho, [stage]), 300_000 if rho < HIGH else 1_000_000, rho)
    assert judged(run, rows("jsq", n=at(replicas), rho=at(rho))) == []


@pytest.mark.parametrize(("replicas", "rho"), cases("p2c", "n", "rho"))
def test_power_of_two_chooses_two_distinct_replicas(replicas, rho):
    """The shorter of two distinct random queues; drawing with replacement would be 7-10% off."""
    stage = {"replicas": replicas, "balancing": "power_of_two", "cost": EXPONENTIAL}
    run = Run(scenario(replicas * rho, [stage]), 150_000 if rho < HIGH else 1_000_000, rho)
    assert judged(run, rows("p2c", n=at(replicas), rho=at(rho))) == []


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_stages_in_a_row_are_independent(rho):
    """Two M/M/1 stages: sojourns are independent exponentials (Burke 1956)."""
    chosen = [row for row in rows("tandem", lam=at(rho)) if row["params"]["p_continue"] == 1.0]
    run = Run(scenario(rho, [{"cost": EXPONENTIAL}, {"cost": EXPONENTIAL}]), 500_000, rho)
    assert judged(run, chosen) == []
