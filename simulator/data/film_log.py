"""A seeded year of a film service: who was shown which film, with all that was known then, and what was clicked.

Films, actors, tastes stay the same all year; what is asked and what is liked go with the months: films for the holidays are
shown and liked in December and neither in January, evenings are longer, more is watched on the phone. Some columns
decide on clicks, others, such as the studio, do nothing. A column that decides may be kept from the ranker.

Shapes: Q queries, L films in a query's list, R = Q x L rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from simulator.data.features import FloatArray, IntArray
from simulator.data.randomness import generator

__all__ = ["FEATURES", "MONTHS", "FilmLog", "make_film_log"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

FEATURES = (
    "age", "tenure_days", "country", "device", "hour", "query_words", "genre", "actor", "director", "studio", "rating",
    "runtime", "price", "fame", "film_days", "match",
)  # fmt: skip
"""The columns that a ranker may look at."""

SHOWN = 20
FILMS, ACTORS, DIRECTORS = 1_500, 40, 60
GENRES = ("action", "comedy", "crime", "drama", "family", "history", "holiday", "horror", "romance", "thriller")
STUDIOS = tuple(f"studio {letter}" for letter in "abcdefgh")
COUNTRIES, DEVICES = ("de", "fr", "it", "pl", "us"), ("tv", "phone", "laptop")
HOLIDAY = GENRES.index("holiday")

# By month: how often films for the holidays are shown, as a multiple, and how much they are liked, in log odds.
HOLIDAY_SHOWN = {"november": 2.0, "december": 6.0}
HOLIDAY_LIKED = {"november": 0.6, "december": 1.6}
HOLIDAY_ELSE = -1.0

# In the dark half of the year more is watched: log of the views of a film, the share of phones, hours later.
WINTER = {"november": 0.5, "december": 1.0, "january": 0.3}

BASE, MATCH, RATING, PRICE, FAME, FRESH, PHONE, ACTOR, GENRE = -2.6, 0.9, 0.5, -0.4, 0.35, 0.25, -0.3, 1.0, 0.3


@dataclass(frozen=True, eq=False)
class FilmLog:
    """Rows of what was shown, those of a query next to each other.

    Attributes
    ----------
    table
        One row an impression, (R, columns): `id`, `query`, `month`, FEATURES, and `click` as 0 or 1.
    probability
        What the probability of a click really was, shape (R,).
    """

    table: pd.DataFrame
    probability: FloatArray


def make_film_log(months: Sequence[str], queries: int, seed: int = 0, part: str = "") -> FilmLog:
    """Return `queries` queries of each of `months`; equal arguments give equal logs, and any two logs share their films.

    Parameters
    ----------
    months
        Names of MONTHS.
    queries
        At least 1.
    part
        Logs of different parts have different users and luck.
    """
    films = _films(seed)
    logs = [_month(films, month, queries, generator(seed, f"log {part} {month}")) for month in months]
    tables = [log.table for log in logs]
    for number, table in enumerate(tables):
        table["query"] += number * queries
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "id", [f"{part}{row}" for row in range(len(table))])
    return FilmLog(table, np.concatenate([log.probability for log in logs]))


@dataclass(frozen=True, eq=False)
class _Films:
    """What is known of each film, shape (FILMS,) each, and what actors and genres are worth in log odds."""

    genre: IntArray
    actor: IntArray
    director: IntArray
    studio: IntArray
    rating: FloatArray
    runtime: FloatArray
    price: FloatArray
    fame: FloatArray
    days: FloatArray
    by_actor: FloatArray
    by_genre: FloatArray


def _films(seed: int) -> _Films:
    """Return the films of `seed`."""
    rng = generator(seed, "films")
    by_genre = GENRE * rng.standard_normal(len(GENRES))
    by_genre[HOLIDAY] = 0.0
    return _Films(
        genre=rng.integers(len(GENRES), size=FILMS),
        actor=rng.integers(ACTORS, size=FILMS),
        director=rng.integers(DIRECTORS, size=FILMS),
        studio=rng.integers(len(STUDIOS), size=FILMS),
        rating=rng.normal(6.5, 1.0, FILMS).clip(1, 10),
        runtime=rng.normal(105.0, 18.0, FILMS).clip(60, 220),
        price=rng.gamma(4.0, 1.0, FILMS),
        fame=rng.normal(6.0, 1.5, FILMS),
        days=rng.exponential(1_500.0, FILMS),
        by_actor=ACTOR * rng.standard_normal(ACTORS),
        by_genre=by_genre,
    )


def _month(films: _Films, month: str, queries: int, rng: np.random.Generator) -> FilmLog:
    """Return the queries of one month."""
    winter = WINTER.get(month, 0.0)
    chance = np.where(films.genre == HOLIDAY, HOLIDAY_SHOWN.get(month, 0.4), 1.0)
    keys = np.log(chance) + rng.gumbel(size=(queries, FILMS))  # the largest are a weighted draw without replacement
    film = np.argpartition(keys, FILMS - SHOWN, axis=1)[:, FILMS - SHOWN :].ravel()  # (R,)
    query = np.repeat(np.arange(queries), SHOWN)
    fame = films.fame[film] + 0.4 * winter + 0.3 * rng.standard_normal(film.size)
    match = rng.beta(2.0, 3.0, film.size)
    phones = 0.35 + 0.15 * winter
    device = rng.choice(len(DEVICES), queries, p=[0.9 - phones, phones, 0.1])
    words = 1 + rng.poisson(1.5, queries)
    holiday = films.genre[film] == HOLIDAY
    logit = (
        BASE
        + MATCH * (match - 0.4) / 0.2
        + RATING * (films.rating[film] - 6.5)
        + PRICE * (films.price[film] - 4.0) / 2.0
        + FAME * (films.fame[film] - 6.0) / 1.5
        + FRESH * np.exp(-films.days[film] / 365.0)
        + PHONE * (device[query] == DEVICES.index("phone"))
        + films.by_actor[films.actor[film]]
        + films.by_genre[films.genre[film]]
        + np.where(holiday, HOLIDAY_LIKED.get(month, HOLIDAY_ELSE), 0.0)
    )
    probability = expit(logit)
    table = pd.DataFrame(
        {
            "query": query,
            "month": month,
            "age": (18 + rng.gamma(3.0, 9.0, queries)).round()[query],
            "tenure_days": rng.exponential(400.0, queries).round()[query],
            "country": np.array(COUNTRIES)[rng.choice(len(COUNTRIES), queries, p=[0.3, 0.2, 0.15, 0.15, 0.2])][query],
            "device": np.array(DEVICES)[device][query],
            "hour": (rng.normal(19.0 + winter, 3.0, queries).round() % 24)[query],
            "query_words": words[query].astype(np.float64),
            "genre": np.array(GENRES)[films.genre[film]],
            "actor": np.array([f"actor {number}" for number in range(ACTORS)])[films.actor[film]],
            "director": np.array([f"director {number}" for number in range(DIRECTORS)])[films.director[film]],
            "studio": np.array(STUDIOS)[films.studio[film]],
            "rating": films.rating[film],
            "runtime": films.runtime[film],
            "price": films.price[film],
            "fame": fame,
            "film_days": films.days[film],
            "match": match,
        }
    )
    table["click"] = (rng.random(film.size) < probability).astype(np.int64)
    return FilmLog(table, probability)
