"""Measures of exposure, each against its definition, a slow twin, or what theory says of a known law."""

import math

import numpy as np
import pytest
from scipy.special import gammaln

from simulator.bias.measures import average_popularity, coverage, entropy, gini, jaccard, kendall, top_share


def test_gini_is_half_the_relative_mean_difference():
    """The sum over ranks is the mean |x - y| over all pairs with repetition, over twice the mean (Gini 1912)."""
    counts = np.random.default_rng(1).poisson(2.0, size=(3, 4, 50))
    differences = np.abs(counts[..., :, None] - counts[..., None, :]).mean(axis=(-1, -2))
    assert gini(counts) == pytest.approx(differences / (2 * counts.mean(axis=-1)), rel=1e-12)


def test_gini_counts_items_that_nobody_saw():
    """All alike is 0, one of ten that has all is 1 - 1/10, and half of them alike with half unseen is 1/2."""
    counts = np.array([np.full(10, 7), np.eye(10)[3], np.repeat([0, 4], 5)])
    assert gini(counts) == pytest.approx([0, 0.9, 0.5], abs=1e-15)


@pytest.mark.parametrize("a", [0.3, 1.0, 5.0])
def test_the_expected_gini_of_a_symmetric_dirichlet(a):
    """(K - 1)/K Gamma(a + 1/2) / (sqrt(pi) Gamma(a + 1)): normalised gamma variates (McDonald & Jensen, JASA 1979)."""
    K, R = 20, 20_000
    found = gini(np.random.default_rng(2).dirichlet(np.full(K, a), size=R))
    expected = (K - 1) / K * math.exp(gammaln(a + 0.5) - gammaln(a + 1)) / math.sqrt(math.pi)
    assert abs(found.mean() - expected) < 4 * found.std(ddof=1) / math.sqrt(R)


@pytest.mark.parametrize(("e", "k", "K"), [(0.0, 5, 100), (0.05, 10, 1000), (1.0, 3, 30)])
def test_exploration_lowers_the_gini_of_a_list_that_is_locked_in(e, k, K):
    """The same k of K items, but for a share e of random lists: (1 - e)(1 - k/K), by the Lorenz curve of two groups."""
    exposure = np.full(K, e / K)
    exposure[:k] += (1 - e) / k
    assert gini(exposure) == pytest.approx((1 - e) * (1 - k / K), abs=1e-12)


def test_nothing_shown_is_not_even():
    """A replication that showed nothing has no Gini, entropy, top share or popularity; it covers none."""
    nothing = np.zeros((1, 4))
    for measure in (gini, entropy, top_share, lambda counts: average_popularity(counts, np.arange(4))):
        assert np.isnan(measure(nothing)).all()
    assert coverage(nothing) == 0


def test_coverage_entropy_and_top_share_by_hand():
    """Of 200 items two are shown 1 to 3: a hundredth of them, ln 4 - (3/4) ln 3 nats, and all in the top 1%."""
    counts = np.zeros((2, 200))
    counts[0, [5, 9]] = 1, 3
    counts[1] = 2
    assert coverage(counts) == pytest.approx([0.01, 1])
    assert entropy(counts) == pytest.approx([math.log(4) - 0.75 * math.log(3), math.log(200)])
    assert top_share(counts) == pytest.approx([1, 0.01])
    assert top_share(counts, 0.001) == pytest.approx([0.75, 1 / 200])


def test_a_share_of_items_is_not_rounded_up_by_a_float():
    """0.07 of 100 items is 7 of them, though 0.07 * 100 is above 7 in floating point."""
    assert top_share(np.ones(100), 0.07) == pytest.approx(0.07)


def test_average_popularity_weighs_by_what_was_shown():
    """Popularity 10 shown three times and 2 shown once average 8; each replication may have its own."""
    shown = np.array([[3, 1], [1, 1]])
    assert average_popularity(shown, np.array([10, 2])) == pytest.approx([8, 6])
    assert average_popularity(shown, np.array([[10, 2], [0, 1]])) == pytest.approx([8, 0.5])


def test_kendall_counts_pairs_and_ties():
    """Tau-b by its definition: (agreeing - disagreeing) / sqrt(pairs untied in one * pairs untied in the other)."""
    rng = np.random.default_rng(3)
    quality, counts = rng.normal(size=30).round(1), rng.poisson(1.5, size=(4, 30))
    by_quality = np.sign(quality[:, None] - quality)
    by_counts = np.sign(counts[..., :, None] - counts[..., None, :])
    below = np.sqrt((by_quality**2).sum() * (by_counts**2).sum(axis=(-1, -2)))
    assert kendall(quality, counts) == pytest.approx((by_quality * by_counts).sum(axis=(-1, -2)) / below)
    assert np.isnan(kendall(quality, np.ones((1, 30)))).all()


def test_jaccard_of_all_pairs_is_of_sets():
    """The mean over all pairs of users of shared items over all their items, as Python's sets have it."""
    rng = np.random.default_rng(4)
    lists = np.array([[rng.permutation(12)[:5] for _ in range(9)] for _ in range(3)])
    sets = [[set(one.tolist()) for one in users] for users in lists]
    expected = [
        np.mean([len(users[i] & users[j]) / len(users[i] | users[j]) for i in range(9) for j in range(i)])
        for users in sets
    ]
    assert jaccard(lists) == pytest.approx(expected)


def test_jaccard_of_drawn_pairs_is_that_of_all():
    """Of 1,000 users with one item of four each, drawn pairs agree a quarter of the time within 4 standard errors."""
    lists = np.tile(np.arange(4), 250).reshape(1, 1000, 1)
    expected = 249 / 999
    found = jaccard(lists)
    assert abs(found[0] - expected) < 4 * math.sqrt(expected * (1 - expected) / 10_000)
    assert found != jaccard(lists, seed=1)
    assert found == jaccard(lists)


def test_pairs_are_of_two_users():
    """Nobody is compared with himself: of 200 users with a list each of their own no two are alike."""
    assert jaccard(np.arange(400).reshape(200, 2)) == 0


def test_what_is_no_count_is_refused():
    """Negative counts, NaN, no items, a share of items outside (0, 1] and a single user are told."""
    with pytest.raises(ValueError, match="negative numbers, NaN"):
        gini(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="negative numbers, NaN"):
        coverage(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match=r"got shape \(3, 0\)"):
        entropy(np.empty((3, 0)))
    with pytest.raises(ValueError, match="got 0"):
        top_share(np.ones(3), 0)
    with pytest.raises(ValueError, match=r"got shape \(1, 5\)"):
        jaccard(np.arange(5).reshape(1, 5))
