"""A sample that counts in buckets against the same values kept one by one."""

import numpy as np
import pytest

from simulator.statistics import sample as module
from simulator.statistics.sample import Sample, bucket_of

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
    assert np.array_equal(found.weights(), np.ones(LATENCIES.size))


def test_weights_say_how_many_values_there_are(counted):
    """The values of a counted sample stand for all that were added, in rising order, each for its neighbours."""
    values, weights = counted.values(), counted.weights()
    assert weights.sum() == LATENCIES.size
    assert (np.diff(values) > 0).all()
    ends = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [np.inf]])
    near = np.histogram(LATENCIES, ends)[0]
    assert np.abs(np.cumsum(near) - np.cumsum(weights)).max() <= 2 * weights.max()
    assert np.repeat(values, weights) == pytest.approx(np.sort(LATENCIES), rel=1e-3)


@pytest.mark.parametrize("bits", [3, 9])
def test_buckets_divide_an_octave(bits):
    """2^bits of them from 1 to 2, equally wide; what is nothing is in the first, what is too much in the last."""
    edges = 1 + np.arange(2**bits) / 2**bits
    first = bucket_of(np.array([1.0]), bits)
    assert np.array_equal(bucket_of(edges, bits) - first, np.arange(2**bits))
    assert np.array_equal(bucket_of(np.nextafter(edges[1:], 0), bits) - first, np.arange(2**bits - 1))
    assert bucket_of(np.array([2.0]), bits) - first == 2**bits
    assert bucket_of(np.array([0.0, 2.0**-40, 2.0**40, 1e300]), bits).tolist() == [0, 0, 80 << bits, 80 << bits]


def test_an_empty_block_changes_nothing():
    """A block in which nothing completed leaves mean and maximum as they were."""
    found = Sample()
    for block in ([2.0], [], [4.0, 1.0]):
        found.add(np.array(block))
    assert (found.count, found.mean, found.max) == (3, 7 / 3, 4.0)


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
