"""What trained rankers say of the items of a recorded log, and what its users came to like.

A test query ranks every item that its user has not met before; those met are neither ranked nor counted.

Shapes: T test queries, I items.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.capacity.score_book import (
    SEED,
    About,
    Recorded,
    ScoreBook,
    check_persons,
    kept_scores,
    trained_key,
    trained_scores,
)
from simulator.data.click_world import first_meetings, make_click_world
from simulator.data.features import FloatArray
from simulator.data.film_world import LIKED, FilmWorld, make_film_world
from simulator.data.interactions import Columns, Interactions, read_interactions
from simulator.data.movielens import MovieLens, load_movielens
from simulator.data.sources import SOURCES
from simulator.scenario.quality_world import QualityWorld

__all__ = ["log_book"]


class _Read(NamedTuple):
    """A log as it is read: its name, what it changes with, and the world of a split.

    `again` are the rows left out, `liked_from` the lowest label of a click or None, and `films` what is known of films.
    """

    name: str
    sha256: str
    log: Interactions
    again: int
    liked_from: float | None
    films: MovieLens | None = None

    def world(self, split: str) -> FilmWorld:
        """Return the world of a split."""
        if self.films is not None:
            return make_film_world(self.films, split, SEED)
        return make_click_world(self.log, self.name, split, 1.0 if self.liked_from is None else self.liked_from)


@cache
def log_book(asked: QualityWorld, split: str) -> ScoreBook:
    """Return the book of a log, split by "time" or at "random"; what trained rankers say is kept in the user's cache.

    Raises
    ------
    InputError
        Where the log cannot be read, is not in the cache, or is too small to judge by.
    TooLargeError
        Where it is too large for memory.
    """
    read = _read(asked)
    world = read.world(split)
    test = world.splits.test
    users, row = np.unique(test.user, return_inverse=True)  # (T,)
    check_persons(world.person[users], read.name)
    relevance = np.full((len(users), len(world.item_features)), np.nan, dtype=np.float32)  # (T, I)
    relevance[row, test.item] = test.click
    key = trained_key(read.sha256, asked.model_dump(exclude={"interactions", "split"}), split)
    place = "log" if asked.interactions else asked.world

    def score(ranker: str) -> FloatArray:
        return kept_scores(f"{place}-{split}-", key, ranker, lambda: trained_scores(world, ranker, SEED, users))

    known = len(read.log), len(read.log.users), len(read.log.items), read.again, read.liked_from
    recorded = Recorded(read.name, split, *known, world.unseen)
    book = ScoreBook(relevance, score, key, world.person[users], recorded)
    return book.telling(lambda: About.of(world, users))


@cache
def _read(asked: QualityWorld) -> _Read:
    """Return the log that is asked for."""
    if asked.interactions is None:
        films = load_movielens()
        return _Read(asked.world, SOURCES[asked.world].sha256, films.ratings, 0, LIKED, films)
    path = Path(asked.interactions)
    rows = read_interactions(path, Columns(asked.user, asked.item, asked.time, asked.label))
    log = first_meetings(rows)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    every = rows.label.min() == rows.label.max()  # no column of labels has one value alone
    return _Read(path.name, sha256, log, len(rows) - len(log), None if every else asked.liked_from)
