"""MovieLens in each layout that it comes in: who rated which film when, and what is known of both.

Shapes: U users, I items, G genres.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.fetch import needed
from simulator.data.interactions import Interactions, read_table
from simulator.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MovieLens", "load_movielens", "read_movielens"]

RATINGS = ("user", "item", "label", "time")
GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True, eq=False)
class MovieLens:
    """Ratings, and what the layout tells of users and films; what it does not tell is NaN or empty.

    Attributes
    ----------
    ratings
        Labels are ratings of 0.5 to 5.
    age, gender, occupation
        Of each user: years, M or F, a word; shape (U,).
    title, year
        Of each film, shape (I,).
    genres
        Which of `genre_names` a film has, as 0 or 1, shape (I, G).
    """

    ratings: Interactions
    age: FloatArray
    gender: tuple[str, ...]
    occupation: tuple[str, ...]
    title: tuple[str, ...]
    year: FloatArray
    genres: FloatArray
    genre_names: tuple[str, ...]


def load_movielens() -> MovieLens:
    """Return MovieLens-100K from the cache."""
    return read_movielens(needed("movielens-100k"))


def read_movielens(folder: Path) -> MovieLens:
    """Return the data set in `folder`, whichever of MovieLens' layouts it is in.

    The layouts are told by the file of ratings: ml-100k.inter (RecBole), u.data (100K), ratings.dat (1M, 10M)
    and ratings.csv (since 20M).

    Raises
    ------
    InputError
        Where there is no such file, or one of the files is not in its layout.
    """
    for name, read in LAYOUTS.items():
        if (folder / name).is_file():
            return _joined(*read(folder), source=str(folder / name))
    raise InputError(f"{folder}: no MovieLens data; expected one of the files {', '.join(LAYOUTS)}")


Tables = tuple["pd.DataFrame", "pd.DataFrame", "pd.DataFrame | None"]
"""Ratings (user, item, label, time), films (item, title, year, genres with | between), and users if described."""


def _recbole(folder: Path) -> Tables:
    """Return the tables of RecBole's atomic files, whose columns are named name:type."""

    def table(kind: str, names: dict[str, str]) -> "pd.DataFrame":
        path = folder / f"ml-100k.{kind}"
        found = read_table(path, "\t")
        found.columns = [str(column).partition(":")[0] for column in found.columns]
        _check_has(found, list(names), path)
        return found[list(names)].rename(columns=names)

    ratings = table("inter", {"user_id": "user", "item_id": "item", "rating": "label", "timestamp": "time"})
    films = table("item", {"item_id": "item", "movie_title": "title", "release_year": "year", "class": "genres"})
    films["genres"] = films["genres"].fillna("").str.replace(" ", "|")
    users = table("user", {"user_id": "user", "age": "age", "gender": "gender", "occupation": "occupation"})
    return ratings, films, users


def _hundred_thousand(folder: Path) -> Tables:
    """Return the tables of u.data, u.item and u.user."""
    import pandas as pd  # heavy, and only files need it

    ratings = read_table(folder / "u.data", "\t", RATINGS)
    names = ("item", "title", "released", "video", "url", *GENRES_100K)
    films = read_table(folder / "u.item", "|", names, "latin-1")
    flags = films[list(GENRES_100K)].to_numpy() == 1
    films["genres"] = ["|".join(np.array(GENRES_100K)[row]) for row in flags]
    films["year"] = pd.to_numeric(films["released"].str[-4:], errors="coerce")
    users = read_table(folder / "u.user", "|", ("user", "age", "gender", "occupation", "zip"))
    return ratings, films, users


def _million(folder: Path) -> Tables:
    """Return the tables of ratings.dat, movies.dat and, where there is one, users.dat."""
    ratings = read_table(folder / "ratings.dat", "::", RATINGS)
    films = _year_from_title(read_table(folder / "movies.dat", "::", ("item", "title", "genres"), "latin-1"))
    if not (folder / "users.dat").is_file():
        return ratings, films, None
    return ratings, films, read_table(folder / "users.dat", "::", ("user", "gender", "age", "occupation", "zip"))


def _twenty_million(folder: Path) -> Tables:
    """Return the tables of ratings.csv and movies.csv."""
    named = {"userId": "user", "movieId": "item", "rating": "label", "timestamp": "time"}
    ratings = read_table(folder / "ratings.csv", ",")
    _check_has(ratings, list(named), folder / "ratings.csv")
    films = read_table(folder / "movies.csv", ",")
    _check_has(films, ["movieId", "title", "genres"], folder / "movies.csv")
    return ratings[list(named)].rename(columns=named), _year_from_title(films.rename(columns={"movieId": "item"})), None


LAYOUTS: dict[str, Callable[[Path], Tables]] = {
    "ml-100k.inter": _recbole,
    "u.data": _hundred_thousand,
    "ratings.dat": _million,
    "ratings.csv": _twenty_million,
}


def _year_from_title(films: "pd.DataFrame") -> "pd.DataFrame":
    """Return the films with the year that their titles end with, NaN where they do not."""
    import pandas as pd  # heavy, and only files need it

    year = films["title"].str.extract(r"\((\d{4})\)\s*$", expand=False)
    return films.assign(year=pd.to_numeric(year, errors="coerce"))


def _joined(ratings: "pd.DataFrame", films: "pd.DataFrame", users: "pd.DataFrame | None", source: str) -> MovieLens:
    """Return the tables as one data set, its users and films in ascending order of their names."""
    import pandas as pd  # heavy, and only files need it

    films = films.drop_duplicates("item").set_index("item").sort_index()
    if users is None:
        users = pd.DataFrame({"user": np.sort(ratings["user"].dropna().unique())})
    users = users.set_index("user").sort_index().reindex(columns=["age", "gender", "occupation"])
    lists = [[name for name in text.split("|") if name and name[0] != "("] for text in films["genres"].fillna("")]
    names = sorted({name for found in lists for name in found})
    return MovieLens(
        ratings=Interactions.of(ratings, source, (users.index, films.index)),
        age=pd.to_numeric(users["age"], errors="coerce").to_numpy(dtype=np.float64),
        gender=_words(users["gender"]),
        occupation=_words(users["occupation"]),
        title=_words(films["title"]),
        year=pd.to_numeric(films["year"], errors="coerce").to_numpy(dtype=np.float64),
        genres=np.array([[name in found for name in names] for found in lists], dtype=np.float64),
        genre_names=tuple(names),
    )


def _words(column: "pd.Series") -> tuple[str, ...]:
    """Return a column's words, empty where there is none."""
    return tuple(column.astype(object).where(column.notna(), "").astype(str))


def _check_has(table: "pd.DataFrame", names: list[str], path: Path) -> None:
    """Refuse a file without the columns of its layout."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
