"""What trained rankers say of every item of a world, for the users of its test queries, and what the truth says.

Training takes seconds and a run should not: the scores on the world that scenarios are judged by are kept in the
user's cache, under a key of the sources that made them.

Shapes: T test users, I items.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import simulator.data
import simulator.rankers
from simulator.data.features import FloatArray
from simulator.data.kept import kept, sources_key
from simulator.data.learnable import Judged
from simulator.data.randomness import generator
from simulator.data.worlds import WORLDS
from simulator.rankers.registry import RANKERS

__all__ = ["ScoreBook", "book_of", "shared_book"]

SEED = 0


class Size(NamedTuple):
    """What a world is made with, and how many of its test users judge by it."""

    made_with: Mapping[str, int]
    users: int


# By the kind of world. Models of text take up to a thousand times as long for a score, so fewer are asked for.
SIZES = {"columns": Size({"items": 4_096}, 600), "text": Size({"documents": 1_000}, 150)}


class ScoreBook:
    """Scores and relevance of every item for every test user; each ranker's are made when first asked for.

    Parameters
    ----------
    relevance
        The probability of a click, shape (T, I); in each row one is above 0.
    score
        Gives the scores of all items by a ranker's name, shape (T, I), higher is better.
    key
        Changes with whatever made the scores.
    """

    def __init__(self, relevance: FloatArray, score: Callable[[str], FloatArray], key: str = "") -> None:
        self.relevance, self.key = relevance, key
        self.best = np.argsort(-relevance, axis=1, kind="stable")  # (T, I)
        self._score = cache(score)
        self._order = cache(self._sorted)
        self._parts: dict[int, ScoreBook] = {}

    def scores(self, ranker: str) -> FloatArray:
        """Return the scores by `ranker`, shape (T, I)."""
        return self._score(ranker)

    def order(self, ranker: str) -> NDArray[np.int64]:
        """Return all items from the best by `ranker` down, shape (T, I)."""
        return self._order(ranker)

    def with_items(self, items: int) -> "ScoreBook":
        """Return the book of `items` items drawn for each user, of at most I; the same ones each time."""
        T, I = self.relevance.shape  # noqa: E741  the letters of this module
        if items >= I:
            return self
        if items not in self._parts:
            drawn = np.sort(generator(SEED, "candidates").random((T, I)).argsort(axis=1)[:, :items], axis=1)

            def score(ranker: str) -> FloatArray:
                return np.take_along_axis(self.scores(ranker), drawn, axis=1)

            self._parts[items] = ScoreBook(np.take_along_axis(self.relevance, drawn, axis=1), score, self.key)
        return self._parts[items]

    def _sorted(self, ranker: str) -> NDArray[np.int64]:
        """Return the order by a ranker, sorted anew."""
        return np.argsort(-self.scores(ranker), axis=1, kind="stable")


def book_of(world: Judged, seed: int = SEED) -> ScoreBook:
    """Return the book of rankers trained on `world` with `seed`; users for whom nothing is relevant are left out."""
    users = _test_users(world)
    relevance = _relevance(world, users)
    known = relevance.max(axis=1) > 0
    return ScoreBook(relevance[known], lambda ranker: _scores(world, ranker, seed, users[known]))


@cache
def shared_book(kind: str) -> ScoreBook:
    """Return the book that scenarios are judged by: of a synthetic world of `kind`, kept in the user's cache."""
    size = SIZES[kind]
    world = cache(lambda: WORLDS[kind](seed=SEED, **size.made_with))
    folders = [Path(path) for package in (simulator.data, simulator.rankers) for path in package.__path__]
    key = sources_key(folders, kind, size, SEED)

    def users() -> NDArray[np.int64]:
        return _test_users(world())[: size.users]

    def score(ranker: str) -> FloatArray:
        return kept(f"scores-{ranker}", key, lambda: _scores(world(), ranker, SEED, users()))

    return ScoreBook(kept(f"relevance-{kind}", key, lambda: _relevance(world(), users())), score, key)


def _test_users(world: Judged) -> NDArray[np.int64]:
    """Return the users of the test queries, shape (T,)."""
    return np.unique(world.splits.test.user)


def _relevance(world: Judged, users: NDArray[np.int64]) -> FloatArray:
    """Return the truth about every item for `users`, shape (T, I), in single precision."""
    items = np.arange(len(world.item_features))
    return np.stack([world.truth.click_probability(int(user), items) for user in users]).astype(np.float32)


def _scores(world: Judged, ranker: str, seed: int, users: NDArray[np.int64]) -> FloatArray:
    """Return what a ranker trained on `world` says of every item for `users`, shape (T, I)."""
    from threadpoolctl import threadpool_limits  # only where something is trained

    with threadpool_limits(1):  # sums by several threads round differently from run to run
        model = RANKERS[ranker].fit(world, seed)
        return np.stack([model.score(int(user), slice(0, len(world.item_features))) for user in users])
