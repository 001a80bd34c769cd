"""The two tables that a diagnosis of data compares: what a ranker was trained on, and what it was served.

Shapes: R rows, N and M rows of the two tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.data.features import FloatArray
from simulator.data.interactions import read_parquet, read_table
from simulator.errors import InputError

__all__ = ["Roles", "Tables", "check_labels", "is_number", "numbers_of", "read_tables"]


@dataclass(frozen=True)
class Roles:
    """What the columns are that are no features; None where there is no such column.

    Attributes
    ----------
    key
        Names the entity of a row, the same in both tables.
    label
        What the ranker predicts, 0 or 1.
    query
        Whose list a row belongs to: rows of one query are ranked together, and are not independent.
    time
        A period, such as a month or a date, to see how distributions change over time.
    unused
        Columns that the ranker is not given, and may be missing.
    """

    key: str | None = None
    label: str | None = None
    query: str | None = None
    time: str | None = None
    unused: tuple[str, ...] = ()

    @property
    def named(self) -> dict[str, str]:
        """The columns that have a role, by role."""
        roles = {"key": self.key, "label": self.label, "query": self.query, "time": self.time}
        return {role: name for role, name in roles.items() if name is not None}


@dataclass(frozen=True, eq=False)
class Tables:
    """What is compared.

    Attributes
    ----------
    train, serve
        The rows learnt from and those served.
    roles
        What their columns are.
    names
        What to call the two.
    offline
        The rows served as the offline path computes their features; those of `train` unless given.
    truth, serve_truth
        The probability of a click of each row of `train` and `serve`, where it is known, to judge an order by; else the
        label is.
    others
        Further periods by name, in the order of time, to see how distributions change.
    """

    train: pd.DataFrame
    serve: pd.DataFrame
    roles: Roles
    names: tuple[str, str] = ("training", "serving")
    offline: pd.DataFrame | None = None
    truth: FloatArray | None = None
    serve_truth: FloatArray | None = None
    others: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that both tables have and that have no role, those that the ranker does not use among them."""
        apart = set(self.roles.named.values())
        return tuple(name for name in self.train.columns if name in self.serve.columns and name not in apart)

    @property
    def used(self) -> tuple[str, ...]:
        """The features that the ranker is given."""
        return tuple(name for name in self.features if name not in self.roles.unused)

    @property
    def alone(self) -> tuple[str, ...]:
        """Columns that only one of the tables has, each with its table."""
        train, serve = self.names
        only = [f"{name} (only in {train})" for name in self.train.columns if name not in self.serve.columns]
        return (*only, *(f"{name} (only in {serve})" for name in self.serve.columns if name not in self.train.columns))


def is_number(column: pd.Series) -> bool:
    """Return whether a column holds numbers, truth values not among them."""
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def numbers_of(column: pd.Series) -> FloatArray:
    """Return a column of numbers, shape (R,), NaN where one is missing."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def read_tables(train: Path, serve: Path, roles: Roles) -> Tables:
    """Return the tables of two CSV or Parquet files.

    Raises
    ------
    InputError
        Where a file cannot be read, has no rows or names a column twice, a column with a role is missing, or the two
        have no features in common.
    """
    one, two = _read(train), _read(serve)
    names = (train.name, serve.name) if train.name != serve.name else (str(train), str(serve))
    for table, path in ((one, train), (two, serve)):
        _check_roles(table, path, roles, both=path is serve)
    tables = Tables(one, two, roles, names)
    if not tables.features:
        raise InputError(
            f"{train} and {serve}: expected columns of the same names, got {', '.join(map(str, one.columns))} and "
            f"{', '.join(map(str, two.columns))}; rename the columns of one"
        )
    return tables


def _read(path: Path) -> pd.DataFrame:
    """Return one file as a table."""
    if path.suffix == ".parquet":
        table = read_parquet(path)
    elif path.suffix == ".csv":
        table = read_table(path, ",")
    else:
        raise InputError(f"{path}: expected a .csv or .parquet file, got {path.suffix or 'no suffix'}")
    table = table.set_axis(list(map(str, table.columns)), axis=1)
    twice = sorted({name for name in table.columns if list(table.columns).count(name) > 1})
    if twice:
        raise InputError(f"{path}: expected columns of different names, got {', '.join(twice)} twice; rename one")
    if table.empty:
        raise InputError(f"{path}: no rows; expected a line of names and a line for each row")
    return table


def _check_roles(table: pd.DataFrame, path: Path, roles: Roles, *, both: bool) -> None:
    """Raise InputError where a column that is given a role is not in `table`, or cannot have it.

    Only the key must be in `both` tables; labels and the like may be known of training alone.
    """
    for role, name in roles.named.items():
        if name not in table.columns and (role == "key" or not both):
            raise InputError(f"{path}: no column {name} for --{role}; it has {', '.join(table.columns)}")
    for name in roles.unused:
        if name not in table.columns and not both:
            raise InputError(f"{path}: no column {name} for --unused; it has {', '.join(table.columns)}")
    if roles.label is not None and roles.label in table.columns:
        check_labels(table[roles.label], str(path))
    if roles.key is not None:
        _check_key(table[roles.key], path)


def check_labels(column: pd.Series, source: str) -> NDArray[np.bool_]:
    """Return labels as truth values; raises InputError unless they are 0 and 1, both of them there."""
    values = pd.to_numeric(column, errors="coerce")
    if not values.isin((0, 1)).all():
        wrong = column[~values.isin((0, 1))].iloc[0]
        raise InputError(f"{source}: expected 0 and 1 in column {column.name}, got {wrong!r}")
    if values.nunique() < 2:
        raise InputError(f"{source}: expected both 0 and 1 in column {column.name}, got {values.iloc[0]:g} alone")
    return np.asarray(values == 1)


def _check_key(column: pd.Series, path: Path) -> None:
    """Raise InputError where keys are missing or repeat."""
    if column.isna().any():
        raise InputError(f"{path}: {int(column.isna().sum())} values of key {column.name} are missing; drop these rows")
    again = column[column.duplicated()]
    if len(again):
        raise InputError(
            f"{path}: expected each key once, got {column.name} {_shown(again.iloc[:3].tolist())} again "
            f"({len(again):,} rows repeat a key); keep one row a key, or name a column that tells rows apart"
        )


def _shown(values: Sequence[object]) -> str:
    """Return some values as text."""
    return ", ".join(map(str, values))
