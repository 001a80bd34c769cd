"""A sample that counts in buckets against the same values kept one by one."""

import numpy as np
import pytest

from simulator.statistics import sample as module
from simulator.statistics.sample import Sample

LATENCIES = np.random.default_rng(1).lognormal(mean=-5, sigma=1.5, size=30_000)


@pytest.fixture
def counted(monkeypatch) -> Sample:
    """The latencies in buckets, added in blocks of 1,000."""
    monkeypatch.setattr(module, "EXACT", 5_000)
    found = Sample(limits=(0.01,))
    for block in LATENCIES.reshape(-1, 1000):
        found.add(block)
    return found


@pytest.mark.parametrize("level", [1.0, 50.0, 99.0, 99.9, 99.99])
def test_buckets_know_percentiles_to_a_thousandth(counted, level):
    """Every percentile of a counted sample is within 0.1% of the order statistic."""
    exact = np.percentile(LATENCIES, level, method="inverted_cdf")
    assert counted.percentile(level) == pytest.approx(exact, rel=1e-3)
    assert counted.percentile(level) != exact


def test_buckets_keep_mean_maximum_and_shares_exactly(counted):
    """Mean, maximum and the share over a limit are those of the values themselves."""
    assert counted.mean == pytest.approx(LATENCIES.mean(), rel=1e-12)
    assert counted.max == LATENCIES.max()
    assert counted.share_over(0.01) == (LATENCIES > 0.01).mean()


def test_a_small_sample_is_exact():
    """Below the limit percentiles are the order statistics, bit for bit, in whatever blocks the values came."""
    found = Sample()
    for block in np.array_split(LATENCIES, 7):
        found.add(block)
    assert found.percentile(99) == np.percentile(LATENCIES, 99, method="inverted_cdf")
    assert np.array_equal(found.values(), LATENCIES)


def test_weights_say_how_many_values_there_are(counted):
    """The values of a counted sample stand for all that were added, in rising order."""
    assert counted.weights().sum() == LATENCIES.size
    assert (np.diff(counted.values()) > 0).all()


def test_zero_is_zero(monkeypatch):
    """Latencies of zero stay zero in buckets."""
    monkeypatch.setattr(module, "EXACT", 10)
    found = Sample()
    found.add(np.zeros(100))
    assert (found.percentile(50), found.mean, found.max) == (0.0, 0.0, 0.0)


def test_nothing_is_not_known():
    """A sample of nothing has no mean, no maximum and no percentile."""
    found = Sample(limits=(1.0,))
    assert all(np.isnan(value) for value in (found.mean, found.max, found.percentile(50), found.share_over(1.0)))
