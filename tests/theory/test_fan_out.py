"""Many shards, several replicas, stages in a row. Sources stand in the rows and are printed where one fails."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from simulator.engine.compiled import simulate
from tests.theory.judge import Case, Model, by_id, cases, faster, funnel, judged, measure

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
UNLOADED = 1e-6  # queries a second: nobody ever waits
MANY = 2_000  # replicas that stand for infinitely many


def lognormal(sigma: float) -> dict:
    """A lognormal law of mean 1 s by the standard deviation of its logarithm."""
    return {"distribution": "lognormal", "mean": "1s", "cv": math.sqrt(math.expm1(sigma**2))}


def slowest_of(row):
    """N services that nobody waits for; a percentile spreads by how steeply the law's tail falls there."""
    law, shards = row["id"].removeprefix("max.").split(".N")[0], row["params"]["N"]
    depth = math.log(100 * shards)
    if law == "exp":
        return unloaded(shards, EXPONENTIAL, (math.log(100) / depth) ** 2)
    if law == "pareto2":
        return unloaded(shards, {"distribution": "pareto", "mean": "1s", "alpha": 2}, 5.3)
    sigma = float(law.removeprefix("logn"))
    steepness = -NormalDist().inv_cdf(0.01 / shards)
    return unloaded(shards, lognormal(sigma), (math.log(100) * sigma / steepness) ** 2)


def unloaded(shards: int, cost: dict, spread: float) -> Model:
    """A fan-out without queues."""
    return Model(funnel({"shards": shards, "cost": cost}), UNLOADED, spread=spread, longer=1.4)


def fork_join(row):
    """N queues fed by the same arrivals."""
    load = row["params"].get("lam", row["params"].get("rho"))
    return Model(funnel({"shards": row["params"].get("N", 2), "cost": EXPONENTIAL}), load, load)


def replicas(balancing: str, count: int, rho: float) -> Model:
    """Several replicas of one shard."""
    return Model(funnel({"replicas": count, "balancing": balancing, "cost": EXPONENTIAL}), count * rho, rho)


def constant(shards: int, rho: float) -> Model:
    """A fan-out of constant services."""
    return Model(funnel({"shards": shards, "cost": "1s"}), rho, rho, spread=0.0)


def mean_field(rho: float) -> Model:
    """Two choices among so many replicas that the correction, of order 1 / replicas, is a fraction of an error.

    The published mean of 100 replicas is 0.1% to 2.3% above the fixed point for loads up to 0.95: a twentieth of that
    is left. Such a system forgets its start in about 1 / (1 - rho) services, a queue on its own in that squared.
    """
    return replace(replicas("power_of_two", MANY, rho), rho=0.0, spread=6.0, settle_s=20 / (1 - rho))


def tandem(rho: float) -> Model:
    """Two queues in a row."""
    return Model(funnel({"cost": EXPONENTIAL}, {"cost": EXPONENTIAL}), rho, rho)


def balanced(balancing: str):
    """The model of a row about so many replicas, by their balancing."""
    return lambda row: replicas(balancing, row["params"].get("n", 5), row["params"]["rho"])


@pytest.mark.parametrize("case", cases(r"max\.", slowest_of))
def test_slowest_of_many_without_load(case):
    """At no load the latency is the maximum of N services: quantile F^-1(p^(1/N))."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"fj\.N|fjindep\.|partial\.all\.", fork_join))
def test_fork_and_join_of_queues(case):
    """N M/M/1 queues with the same arrivals: the join's law (N = 2: Flatto & Hahn 1984), within its bounds for more."""
    assert case.complaints() == []


@pytest.mark.parametrize("row_id", ["fjindep.N2.rho0.5.p50", "fjindep.N8.rho0.5.p50"])
def test_shards_see_the_same_arrivals(row_id):
    """The median of the join is far (20 standard errors) below that of queues each with arrivals of its own."""
    row = by_id()[row_id]
    value, error = measure(fork_join(row), 4_000_000, [row])[0]
    assert value + 20 * error < row["value"]


@pytest.mark.parametrize("case", cases(r"fj\.det\.", lambda row: constant(row["params"]["N"], row["params"]["rho"])))
def test_join_of_constant_services_is_m_d_1(case):
    """With constant service the percentiles of the join of any N are those of M/D/1."""
    assert case.complaints() == []


def test_fork_and_join_of_constant_services_is_one_queue():
    """With constant service the join of any N is M/D/1's, query by query."""
    one, many = (simulate(constant(shards, 0.8).plan(20_000, 1), 0) for shards in (1, 64))
    assert np.array_equal(one.latency, many.latency)


@pytest.mark.parametrize("case", cases(r"rr\.", balanced("round_robin")))
def test_round_robin_makes_erlang_arrivals(case):
    """Round robin over n replicas: each is E_n/M/1."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"rand\.", balanced("random")))
def test_random_balancing_splits_poisson(case):
    """A random replica's arrivals are Poisson: each replica is M/M/1, for any number of them."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"jsq\.", balanced("least_outstanding")))
def test_least_outstanding_joins_the_shortest_queue(case):
    """Without network, least outstanding is join-the-shortest-queue (n = 2: Kingman 1961)."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"p2c\.", balanced("power_of_two")))
def test_power_of_two_chooses_two_distinct_replicas(case):
    """The shorter of two distinct random queues; drawing with replacement would be 7-10% off."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"mf\.d2\.", lambda row: mean_field(row["params"]["lam_per_server"])))
def test_power_of_two_among_many_is_the_mean_field(case):
    """Two choices among 2,000 replicas: the supermarket model's fixed point, whose correction is below 0.12% there."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"tandem\.", lambda row: tandem(row["params"]["lam"])))
def test_stages_in_a_row_are_independent(case):
    """Two M/M/1 stages: sojourns are independent exponentials (Burke 1956)."""
    assert case.complaints() == []


def test_a_judge_of_another_load_complains():
    """At 5% more load M/M/1's p99 is missed: the judge can fail."""
    case = Case(faster(replicas("random", 5, 0.8), 1.05), ("rand.rho0.8.T_p99",))
    assert "standard errors" in case.complaints()[0]


def test_a_missed_row_is_named():
    """An estimate 5 standard errors off is a complaint that names the row and the distance."""
    row = by_id()["rand.rho0.5.T_p99"]
    assert "rand.rho0.5.T_p99" in judged(row, row["value"] + 0.05, 0.01)
