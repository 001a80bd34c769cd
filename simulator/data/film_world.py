"""MovieLens as a world: real users and films, a log to learn from, and held-out likes to be judged by.

A query is up to 20 ratings in a row by one person, and asks which films not yet rated the person likes next: is
going to rate 4 or more. A user of this world is a person at the moment of a query, described by what the log
says before it. Liked films are the clicks; beside each, films drawn evenly from those not liked in the query
stand for all that could have been shown, for nobody knows what was. A test query ranks every film that the
person has not rated yet; of very many test queries some are drawn.

The rows are in parts, 50% history, 30% training, 10% validation, 10% test. Films are described by the history
alone, so that no training row is described by itself. In the order of time nothing known at a query comes after
it; in random order the future of users and films leaks into what is known of them, and results are better than
they can be.

Shapes: R rows, Q queries, I items, G genres, A and B columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.data.features import Features, FloatArray, Gap, IntArray, Match
from simulator.data.histories import Past, Queries, co_liked_embeddings, item_statistics, queries_of
from simulator.data.impressions import Impressions
from simulator.data.movielens import MovieLens
from simulator.data.randomness import generator
from simulator.data.splits import Splits
from simulator.data.world import World
from simulator.errors import InputError, TooLargeError

__all__ = ["FilmWorld", "HeldOut", "make_film_world"]

LIKED = 4.0
WIDTH = 16
NEGATIVES = 5
MOST_CELLS = 500_000_000
"""Queries times films, a byte each."""

MOST_TESTED = 5_000_000
"""Test queries times films; of more queries, as many are drawn."""

ENDS = 0.5, 0.8, 0.9
"""Where the history, the training and the validation rows end, as shares of the log."""

TRAINING, VALIDATION, TEST = 1, 2, 3
PAST = ("history", "new", "like rate", "fame seen", "year seen")
STATISTICS = ("fame", "fame lately", "fame last", "liked fame", "mean rating")


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Which films were liked in which query, shape (Q, I); a liked film counts as a sure click."""

    liked: NDArray[np.bool_]

    def click_probability(self, users: int | IntArray, items: IntArray) -> FloatArray:
        """Return 1 where the query's film was liked, else 0, shape (n,)."""
        return np.asarray(self.liked[users, items], dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class FilmWorld(World):
    """A world whose users are persons at the moment of a query.

    Attributes
    ----------
    person
        Who each user is, shape (Q,): queries of one person are not independent.
    unseen
        The share of the test rows whose person has no row before the validation.
    later
        The share of the rows before the validation that are later than the first test row: what the split leaks.
    """

    person: IntArray
    unseen: float
    later: float


def make_film_world(data: MovieLens, split: str = "time", seed: int = 0, liked_from: float = LIKED) -> FilmWorld:
    """Return the world of `data` split by "time", at "random", or by "user".

    Parameters
    ----------
    data
        At least 100 ratings of more than 17 films, some of them liked in the history, in training and in the test. What
        is not known of any person or film, such as an age or a year, makes a column of zeros.
    split
        The order in which rows go to the parts, and in which they count as known; by user all of a person's rows go to
        one part, in the order of time.
    seed
        Of the films drawn beside the liked ones, and of the random order.
    liked_from
        The lowest rating of a liked film.

    Raises
    ------
    InputError
        Where the split is none of the three, or a part holds no liked film.
    TooLargeError
        Where queries times films are more than memory is asked for.
    """
    if split not in {"time", "random", "user"}:
        raise InputError(f"a split is by time, random or by user; got {split!r}")
    log = _log(data, (split, liked_from), generator(seed, "random order"))
    _check_parts(log)
    _check_size(len(log.queries), len(data.title))
    liked = np.zeros((len(log.queries), len(data.title)), dtype=bool)  # (Q, I)
    liked[log.queries.of_row[log.liked], log.item[log.liked]] = True
    item_features, past = _films(data, log)
    shown = [_sampled(log, liked, part, generator(seed, f"films of part {part}")) for part in (TRAINING, VALIDATION)]
    popularity = np.bincount(log.item[log.part <= TRAINING], minlength=len(data.title)) + 0.3
    return FilmWorld(
        user_features=_persons(data, log, past),
        item_features=item_features,
        popularity=popularity / popularity.sum(),
        splits=Splits(shown[0], shown[1], _all_unmet(log, liked, generator(seed, "test queries"))),
        truth=HeldOut(liked),
        features=_features(data),
        person=log.queries.person,
        unseen=float(np.mean(~np.isin(log.user[log.part == TEST], log.user[log.part <= TRAINING]))),
        later=float(np.mean(log.place[log.part <= TRAINING] > log.place[log.part == TEST].min())),
    )


class _Log(NamedTuple):
    """The rows in their order, shape (R,) each, with their `place` in the order of time, and their queries."""

    user: IntArray
    item: IntArray
    rating: FloatArray
    part: IntArray
    place: IntArray
    queries: Queries
    liked_from: float

    @property
    def liked(self) -> NDArray[np.bool_]:
        """Which rows are clicks, shape (R,)."""
        return self.rating >= self.liked_from

    def before(self, queries: IntArray) -> Iterator[IntArray]:
        """Yield the rows of each query's person before the query."""
        by_user = np.argsort(self.user, kind="stable")
        starts = np.searchsorted(self.user[by_user], np.arange(self.user.max() + 2))
        for person, first in zip(self.queries.person[queries], self.queries.first[queries], strict=True):
            own = by_user[starts[person] : starts[person + 1]]
            yield own[: np.searchsorted(own, first)]


def _log(data: MovieLens, told: tuple[str, float], rng: np.random.Generator) -> _Log:
    """Return the ratings in the order of the split, with parts and queries; `told` is (split, liked from)."""
    split, liked_from = told
    ratings = data.ratings
    rows = len(ratings)
    order = rng.permutation(rows) if split == "random" else np.arange(rows)
    user = ratings.user[order]
    part = np.searchsorted(np.round(np.array(ENDS) * rows), np.arange(rows), side="right")
    if split == "user":
        persons = rng.permutation(user.max() + 1)  # (U,)
        rank = np.searchsorted(np.array(ENDS) * len(persons), np.arange(len(persons)), side="right")
        part = rank[persons[user]]
    return _Log(user, ratings.item[order], ratings.label[order], part, order, queries_of(user, part), liked_from)


def _check_parts(log: _Log) -> None:
    """Refuse a log of which a part holds no liked film."""
    counts = np.bincount(log.part[log.liked], minlength=TEST + 1)
    if not counts.all():
        raise InputError(
            f"history, training, validation and test need items with a label of {log.liked_from:g} or more; "
            f"got {', '.join(map(str, counts))} of them: give more rows, or say from which label on an item is liked"
        )


def _check_size(queries: int, items: int) -> None:
    """Refuse a log whose table of who liked what would not fit into memory."""
    if queries * items > MOST_CELLS:
        raise TooLargeError(
            f"{queries:,} queries that rank {items:,} items each need {queries * items:.1e} cells, more than "
            f"{MOST_CELLS:.0e}: give the rows of fewer users, drawn at random, or of the items that are met most"
        )


def _films(data: MovieLens, log: _Log) -> tuple[FloatArray, Past]:
    """Return the columns of the films, shape (I, B), and what a person's past is told by."""
    history = log.part == 0
    items = len(data.title)
    statistics = item_statistics(log.item[history], log.rating[history], log.liked_from, items)  # (I, 5)
    good = history & log.liked
    embeddings = co_liked_embeddings(log.user[good], log.item[good], items, WIDTH) * WIDTH**0.5  # (I, E)
    year = _filled(data.year)
    told = _standard(np.column_stack([statistics, year]))  # (I, 6)
    many = np.maximum(np.linalg.norm(data.genres, axis=1, keepdims=True), 1.0)
    past = Past(data.genres / many, embeddings, told[:, 0], told[:, 5])
    return np.hstack([told, data.genres, embeddings]), past


def _persons(data: MovieLens, log: _Log, past: Past) -> FloatArray:
    """Return the columns of each query's person as known when it comes, shape (Q, A)."""
    known = np.array(
        [past.columns(log.item[rows], log.liked[rows]) for rows in log.before(np.arange(len(log.queries)))]
    )  # (Q, 5 + G + 3 E)
    asked = log.queries.part == TRAINING
    known[:, : len(PAST)] = _standard(known[:, : len(PAST)], asked)
    blocks = np.split(known[:, len(PAST) :], _ends(data)[:-1], axis=1)
    known[:, len(PAST) :] = np.hstack([block / max(block[asked].std(), 1e-9) for block in blocks if block.size])
    jobs = np.array([[job == name for name in _jobs(data)] for job in data.occupation], dtype=np.float64)
    female = np.array([gender == "F" for gender in data.gender], dtype=np.float64)
    told = np.column_stack([_standard(_filled(data.age)[:, None]), female, jobs])  # (U, 2 + jobs)
    return np.hstack([told[log.queries.person], known])


def _filled(column: FloatArray) -> FloatArray:
    """Return a column with its mean where it is NaN, zeros where it is so throughout."""
    known = np.isfinite(column)
    return np.where(known, column, column[known].mean() if known.any() else 0.0)


def _standard(columns: FloatArray, rows: NDArray[np.bool_] | slice = slice(None)) -> FloatArray:
    """Return columns less their mean, over their standard deviation, both of `rows`."""
    spread = columns[rows].std(axis=0)
    return np.asarray((columns - columns[rows].mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0))


def _jobs(data: MovieLens) -> list[str]:
    """Return the occupations there are."""
    return sorted(set(data.occupation) - {""})


def _ends(data: MovieLens) -> list[int]:
    """Return where the genres and the three embeddings of a past end."""
    genres = len(data.genre_names)
    return [genres, genres + WIDTH, genres + 2 * WIDTH, genres + 3 * WIDTH]


def _features(data: MovieLens) -> Features:
    """Return the names of the columns, and the six comparisons."""
    told = ["age", "female", *_jobs(data)]
    genres = list(data.genre_names)
    places = range(WIDTH)
    blocks = ["liked", "liked lately", "not liked"]
    item = [*STATISTICS, "year", *genres, *(f"place {place}" for place in places)]
    user = [*told, *PAST, *(f"likes {genre}" for genre in genres)]
    pasts, topics = len(told), len(STATISTICS) + 1
    starts = [len(user) + number * WIDTH for number in range(len(blocks))]
    user += [f"{block} {place}" for block in blocks for place in places]
    pairs: list[Match | Gap] = [Match("genres fit", pasts + len(PAST), topics, len(genres), 1.0)]
    for block, start in zip(blocks, starts, strict=True):
        pairs.append(Match(f"near to {block}", start, topics + len(genres), WIDTH, 1.0))
    pairs.append(Gap("fame gap", pasts + PAST.index("fame seen"), 0))
    pairs.append(Gap("year gap", pasts + PAST.index("year seen"), len(STATISTICS)))
    return Features(tuple(user), tuple(item), tuple(pairs))


def _sampled(log: _Log, liked: NDArray[np.bool_], part: int, rng: np.random.Generator) -> Impressions:
    """Return a part's liked films, each with five drawn evenly from the films not liked in the query."""
    rows = np.flatnonzero((log.part == part) & log.liked)
    query, item = log.queries.of_row[rows], log.item[rows]
    beside = np.repeat(query, NEGATIVES)
    drawn = rng.integers(liked.shape[1], size=len(beside))
    kept = ~liked[beside, drawn]
    queries, items = np.append(query, beside[kept]), np.append(item, drawn[kept])
    clicks = np.arange(len(queries)) < len(query)
    order = np.argsort(queries, kind="stable")
    return Impressions(queries[order], queries[order], items[order], clicks[order])


def _all_unmet(log: _Log, liked: NDArray[np.bool_], rng: np.random.Generator) -> Impressions:
    """Return, for each test query with a liked film, every film that the person has not met before."""
    tested = np.flatnonzero((log.queries.part == TEST) & liked.any(axis=1))  # (T,)
    most = max(MOST_TESTED // liked.shape[1], 2)
    if len(tested) > most:
        tested = np.sort(rng.choice(tested, most, replace=False))
    unmet = np.ones((len(tested), liked.shape[1]), dtype=bool)  # (T, I)
    for row, met in zip(unmet, log.before(tested), strict=True):
        row[log.item[met]] = False
    place, item = np.nonzero(unmet)  # (R,)
    return Impressions(tested[place], tested[place], item, liked[tested][unmet])
