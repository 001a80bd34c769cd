"""A seeded year of a film service: who was shown which film, with all that was known then, and what was clicked.

Films and tastes stay the same all year; what is shown and liked goes with the months: films for the holidays are both
in December and neither in January, evenings are longer, more is watched on the phone. Some columns decide on clicks,
others, such as the studio, do nothing. A column that decides may be kept from the ranker.

Shapes: Q queries, L films in a query's list, R = Q x L rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from simulator.data.features import FloatArray
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
    """Return `queries` queries of each of `months`; equal arguments give equal logs, and all share their films.

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
    """The films.

    Attributes
    ----------
    told
        What is known of them, a row each.
    liked
        How much each is liked whoever sees it, in log odds, but for its season, shape (FILMS,).
    holiday
        Which are for the holidays, shape (FILMS,).
    """

    told: pd.DataFrame
    liked: FloatArray
    holiday: NDArray[np.bool_]


def _films(seed: int) -> _Films:
    """Return the films of `seed`."""
    rng = generator(seed, "films")
    genre, actor = rng.integers(len(GENRES), size=FILMS), rng.integers(ACTORS, size=FILMS)
    told = pd.DataFrame(
        {
            "genre": np.array(GENRES)[genre],
            "actor": [f"actor {number}" for number in actor],
            "director": [f"director {number}" for number in rng.integers(DIRECTORS, size=FILMS)],
            "studio": np.array(STUDIOS)[rng.integers(len(STUDIOS), size=FILMS)],
            "rating": rng.normal(6.5, 1.0, FILMS).clip(1, 10),
            "runtime": rng.normal(105.0, 18.0, FILMS).clip(60, 220),
            "price": rng.gamma(4.0, 1.0, FILMS),
            "fame": rng.normal(6.0, 1.5, FILMS),
            "film_days": rng.exponential(1_500.0, FILMS),
        }
    )
    by_actor, by_genre = ACTOR * rng.standard_normal(ACTORS), GENRE * rng.standard_normal(len(GENRES))
    holiday = genre == HOLIDAY
    liked = (
        RATING * (told["rating"] - 6.5)
        + PRICE * (told["price"] - 4.0) / 2.0
        + FAME * (told["fame"] - 6.0) / 1.5
        + FRESH * np.exp(-told["film_days"] / 365.0)
        + by_actor[actor]
        + np.where(holiday, 0.0, by_genre[genre])
    )
    return _Films(told, liked.to_numpy(), holiday)


def _month(films: _Films, month: str, queries: int, rng: np.random.Generator) -> FilmLog:
    """Return the queries of one month."""
    chance = np.where(films.holiday, HOLIDAY_SHOWN.get(month, 0.4), 1.0)
    keys = np.log(chance) + rng.gumbel(size=(queries, FILMS))  # the largest are a weighted draw without replacement
    film = np.argpartition(keys, FILMS - SHOWN, axis=1)[:, FILMS - SHOWN :].ravel()  # (R,)
    query = np.repeat(np.arange(queries), SHOWN)
    asked, match = _asked(month, queries, rng), rng.beta(2.0, 3.0, film.size)
    season = np.where(films.holiday[film], HOLIDAY_LIKED.get(month, HOLIDAY_ELSE), 0.0)
    phone = PHONE * (asked["device"].to_numpy() == "phone")[query]
    probability = expit(BASE + MATCH * (match - 0.4) / 0.2 + phone + films.liked[film] + season)
    rows = [asked.iloc[query].reset_index(drop=True), films.told.iloc[film].reset_index(drop=True)]
    table = pd.concat(rows, axis=1).assign(match=match, click=(rng.random(film.size) < probability).astype(np.int64))
    table["fame"] += 0.4 * WINTER.get(month, 0.0) + 0.3 * rng.standard_normal(film.size)  # the views of last week
    table.insert(0, "query", query)
    table.insert(1, "month", month)
    return FilmLog(table, probability)


def _asked(month: str, queries: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return what is known of those who ask in a month, a row a query."""
    winter = WINTER.get(month, 0.0)
    phones = 0.35 + 0.15 * winter
    return pd.DataFrame(
        {
            "age": (18 + rng.gamma(3.0, 9.0, queries)).round(),
            "tenure_days": rng.exponential(400.0, queries).round(),
            "country": rng.choice(COUNTRIES, queries, p=[0.3, 0.2, 0.15, 0.15, 0.2]),
            "device": rng.choice(DEVICES, queries, p=[0.9 - phones, phones, 0.1]),
            "hour": rng.normal(19.0 + winter, 3.0, queries).round() % 24,
            "query_words": 1.0 + rng.poisson(1.5, queries),
        }
    )
