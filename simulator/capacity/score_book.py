"""What trained rankers say of every item of a world, for the users of its test queries, and what the truth says.

Training takes seconds and a run should not: the scores on the world that scenarios are judged by are kept in the
user's cache, under a key of the sources that made them.

Shapes: T test users, I items.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
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
from simulator.errors import InputError
from simulator.rankers.own import load_own
from simulator.rankers.registry import RANKERS
from simulator.scenario.ranker_names import is_own

__all__ = [
    "SEED",
    "About",
    "Recorded",
    "ScoreBook",
    "book_of",
    "check_persons",
    "kept_scores",
    "shared_book",
    "trained_key",
    "trained_scores",
]

SEED = 0

TOLD = ("history", "new", "age", "budget", "curiosity")
"""Columns of users by which kinds of query are told apart."""


class Size(NamedTuple):
    """What a world is made with, and how many of its test users judge by it."""

    made_with: Mapping[str, int]
    users: int


# By the kind of world. Models of text take up to a thousand times as long for a score, so fewer are asked for.
SIZES = {"columns": Size({"items": 4_096}, 600), "text": Size({"documents": 1_000}, 150)}


class Recorded(NamedTuple):
    """What is judged on where it is a log of real users.

    Attributes
    ----------
    name
        What it is called: a data set, or a file.
    split
        How it is parted: "time" or "random".
    rows, users, items
        Of the whole log, each item once a user.
    again
        Rows left out, in which a user meets an item again.
    liked_from
        The lowest label that counts as a click; None where every row is one.
    unseen
        The share of the test rows whose user is not seen in training.
    """

    name: str
    split: str
    rows: int
    users: int
    items: int
    again: int
    liked_from: float | None
    unseen: float


class About(NamedTuple):
    """What is known of those who ask and of what they are shown, to tell kinds of query and of item apart.

    Attributes
    ----------
    users
        Columns of each query's user by name, shape (T,) each.
    popularity
        How often each item is met, shape (T, I); None where nobody knows.
    """

    users: Mapping[str, FloatArray]
    popularity: FloatArray | None

    @classmethod
    def of(cls, world: Judged, users: NDArray[np.int64]) -> "About":
        """Return what `world` tells of `users`, shape (T,), and of all its items."""
        names = world.features.user
        told = {name: world.user_features[users, names.index(name)] for name in TOLD if name in names}
        popularity = getattr(world, "popularity", None)
        shape = (len(users), len(world.item_features))
        return cls(told, None if popularity is None else np.broadcast_to(popularity, shape))

    def where(self, kept: NDArray[np.bool_], items: NDArray[np.int64]) -> "About":
        """Return the queries `kept`, shape (T,), with the items of places `items`, shape (T, items)."""
        of_items = None if self.popularity is None else np.take_along_axis(self.popularity, items, axis=1)[kept]
        return About({name: column[kept] for name, column in self.users.items()}, of_items)


NOTHING_KNOWN = About({}, None)


class ScoreBook:
    """Scores and relevance of every item for every test query; each ranker's are made when first asked for.

    Parameters
    ----------
    relevance
        The probability of a click, shape (T, I); in each row one is above 0. NaN where an item is not ranked, as the
        user has met it before.
    score
        Gives the scores of all items by a ranker's name, shape (T, I), higher is better.
    key
        Changes with whatever made the scores.
    person
        Who asks each query, shape (T,), whole numbers; each by a person of its own unless given.
    recorded
        The log behind it; None of a synthetic world.
    """

    def __init__(
        self,
        relevance: FloatArray,
        score: Callable[[str], FloatArray],
        key: str = "",
        person: NDArray[np.int64] | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        self.ranked = ~np.isnan(relevance)  # (T, I)
        self.relevance, self.key, self.recorded = np.where(self.ranked, relevance, 0.0), key, recorded
        self.best = np.argsort(-self.relevance, axis=1, kind="stable")  # (T, I)
        self.person = np.arange(len(relevance)) if person is None else person
        _, self._place = np.unique(self.person, return_inverse=True)  # (T,)
        self._score = cache(score)
        self._order = cache(self._sorted)
        self._parts: dict[int, ScoreBook] = {}
        self.about: Callable[[], About] = lambda: NOTHING_KNOWN

    def telling(self, about: Callable[[], About]) -> "ScoreBook":
        """Return this book, which from now on tells by `about` what is known of users and items."""
        self.about = cache(about)
        return self

    def by_person(self, values: FloatArray) -> FloatArray:
        """Return the mean of the values of each person's queries, of shape (T,), which are not independent."""
        return np.asarray(np.bincount(self._place, weights=values) / np.bincount(self._place))

    def scores(self, ranker: str) -> FloatArray:
        """Return the scores by `ranker`, shape (T, I)."""
        return self._score(ranker)

    def order(self, ranker: str) -> NDArray[np.int64]:
        """Return all items from the best by `ranker` down, shape (T, I); those that are not ranked come last."""
        return self._order(ranker)

    def with_items(self, items: int) -> "ScoreBook":
        """Return the book of `items` items drawn for each query, of at most I; the same ones each time.

        They are drawn from those that it ranks. A query for which none of them is relevant is left out.

        Raises
        ------
        InputError
            Where fewer than two persons' queries are left.
        """
        T, I = self.relevance.shape  # noqa: E741  the letters of this module
        if items >= I:
            return self
        if items not in self._parts:
            chance = np.where(self.ranked, generator(SEED, "candidates").random((T, I)), 1.0)
            drawn = np.sort(chance.argsort(axis=1)[:, :items], axis=1)  # (T, items)
            relevance, ranked = (np.take_along_axis(of, drawn, axis=1) for of in (self.relevance, self.ranked))
            known = relevance.max(axis=1) > 0  # (T,)
            check_persons(self.person[known], f"of {items:,} candidates")

            def score(ranker: str) -> FloatArray:
                return np.asarray(np.take_along_axis(self.scores(ranker), drawn, axis=1)[known])

            part = np.where(ranked, relevance, np.nan)[known]
            person = self.person[known]
            book = ScoreBook(part, score, self.key, person, self.recorded)
            self._parts[items] = book.telling(partial(self._about_part, known, drawn))
        return self._parts[items]

    def _about_part(self, known: NDArray[np.bool_], drawn: NDArray[np.int64]) -> About:
        """Return what is known of the queries `known`, shape (T,), and of the items drawn for them."""
        return self.about().where(known, drawn)

    def _sorted(self, ranker: str) -> NDArray[np.int64]:
        """Return the order by a ranker, sorted anew."""
        return np.argsort(-np.where(self.ranked, self.scores(ranker), -np.inf), axis=1, kind="stable")


def check_persons(person: NDArray[np.int64], where: str) -> None:
    """Raise InputError where test queries, shape (T,), are of fewer than two persons; `where` says of what."""
    if len(np.unique(person)) < 2:
        raise InputError(
            f"{where}: expected test queries of at least 2 users who like something that they had not met, got "
            f"{len(np.unique(person))}; give a longer log, or more candidates"
        )


def book_of(world: Judged, seed: int = SEED) -> ScoreBook:
    """Return the book of rankers trained on `world` with `seed`; users for whom nothing is relevant are left out."""
    users = _test_users(world)
    relevance = _relevance(world, users)
    known = relevance.max(axis=1) > 0

    def score(ranker: str) -> FloatArray:
        return trained_scores(world, ranker, seed, users[known])

    return ScoreBook(relevance[known], score).telling(lambda: About.of(world, users[known]))


@cache
def shared_book(kind: str) -> ScoreBook:
    """Return the book that scenarios are judged by: of a synthetic world of `kind`, kept in the user's cache."""
    size = SIZES[kind]
    world = cache(lambda: WORLDS[kind](seed=SEED, **size.made_with))
    key = trained_key(kind, size)

    def users() -> NDArray[np.int64]:
        return _test_users(world())[: size.users]

    def score(ranker: str) -> FloatArray:
        return kept_scores("", key, ranker, lambda: trained_scores(world(), ranker, SEED, users()))

    relevance = kept(f"relevance-{kind}", key, lambda: _relevance(world(), users()))
    return ScoreBook(relevance, score, key).telling(lambda: About.of(world(), users()))


def trained_key(*settings: object) -> str:
    """Return a key that changes with `settings` and with the sources that rankers are trained by."""
    folders = [Path(path) for package in (simulator.data, simulator.rankers) for path in package.__path__]
    return sources_key(folders, *settings, SEED)


def kept_scores(world: str, key: str, ranker: str, make: Callable[[], FloatArray]) -> FloatArray:
    """Return what `make` gives, kept under `key`; made anew of a user's own ranker, whose sources are not known."""
    return make() if is_own(ranker) else kept(f"scores-{world}{ranker}", key, make)


def _test_users(world: Judged) -> NDArray[np.int64]:
    """Return the users of the test queries, shape (T,)."""
    return np.unique(world.splits.test.user)


def _relevance(world: Judged, users: NDArray[np.int64]) -> FloatArray:
    """Return the truth about every item for `users`, shape (T, I), in single precision."""
    items = np.arange(len(world.item_features))
    return np.stack([world.truth.click_probability(int(user), items) for user in users]).astype(np.float32)


def trained_scores(world: Judged, ranker: str, seed: int, users: NDArray[np.int64]) -> FloatArray:
    """Return what a ranker trained on `world` says of every item for `users`, shape (T, I)."""
    from threadpoolctl import threadpool_limits  # only where something is trained

    with threadpool_limits(1):  # sums by several threads round differently from run to run
        if is_own(ranker):
            return load_own(ranker).scores_on(world, users)
        model = RANKERS[ranker].fit(world, seed)
        return np.stack([model.score(int(user), slice(0, len(world.item_features))) for user in users])
