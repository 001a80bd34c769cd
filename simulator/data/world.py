"""A seeded synthetic world: users, items, what is seen of them, and a log of clicks whose truth is known.

Shapes: U users, I items, A user columns, B item columns, D tastes, Q queries, L items in a query's list, R =
Q x L.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from simulator.data.features import SYNTHETIC, Features, FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Truthful
from simulator.data.randomness import generator
from simulator.data.splits import Splits, split_by_user
from simulator.data.truth import Truth
from simulator.errors import InputError

__all__ = ["World", "make_world"]

ZIPF_EXPONENT = 1.0
EXPLORED_SHARE = 0.3
OBSERVATION_NOISE = 0.2
QUERIES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class World:
    """Users and items as a ranker sees them, the log of their meetings, and the truth that it never sees.

    Attributes
    ----------
    user_features
        Tastes with noise, budget with noise, curiosity with noise, shape (U, A) with A = D + 2.
    item_features
        Topics, price, freshness and quality with noise, and fame, shape (I, B) with B = D + 4.
    popularity
        How often the old system shows each item, relative to all, shape (I,), by Zipf's law.
    splits
        The log of the old system, in parts that share no user.
    truth
        What decides on clicks.
    features
        What the columns of users and items are called, and which of them are compared.
    """

    kind: ClassVar[str] = "columns"

    user_features: FloatArray
    item_features: FloatArray
    popularity: FloatArray
    splits: Splits
    truth: Truthful
    features: Features = SYNTHETIC


def make_world(
    *,
    users: int = 4000,
    items: int = 2000,
    seed: int = 0,
    queries: int = 2,
    shown: int = 25,
    users_of: World | None = None,
) -> World:
    """Return the world of `seed`; equal arguments give equal worlds.

    Parameters
    ----------
    users
        At least 3, so that each part of the log has one.
    items
        At least `shown`.
    seed
        A whole number from 0.
    queries
        Queries of each user in the log, at least 1.
    shown
        Different items in the list of a query, at least 1. The old system draws them by popularity, but for
        30% of the chance, which is spread over all items evenly.
    users_of
        A world whose users meet other items here, such as ads beside a feed; `users` is then their number.

    Raises
    ------
    InputError
        Where a number is too small; the message says which.
    """
    users = users if users_of is None else len(users_of.user_features)
    sizes = ("users", users, 3), ("queries", queries, 1), ("shown", shown, 1), ("items", items, shown)
    for name, value, least in sizes:
        if value < least:
            raise InputError(f"a world needs {name} >= {least}; got {value}")
    popularity = _zipf(items, generator(seed, "popularity"))
    fame = np.log(popularity)
    truth = Truth.draw(users, (fame - fame.mean()) / max(fame.std(), 1e-12), generator(seed, "truth"))
    user_features, item_features = _observe(truth, generator(seed, "observation"))
    if users_of is not None:
        known = users_of.truth
        if not isinstance(known, Truth):
            raise InputError("users_of: expected a synthetic world, where users can meet more, got recorded users")
        truth = replace(truth, tastes=known.tastes, budget=known.budget, curiosity=known.curiosity)
        user_features = users_of.user_features
    user = np.repeat(np.arange(users), queries)  # (Q,)
    log = _show(truth, user, (popularity, shown), generator(seed, "log"))
    splits = split_by_user(log, generator(seed, "splits"))
    return World(user_features, item_features, popularity, splits, truth)


def _zipf(items: int, rng: np.random.Generator) -> FloatArray:
    """Return shares that fall with a power of the rank, shape (I,); ranks are shuffled over the items."""
    shares = (1.0 + rng.permutation(items)) ** -ZIPF_EXPONENT
    return np.asarray(shares / shares.sum())


def _observe(truth: Truth, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the columns of users and of items: the truth with noise, but for fame, which can be counted."""

    def noisy(columns: FloatArray) -> FloatArray:
        return columns + OBSERVATION_NOISE * rng.standard_normal(columns.shape)

    user_features = noisy(np.column_stack([truth.tastes, truth.budget, truth.curiosity]))  # (U, A)
    seen = noisy(np.column_stack([truth.topics, truth.price, truth.freshness, truth.quality]))  # (I, B - 1)
    return user_features, np.column_stack([seen, truth.fame])  # (U, A), (I, B)


def _show(truth: Truth, user: IntArray, shelf: tuple[FloatArray, int], rng: np.random.Generator) -> Impressions:
    """Return the log of one list for each entry of `user`, shape (Q,); `shelf` is (popularity, L)."""
    popularity, shown = shelf
    items = len(popularity)
    log_chance = np.log((1 - EXPLORED_SHARE) * popularity + EXPLORED_SHARE / items)
    lists = np.empty((len(user), shown), dtype=np.int64)  # (Q, L)
    for start in range(0, len(user), QUERIES_AT_ONCE):
        part = lists[start : start + QUERIES_AT_ONCE]
        # The L largest of log chance + Gumbel noise are a weighted draw without replacement.
        keys = log_chance + rng.gumbel(size=(len(part), items))
        part[:] = np.argpartition(keys, items - shown, axis=1)[:, items - shown :]
    query = np.repeat(np.arange(len(user)), shown)  # (R,)
    users, shown_items = user[query], lists.ravel()
    click = rng.random(len(query)) < truth.click_probability(users, shown_items)
    return Impressions(query, users, shown_items, click)
