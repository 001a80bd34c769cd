"""How good an order of items is, by the truth that only a synthetic world knows.

Shapes: n items of a query, T test queries.
"""

from collections.abc import Callable

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Judged

__all__ = ["mean_ndcg", "ndcg", "ndcg_per_query"]

Scorer = Callable[[int, IntArray], FloatArray]


def ndcg(relevance: FloatArray, scores: FloatArray, k: int) -> float:
    """Return the normalised discounted cumulative gain of the k best by `scores`, in [0, 1]; 1 is ideal.

    The gain of an item is its relevance, the discount at rank r = 1, 2, ... is 1 / log2(1 + r), and items of
    equal score stay in the order given.

    Source: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.

    Parameters
    ----------
    relevance
        How relevant each item is, at least 0 and one of them above, shape (n,).
    scores
        What orders the items, shape (n,), higher is better.
    k
        At least 1; a list shorter than k counts whole.

    Raises
    ------
    ValueError
        Where lengths differ, a number is not finite, relevance is negative or zero throughout, or k is below
        1.
    """
    if relevance.ndim != 1 or relevance.shape != scores.shape:
        raise ValueError(f"one relevance and one score for each item; got shapes {relevance.shape} and {scores.shape}")
    if k < 1:
        raise ValueError(f"k is at least 1; got {k}")
    if not (np.isfinite(relevance).all() and np.isfinite(scores).all()):
        raise ValueError("relevance and scores are finite; got NaN or infinity among them")
    if not relevance.size or relevance.min() < 0 or relevance.max() == 0:
        raise ValueError("relevance is at least 0 and above 0 somewhere, or no order is better than another")
    discount = 1 / np.log2(np.arange(2, min(k, relevance.size) + 2))  # (min(k, n),)
    chosen = relevance[np.argsort(-scores, kind="stable")[: discount.size]]
    ideal = -np.sort(-relevance)[: discount.size]
    return float(chosen @ discount / (ideal @ discount))


def ndcg_per_query(score: Scorer, world: Judged, k: int) -> FloatArray:
    """Return the NDCG at k of each test query of `world`, shape (T,), in the order of the log.

    Parameters
    ----------
    score
        Gives the scores, shape (n,), of a user's items, shape (n,); the `score` of a ranker, or any rule.
    world
        Its test queries have users that no ranker was trained on; relevance is the true probability of a
        click.
    k
        At least 1.
    """
    return np.array(
        [
            ndcg(world.truth.click_probability(user, items), score(user, items), k)
            for user, items in world.splits.test.lists()
        ]
    )


def mean_ndcg(score: Scorer, world: Judged, k: int) -> float:
    """Return the mean over the test queries of what `ndcg_per_query` gives."""
    return float(ndcg_per_query(score, world, k).mean())
