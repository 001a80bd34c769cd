"""Addressed draws: the generator's quality, and that an address alone decides."""

import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from simulator.draws import MAX_ATTEMPTS, key_of, random_bits, stream_of, uniform, uniform_of, uniforms

SHARDS, QUERIES = 1000, 1000


@njit
def _grid(stream, queries, shards, attempt, first_query):
    out = np.empty((queries, shards))
    for q in range(queries):
        for j in range(shards):
            out[q, j] = uniform_of(random_bits(key_of(stream, first_query + q, attempt), j))
    return out


def grid(seed=1, replication=0, purpose="service", stage="rank", attempt=0, first_query=0):
    """Uniform numbers by query and shard, (1000, 1000)."""
    return _grid(stream_of(seed, replication, purpose, stage), QUERIES, SHARDS, attempt, first_query)


def splitmix64(state: int) -> int:
    """The published generator's output function, in plain integers."""
    mask = (1 << 64) - 1
    z = state & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def correlation(one, two):
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


def test_mixer_is_the_published_one():
    """The first outputs of SplitMix64 seeded with 0, as its authors' code prints them, come out of the mixer."""
    golden = 0x9E3779B97F4A7C15
    assert splitmix64(golden) == 0xE220A8397B1DCDAF
    stream = stream_of(1, 0, "service", "rank")
    key = splitmix64(int(stream) + ((7 << 12) | 3) * golden)
    bits = splitmix64(key + 11 * 0xD1B54A32D192ED03)
    assert uniform((1, 0, "service", "rank"), query=7, shard=11, attempt=3) == ((bits >> 12) + 0.5) * 2.0**-52


def test_uniform_numbers_are_uniform():
    """A million draws fill 1,000 cells evenly: chi-squared within its central 99.8%."""
    counts = np.histogram(grid(), bins=1000, range=(0, 1))[0]
    statistic = float(((counts - 1000.0) ** 2 / 1000.0).sum())
    assert stats.chi2(999).ppf(0.001) < statistic < stats.chi2(999).ppf(0.999)


def test_both_tails_are_uniform():
    """Of a million draws the smallest and the largest thousandth hold a thousand each, within 4 standard errors."""
    draws = grid()
    for share in ((draws < 0.001).mean(), (draws > 0.999).mean()):
        assert abs(share - 0.001) < 4 * math.sqrt(0.001 * 0.999 / draws.size)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("lag", [1, 2, 5, 64])
def test_neighbours_are_uncorrelated(axis, lag):
    """Draws of neighbouring queries, and of neighbouring shards, have no serial correlation."""
    draws = grid()
    ahead, behind = (draws[lag:], draws[:-lag]) if axis == 0 else (draws[:, lag:], draws[:, :-lag])
    assert abs(correlation(ahead, behind)) < 4 / math.sqrt(ahead.size)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"replication": 1},
        {"purpose": "request"},
        {"stage": "rank2"},
        {"attempt": 1},
        {"first_query": QUERIES},
    ],
    ids=lambda other: next(iter(other)),
)
def test_addresses_that_differ_in_one_field_are_uncorrelated(other):
    """Changing any one field of the address gives draws that know nothing of the old ones."""
    assert abs(correlation(grid(), grid(**other))) < 4 / math.sqrt(SHARDS * QUERIES)


def test_pairs_fill_the_square():
    """Pairs (shard j, shard j + 1) fill a 100 x 100 square evenly: chi-squared within its central 99.8%."""
    draws = grid()
    counts = np.histogram2d(draws[:, :-1:2].ravel(), draws[:, 1::2].ravel(), bins=100, range=((0, 1), (0, 1)))[0]
    expected = draws.size / 2 / 10_000
    statistic = float(((counts - expected) ** 2 / expected).sum())
    assert stats.chi2(9999).ppf(0.001) < statistic < stats.chi2(9999).ppf(0.999)


@pytest.mark.parametrize("field", ["query", "shard", "attempt"])
def test_every_address_bit_moves_every_output_bit_half_the_time(field):
    """Flipping one bit of an address flips each of the upper 52 output bits with probability 1/2 (avalanche)."""
    rng, flips = np.random.default_rng(5), []
    for _ in range(2000):
        address = {
            "query": int(rng.integers(1 << 20)),
            "shard": int(rng.integers(1 << 15)),
            "attempt": int(rng.integers(8)),
        }
        other = address | {field: address[field] ^ (1 << int(rng.integers(3)))}
        one, two = (int(uniform((3, 0, "service", "s"), **place) * 2**52) for place in (address, other))
        flips.append([(one ^ two) >> bit & 1 for bit in range(52)])
    shares = np.mean(flips, axis=0)
    assert (np.abs(shares - 0.5) < 4.5 * 0.5 / math.sqrt(2000)).all()


def test_draws_do_not_depend_on_order():
    """The draws of some queries are the same alone and among others."""
    stream = stream_of(1, 0, "arrivals", "")
    assert np.array_equal(uniforms(stream, 100)[:10], uniforms(stream, 10))


def test_uniform_numbers_leave_out_zero_and_one():
    """The smallest and the largest possible draw lie inside (0, 1), and so do their distances from 1."""
    ends = [uniform_of(np.uint64(0)), uniform_of(np.uint64(2**64 - 1))]
    assert ends == [2.0**-53, 1 - 2.0**-53]


@pytest.mark.parametrize("wrong", [{"query": -1}, {"shard": -1}, {"attempt": MAX_ATTEMPTS}, {"attempt": -1}])
def test_addresses_out_of_range_are_refused(wrong):
    """An address with a number out of range is an error that shows it."""
    with pytest.raises(ValueError, match="address"):
        uniform((1, 0, "service", "s"), **wrong)
