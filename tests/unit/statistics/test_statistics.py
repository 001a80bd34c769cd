"""Percentiles, intervals, verdicts and warm-up, each against what it must be by definition."""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.percentiles import percentile, samples_needed
from simulator.statistics.verdicts import holds, replications_to_settle, verdict_of, verdict_over_all
from simulator.statistics.warmup import BatchMeans, batch_size, mser


@pytest.mark.parametrize(("level", "position"), [(50, 500), (90, 900), (99, 990)])
def test_percentile_is_an_order_statistic(level, position):
    """Of 1..1000 percentile p is the smallest value that p percent do not exceed: exactly 10 p."""
    assert percentile(np.arange(1.0, 1001.0), level) == position


@pytest.mark.parametrize(("level", "needed"), [(50, 2), (90, 10), (99, 100), (99.9, 1000), (99.99, 10000)])
def test_percentile_needs_samples_beyond_it(level, needed):
    """A percentile is refused as NaN when not even one sample in expectation lies beyond it."""
    assert samples_needed(level) == needed
    assert math.isnan(percentile(np.ones(needed - 1), level))
    assert percentile(np.ones(needed), level) == 1.0


def test_interval_is_students():
    """The interval of ten values is scipy's t-interval of their mean."""
    values = list(np.random.default_rng(1).normal(size=10))
    low, high = stats.t.interval(0.95, 9, np.mean(values), stats.sem(values))
    found = estimate(values)
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), low, high), rel=1e-12)


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Of 4,000 intervals from 10 normal values 95% cover the mean, within 4 standard errors."""
    draws = np.random.default_rng(2).normal(size=(4000, 10))
    covered = np.mean([found.low <= 0 <= found.high for found in map(estimate, draws.tolist())])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_one_replication_gives_no_interval():
    """A single value has an estimate, no interval, and never a verdict."""
    found = estimate([1.0])
    assert found.value == 1.0
    assert math.isnan(found.low)
    assert verdict_of(found, "<", 100.0) == "inconclusive"


def test_two_replications_give_one():
    """Two values have a mean and an interval of one degree of freedom: 12.7 standard errors to each side."""
    found = estimate([1.0, 3.0])
    assert (found.value, found.high - 2, 2 - found.low) == pytest.approx((2.0, stats.t.ppf(0.975, 1), found.high - 2))
    assert math.isnan(estimate([]).value)
    assert estimate([1.0, 3.0], confidence=0.5).high == pytest.approx(2 + stats.t.ppf(0.75, 1))


def test_an_estimate_scales_and_is_written_with_its_ends():
    """In milliseconds all three are a thousandfold; what is not known is null, not NaN, which JSON has not."""
    found = Estimate(2.0, 1.5, 2.25).scaled(1000)
    assert found == Estimate(2000.0, 1500.0, 2250.0)
    assert found.as_json() == {"value": 2000.0, "low": 1500.0, "high": 2250.0}
    assert found.relative_half == 375 / 2000
    assert Estimate(-2.0, -3.0, -1.0).relative_half == 0.5
    assert math.isnan(Estimate(0.0, -1.0, 1.0).relative_half)
    assert estimate([7.0]).as_json() == {"value": 7.0, "low": None, "high": None}


def test_a_replication_that_cannot_tell_makes_the_run_unable_to():
    """One NaN among the replications makes the estimate unknown, and the verdict inconclusive."""
    assert math.isnan(estimate([1.0, math.nan, 1.0]).value)
    assert verdict_of(estimate([1.0, math.nan]), "<", 9.0) == "inconclusive"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1, 2, "met"), (4, 5, "missed"), (2, 4, "inconclusive"), (3, 4, "missed"), (2, 3, "inconclusive")],
)
def test_verdict_needs_the_whole_interval(low, high, verdict):
    """`< 3` is met when all of the interval is below 3, missed when none of it is."""
    assert verdict_of(Estimate((low + high) / 2, low, high), "<", 3.0) == verdict


@pytest.mark.parametrize(("value", "half", "target", "more"), [(10, 2, 11, 30), (10, 1, 12, 0), (10, 2, 9, 30)])
def test_an_interval_shrinks_with_the_root_of_the_replications(value, half, target, more):
    """Of ten replications, halving the interval takes thirty more; one that settles already takes none."""
    assert replications_to_settle(Estimate(value, value - half, value + half), target, 10) == more


def test_a_value_at_the_target_is_never_settled():
    """No number of replications is promised where the estimate lies at the target."""
    assert replications_to_settle(Estimate(10, 9, 11), 10.0, 10) is None


def test_what_is_not_known_settles_nothing():
    """Without an interval there is no number of replications that would help."""
    assert replications_to_settle(estimate([1.0]), 2.0, 1) is None


@pytest.mark.parametrize(
    ("comparator", "below", "at", "above"),
    [("<", True, False, False), ("<=", True, True, False), (">", False, False, True), (">=", False, True, True)],
)
def test_comparators_mean_what_they_say(comparator, below, at, above):
    """Below, at and above the target; a number that is not known satisfies none of them."""
    assert [holds(value, comparator, 2.0) for value in (1.0, 2.0, 3.0, math.nan)] == [below, at, above, False]


def test_verdict_over_all_is_the_worst():
    """One miss is a miss; without one, doubt is doubt; nothing asked is nothing missed."""
    assert verdict_over_all(["met", "inconclusive", "missed"]) == "missed"
    assert verdict_over_all(["met", "inconclusive"]) == "inconclusive"
    assert verdict_over_all([]) == "met"


def mser5(series: np.ndarray) -> int:
    """The truncation of a series, in its own values, over batches of five."""
    batches = BatchMeans(5)
    batches.add(series)
    return 5 * mser(batches.means())


def test_mser5_finds_the_end_of_a_transient():
    """A series that decays from 10 to noise around 0 over some 100 values is cut between 50 and 300."""
    n = np.arange(4000)
    series = 10 * np.exp(-n / 30) + np.random.default_rng(3).normal(scale=0.3, size=n.size)
    assert 50 <= mser5(series) <= 300


def test_mser5_keeps_a_steady_series():
    """White noise loses less than a tenth of its values on average over 50 series."""
    rng = np.random.default_rng(4)
    assert np.mean([mser5(rng.normal(size=2000)) for _ in range(50)]) < 200


def test_mser_is_the_least_squared_error_of_what_is_left():
    """By its definition, over every truncation of the first half; fewer than four batches are all kept."""
    batches = np.random.default_rng(5).normal(size=101) + 3 * (np.arange(101) < 20)
    errors = [batches[cut:].var() / (101 - cut) for cut in range(50)]
    assert mser(batches) == np.argmin(errors) == 20
    assert mser(np.array([100.0, 1.0, 1.0, 1.0])) == 1
    assert mser(np.array([100.0, 1.0, 1.0])) == 0


def test_batches_are_of_five_until_a_series_would_not_fit():
    """A run of a million queries has batches of five, of 13 million fifty; a part waits for its rest."""
    assert [batch_size(queries) for queries in (1, 1_000_000, 2_621_440, 13_107_200)] == [5, 5, 10, 50]
    batches = BatchMeans(2)
    for block in ([1.0], [3.0, 5.0], [7.0, 9.0]):
        batches.add(np.array(block))
    assert batches.means().tolist() == [2.0, 6.0]
