"""How often intervals hold the truth: ours from replications, and the naive one from a single run."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from simulator.engine.replications import replicate
from simulator.statistics.intervals import estimate
from simulator.statistics.load import offered_load
from simulator.statistics.percentiles import percentile
from simulator.statistics.warmup import warmup_floor
from tests.theory.judge import AIM, GROUPS, Model, chosen_rows, funnel, judged

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
REPEATS, REPLICATIONS = 300, 10


def queue(rho: float) -> Model:
    """M/M/1."""
    return Model(funnel({"cost": EXPONENTIAL}), rho, rho)


@cache
def samples(rho: float, queries: int, replications: int) -> np.ndarray:
    """Mean, p99, and the naive interval's two ends of each replication, (replications, 4)."""
    plan = queue(rho).plan(queries, replications)
    low, high = order_statistics(queries)

    def kept(blocks):
        latency = np.sort(np.concatenate([block.latency for block in blocks])[plan.warmup :])
        return latency.mean(), percentile(latency, 99.0), latency[low - 1], latency[high - 1]

    return np.array(list(replicate(plan, "compiled", kept)))


def order_statistics(count: int) -> tuple[int, int]:
    """The places, from 1, of the order statistics that hold the p99 of `count` independent values 95% of the time."""
    low, high = binom.ppf([0.025, 0.975], count, 0.99)
    return int(low), int(high) + 1


def coverage(column: int, truth: float, rho: float, queries: int) -> float:
    """The share of REPEATS runs whose 95% Student interval of a column of `samples` holds the truth."""
    runs = samples(rho, queries, REPEATS * REPLICATIONS)[:, column].reshape(REPEATS, REPLICATIONS)
    return float(np.mean([found.low <= truth <= found.high for found in map(estimate, runs.tolist())]))


LENGTHS = [
    (0.5, 10_000),
    pytest.param(0.8, 20_000, marks=pytest.mark.slow),
    pytest.param(0.9, 40_000, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("rho", "queries"), LENGTHS)
def test_intervals_of_the_mean_cover_it(rho, queries):
    """M/M/1: 300 runs of 10 replications of 10,000 to 40,000 queries hold the exact mean 92% to 98% of the time."""
    assert 0.92 <= coverage(0, 1 / (1 - rho), rho, queries) <= 0.98


@pytest.mark.parametrize(("rho", "queries"), [*LENGTHS[:2], pytest.param(0.9, 400_000, marks=pytest.mark.slow)])
def test_intervals_of_p99_cover_it(rho, queries):
    """M/M/1: 300 runs of 10 replications of 10,000 to 400,000 queries hold the exact p99 92% to 98% of the time."""
    assert 0.92 <= coverage(1, math.log(100) / (1 - rho), rho, queries) <= 0.98


@pytest.mark.slow
def test_intervals_of_p99_cover_less_where_few_busy_periods_reach_it():
    """At rho = 0.9 and 40,000 queries p99 is held 85% to 95% of the time: a busy period or two decide each replication.

    That is no bias (0.1 standard errors) but skewness, which ten replications do not average out; the excursions beyond
    p99 last about 400 queries each, so 40,000 queries see few. The mean at the same length is covered as it should be.
    """
    assert 0.85 <= coverage(1, math.log(100) / 0.1, 0.9, 40_000) <= 0.95


@pytest.mark.parametrize(("rho", "most"), [(0.5, 0.6), pytest.param(0.8, 0.25, marks=pytest.mark.slow)])
def test_a_naive_interval_covers_far_less(rho, most):
    """The order-statistic interval of one run's p99, right for independent values, holds it but 53% or 21% often."""
    found = samples(rho, 10_000 if rho == 0.5 else 20_000, REPEATS * REPLICATIONS)
    truth = math.log(100) / (1 - rho)
    assert np.mean((found[:, 2] <= truth) & (truth <= found[:, 3])) < most


@pytest.mark.parametrize("row", chosen_rows(r"stat\.os\."), ids=lambda row: row["id"])
def test_the_naive_interval_is_the_binomials(row):
    """The naive interval tested here is the textbook's: its places among n sorted values are the binomial quantiles."""
    assert list(order_statistics(row["params"]["n"])) == row["value"]


@pytest.mark.parametrize("row", chosen_rows(r"stat\.mm1\.relax"), ids=lambda row: row["id"])
def test_the_warm_up_is_ten_relaxation_times(row):
    """What is left out at least is ten relaxation times of M/M/1 (Cohen; Odoni & Roth 1983)."""
    rho = row["params"]["rho"]
    plan = queue(rho).plan(1_000, 1)
    assert warmup_floor(plan, offered_load(plan)) == pytest.approx(10 * row["value"] * rho, abs=1)


@pytest.mark.parametrize("row", chosen_rows(r"stat\.mm1\.n5pct"), ids=lambda row: row["id"])
def test_run_lengths_are_planned_by_the_asymptotic_variance(row):
    """The judge's rule for the mean wait plans at least the exact number of queries, and not twice it (Whitt 1989)."""
    planned = queue(row["params"]["rho"]).needed({"quantity": "E[W]", "value": 1.0}) * (1.96 * AIM / 0.01) ** 2
    assert row["value"] <= planned <= 2 * row["value"]


@pytest.mark.slow
@pytest.mark.parametrize("row", chosen_rows(r"stat\.mm1\.avarW"), ids=lambda row: row["id"])
def test_variance_of_the_mean_wait_is_daleys(row):
    """At rho = 0.5 the variance of the mean of n waits is 29 / n, here for n = 2,500, under 0.3% from the limit."""
    plan = queue(row["params"]["rho"]).plan(5_000_000, GROUPS)
    exact_mean = row["params"]["rho"] / (1 - row["params"]["rho"])

    def kept(blocks):
        waits = np.concatenate([block.parts[:, 0, 1] for block in blocks])[plan.warmup :]
        batches = waits.reshape(-1, 2_500).mean(axis=1)
        return 2_500 * np.mean((batches - exact_mean) ** 2)

    found = list(replicate(plan, "compiled", kept))
    assert judged(row, float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(GROUPS))) == ""
