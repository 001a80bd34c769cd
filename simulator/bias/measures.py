"""How unevenly a ranking shows its items, and how alike it makes what users see.

Shapes: R replications, K items, U users, k places of a list. Leading axes may be any or none, so that a course over
time is measured in one call.
"""

import math

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.draws import stream_of, uniforms

__all__ = ["average_popularity", "coverage", "entropy", "gini", "jaccard", "kendall", "top_share"]

Counts = FloatArray | IntArray

PAIRS = 10_000
"""Pairs of users that are compared where there are more."""


def gini(counts: Counts) -> FloatArray:
    """Return the Gini index of `counts`, shape (R, K) to (R,): 0 if all items have the same, 1 - 1/K if one has all.

    Half the mean absolute difference of two items, drawn with repetition, over the mean. Items that were never shown
    are items.

    Source: Gini, "Variabilità e mutabilità", 1912; the sum over ranks in Damgaard & Weiner, Ecology 81(4), 2000,
    without their factor n / (n - 1).

    Parameters
    ----------
    counts
        How often each item was shown or clicked, at least 0. Nothing at all gives NaN.

    Raises
    ------
    ValueError
        Where a count is negative or no number, or there are no items.
    """
    ordered = np.sort(_checked(counts), axis=-1)
    items = ordered.shape[-1]
    ranks = 2 * np.arange(1, items + 1) - items - 1  # (K,)
    return _over(ordered @ ranks, items * ordered.sum(axis=-1))


def coverage(counts: Counts) -> FloatArray:
    """Return the share of items with any of `counts`, shape (R, K) to (R,), in [0, 1]."""
    return np.asarray((_checked(counts) > 0).mean(axis=-1))


def entropy(counts: Counts) -> FloatArray:
    """Return the Shannon entropy of `counts` in nats, shape (R, K) to (R,), from 0 to ln K; NaN of nothing.

    Its exponential is the number of items that would look as even, had each of them the same.
    """
    checked = _checked(counts)
    shares = _over(checked, checked.sum(axis=-1, keepdims=True))
    logarithms = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    return np.asarray(-(shares * logarithms).sum(axis=-1))


def top_share(counts: Counts, share: float = 0.01) -> FloatArray:
    """Return what the most shown `share` of items has of all `counts`, shape (R, K) to (R,); NaN of nothing.

    The number of items is rounded up, so that it is at least one; `share` is above 0 and at most 1, else ValueError.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share of items is above 0 and at most 1; got {share}")
    checked = _checked(counts)
    items = checked.shape[-1]
    first = items - math.ceil(round(share * items, 6))  # 0.07 of 100 items is 7.000000000000001
    return _over(np.partition(checked, first, axis=-1)[..., first:].sum(axis=-1), checked.sum(axis=-1))


def average_popularity(shown: Counts, popularity: Counts) -> FloatArray:
    """Return the mean popularity of what was shown, shape (R,); NaN where nothing was.

    Source: Abdollahpouri, Burke & Mobasher, "Managing popularity bias in recommender systems", FLAIRS 2019 (average
    recommendation popularity, for lists of one length).

    Parameters
    ----------
    shown
        How often each item was shown, shape (R, K), at least 0.
    popularity
        What each item counts for, such as its clicks before or its share of them, shape (K,) or (R, K).
    """
    checked = _checked(shown)
    return _over((checked * popularity).sum(axis=-1), checked.sum(axis=-1))


def kendall(quality: FloatArray, counts: Counts) -> FloatArray:
    """Return Kendall's tau-b of quality and exposure, shape (R,), in [-1, 1]: 1 where better items are shown more.

    Ties are left out of both factors below the line (Kendall, "The treatment of ties", Biometrika 33, 1945). NaN where
    all items are alike in one of the two.

    Parameters
    ----------
    quality
        How good each item is, finite, shape (K,) or (R, K).
    counts
        How often each was shown, shape (R, K), at least 0.
    """
    from scipy.stats import kendalltau  # over a second to load

    checked = _checked(counts)
    items = checked.shape[-1]
    pairs = zip(np.broadcast_to(quality, checked.shape).reshape(-1, items), checked.reshape(-1, items), strict=True)
    found = [kendalltau(good, seen, method="asymptotic").statistic for good, seen in pairs]
    return np.array(found).reshape(checked.shape[:-1])


def jaccard(lists: IntArray, seed: int = 0) -> FloatArray:
    """Return how alike two users' lists are, shape (R, U, k) to (R,): the mean over pairs of shared over all items.

    All pairs are compared up to PAIRS of them, else PAIRS pairs drawn with repetition, the same for the same `seed` and
    number of users.

    Source: Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11(2), 1912.

    Parameters
    ----------
    lists
        The items of each user's list, no item twice.
    seed
        What the pairs are drawn by.

    Raises
    ------
    ValueError
        Where there are fewer than two users, or no places.
    """
    users, places = lists.shape[-2:]
    if users < 2 or not places:
        raise ValueError(f"two users at least, with a list each; got shape {lists.shape}")
    one, other = _pairs(users, seed)  # (P,)
    theirs = lists[..., other, :]  # (R, P, k)
    shared = sum((theirs == lists[..., one, place, None]).any(axis=-1).astype(np.int64) for place in range(places))
    return np.asarray((shared / (2 * places - shared)).mean(axis=-1))


def _pairs(users: int, seed: int) -> tuple[IntArray, IntArray]:
    """Return the two members of each pair of different users that is compared, shape (P,) each."""
    if users * (users - 1) // 2 <= PAIRS:
        first, second = np.triu_indices(users, 1)
        return first, second
    drawn = uniforms(stream_of(seed, 0, "pairs of users"), 2 * PAIRS).reshape(2, PAIRS)
    first = (drawn[0] * users).astype(np.int64)
    return first, (first + 1 + (drawn[1] * (users - 1)).astype(np.int64)) % users


def _checked(counts: Counts) -> FloatArray:
    """Return counts as numbers, each at least 0, of at least one item."""
    checked = np.asarray(counts, dtype=np.float64)
    if not checked.ndim or not checked.shape[-1]:
        raise ValueError(f"counts of at least one item; got shape {checked.shape}")
    if not (checked >= 0).all() or np.isinf(checked).any():
        raise ValueError("counts are finite and at least 0; got negative numbers, NaN or infinity among them")
    return checked


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return a quotient, NaN over nothing."""
    return np.asarray(np.divide(above, below, where=below > 0, out=np.full(above.shape, np.nan)))
