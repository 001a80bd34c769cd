"""Two tasks that embeddings are carried to: ads for users of a feed, and a spam filter by words known elsewhere.

Each gives three arms for `sweep`: from scratch, with the embeddings frozen, and with them fine-tuned.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.randomness import generator
from simulator.data.world import World, make_world
from simulator.errors import InputError
from simulator.rankers.metrics import mean_ndcg
from simulator.rankers.pooled_words import TABLE, Texts, fit_filter, wrong_share
from simulator.rankers.two_tower import USER_TOWER, TwoTower
from simulator.training.transfer import Arm

__all__ = ["user_arms", "with_users", "word_arms"]

K = 10


def user_arms(source: TwoTower, feed: World, items: int) -> dict[str, Arm]:
    """Return arms that rank ads for users of `feed`, whose tower `source` has learnt; they lose 1 - NDCG@10.

    An arm's amount is the users whose ads are learnt from. A seed draws other ads and other clicks; test users are none
    of those that ads were learnt from.

    Parameters
    ----------
    source
        Trained on `feed`.
    feed
        The world in which users are known.
    items
        Ads, at least 25.
    """

    def arm(kind: str, amount: int, seed: int) -> float:
        ads = with_users(make_world(items=items, seed=seed, users_of=feed), amount)
        if kind == "scratch":
            ranker = TwoTower.fit(ads, seed)
        else:
            ranker = TwoTower.fit_from(source, ads, seed, USER_TOWER if kind == "frozen" else ())
        return 1 - mean_ndcg(ranker.score, ads, K)

    return {kind: _of(arm, kind) for kind in ("scratch", "frozen", "fine_tuned")}


def word_arms(vectors: FloatArray, texts: Texts, held_out: Texts) -> dict[str, Arm]:
    """Return arms that filter texts by words whose `vectors` come from elsewhere; they lose the share put wrong.

    An arm's amount is the texts it learns from, drawn anew from `texts` by the seed; a fifth of them, at least two,
    choose the epoch. From scratch, vectors start at random.

    Parameters
    ----------
    vectors
        One for each word, shape (V, E).
    texts, held_out
        To draw from, and to judge by.
    """

    def arm(kind: str, amount: int, seed: int) -> float:
        rng = generator(seed, "texts")
        if not 10 <= amount <= len(texts.labels):
            raise InputError(f"expected an amount from 10 to the {len(texts.labels)} texts there are, got {amount}")
        drawn = rng.permutation(len(texts.labels))[:amount]
        kept = max(2, amount // 5)
        chooses, learns = (Texts(texts.words[part], texts.labels[part]) for part in (drawn[:kept], drawn[kept:]))
        start = rng.standard_normal(vectors.shape) if kind == "scratch" else vectors
        found = fit_filter(start, learns, chooses, seed, (TABLE,) if kind == "frozen" else ())
        return wrong_share(found, held_out)

    return {kind: _of(arm, kind) for kind in ("scratch", "frozen", "fine_tuned")}


def with_users(world: World, count: int) -> World:
    """Return the world whose training log holds its first `count` users only; raises InputError if there are fewer."""
    train = world.splits.train
    users = np.unique(train.user)
    if not 1 <= count <= len(users):
        raise InputError(f"expected an amount from 1 to the {len(users)} training users there are, got {count}")
    kept = train.where(np.isin(train.user, users[:count]))
    return replace(world, splits=replace(world.splits, train=kept))


def _of(arm: Callable[[str, int, int], float], kind: str) -> Arm:
    """Return the arm of one kind."""
    return lambda amount, seed: arm(kind, amount, seed)
