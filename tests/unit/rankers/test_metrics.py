import math

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.rankers.metrics import mean_ndcg, ndcg, ndcg_per_query


def test_ndcg_by_hand():
    """Relevances 1, 3, 2 ranked in that order: gains 1 + 3 / log2(3) + 2 / 2 over 3 + 2 / log2(3) + 1 / 2."""
    expected = (1 + 3 / math.log2(3) + 1) / (3 + 2 / math.log2(3) + 0.5)
    assert ndcg(np.array([1.0, 3.0, 2.0]), np.array([9.0, 8.0, 7.0]), k=3) == pytest.approx(expected, rel=1e-14)


def test_ndcg_counts_the_first_k_only():
    """At k = 1 the order 1, 3, 2 is worth its first item over the best one."""
    assert ndcg(np.array([1.0, 3.0, 2.0]), np.array([9.0, 8.0, 7.0]), k=1) == pytest.approx(1 / 3, rel=1e-14)


def test_the_ideal_order_is_worth_one_and_no_other_more():
    """Scores that equal relevance give 1, and no permutation of four items gives more."""
    relevance = np.array([0.1, 0.9, 0.4, 0.2])
    assert ndcg(relevance, relevance, k=10) == 1.0
    rng = np.random.default_rng(0)
    assert max(ndcg(relevance, rng.permutation(4.0 + np.arange(4)), k=3) for _ in range(50)) <= 1.0


def test_equal_scores_keep_the_order_given():
    """Without a difference in scores the items count as they came."""
    assert ndcg(np.array([0.0, 1.0]), np.zeros(2), k=1) == 0.0
    assert ndcg(np.array([1.0, 0.0]), np.zeros(2), k=1) == 1.0
    scores = np.tile([0.0, 1.0], 500)
    assert ndcg(np.eye(1, 1000, 1)[0], scores, k=1) == 1.0


@pytest.mark.parametrize(
    ("relevance", "scores", "k", "message"),
    [
        ([1.0, 2.0], [1.0], 1, "one relevance and one score"),
        ([1.0], [1.0], 0, "k is at least 1; got 0"),
        ([1.0], [float("nan")], 1, "finite"),
        ([float("inf")], [1.0], 1, "finite"),
        ([-1.0, 2.0], [1.0, 1.0], 1, "above 0 somewhere"),
        ([0.0, 0.0], [1.0, 1.0], 1, "above 0 somewhere"),
        ([], [], 1, "above 0 somewhere"),
    ],
)
def test_what_has_no_ndcg_is_refused(relevance, scores, k, message):
    """Different lengths, numbers that are not finite and lists without relevance are named, not ranked."""
    with pytest.raises(ValueError, match=message):
        ndcg(np.array(relevance), np.array(scores), k)


def test_the_truth_itself_ranks_every_test_query_perfectly():
    """Scoring by the true probability gives 1 on each query of the test users, two for each of the 6."""
    world = make_world(users=40, items=50, seed=1)
    values = ndcg_per_query(world.truth.click_probability, world, k=10)
    assert values.tolist() == [1.0] * 12
    assert mean_ndcg(world.truth.click_probability, world, k=10) == 1.0


def test_the_mean_is_over_queries():
    """The mean NDCG is the plain mean of the queries' values."""
    world = make_world(users=40, items=50, seed=1)
    rule = lambda user, items: -world.truth.click_probability(user, items)  # noqa: E731 - the worst order
    values = ndcg_per_query(rule, world, k=10)
    assert mean_ndcg(rule, world, k=10) == pytest.approx(sum(values) / len(values))
    assert values.max() < 1
