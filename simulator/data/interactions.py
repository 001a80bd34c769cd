"""Who met which item when, and what came of it: the one table that every log of interactions is read into.

Shapes: R interactions (rows), U users, I items.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Columns", "Interactions", "read_interactions", "read_parquet", "read_table"]

COLUMNS = ("user", "item", "time", "label")


class Columns(NamedTuple):
    """What a user's own file calls its columns.

    Where `label` is None every row is a click, and so in a file that has the first three columns and no others.
    """

    user: str = "user"
    item: str = "item"
    time: str = "time"
    label: str | None = "label"


USUAL = Columns()


@dataclass(frozen=True, eq=False)
class Interactions:
    """Rows in the order of time, rows of one time in the order of the file.

    Attributes
    ----------
    user, item
        Rows of `users` and `items`, shape (R,).
    time
        Seconds from 1970, shape (R,).
    label
        A click as 0 or 1, or a rating, shape (R,).
    users, items
        The names that the file gives them, in ascending order, shapes (U,) and (I,).
    """

    user: IntArray
    item: IntArray
    time: FloatArray
    label: FloatArray
    users: tuple[str | int, ...]
    items: tuple[str | int, ...]

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def of(cls, table: "pd.DataFrame", source: str, known: "tuple[pd.Index, pd.Index] | None" = None) -> Self:
        """Return a table with COLUMNS as interactions.

        Parameters
        ----------
        table
            Its rows in any order; times are numbers of seconds, or dates. Without label every row is a click.
        source
            What errors call it.
        known
            The names of the users and items there are, if others describe them; else those of the table.

        Raises
        ------
        InputError
            Where there is no row, a value is missing or no number, all labels are equal, or a name is not known.
        """
        _check_filled(table, source)
        time = _seconds(table["time"], source)
        label = _labels(table["label"], source) if "label" in table else np.ones(len(table))
        order = np.argsort(time, kind="stable")
        user, users = _codes(table["user"], known[0] if known else None, source)
        item, items = _codes(table["item"], known[1] if known else None, source)
        return cls(user[order], item[order], time[order], label[order], users, items)


def read_interactions(path: Path, columns: Columns = USUAL) -> Interactions:
    """Return the interactions of a CSV or Parquet file; columns that are not named are not read.

    Raises
    ------
    InputError
        Where the file cannot be read, a column is not in it, any of several columns may be the label, or its rows are
        unusable as `Interactions.of` says.
    """
    if path.suffix == ".parquet":
        table = read_parquet(path)
    elif path.suffix == ".csv":
        table = read_table(path, ",")
    else:
        raise InputError(f"{path}: expected a .csv or .parquet file, got {path.suffix or 'no suffix'}")
    return Interactions.of(_renamed(table, columns, str(path)), str(path))


def read_table(
    path: Path, separator: str, names: Sequence[str] | None = None, encoding: str = "utf-8"
) -> "pd.DataFrame":
    """Return a text table, its first line being the names of the columns unless `names` gives them.

    Raises
    ------
    InputError
        Where the file is missing, empty, or no table in `encoding`.
    """
    import pandas as pd  # heavy, and only files need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it would drop cells of too long rows
            return pd.read_csv(
                path,
                sep=separator,
                names=list(names) if names else None,
                encoding=encoding,
                engine="python" if len(separator) > 1 else "c",
                index_col=False,
                quoting=0 if separator == "," else 3,
                keep_default_na=separator == ",",
                na_values=[""],
            )
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: an empty file; expected a line for each row") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in {encoding} (byte {error.start}); save it as {encoding}") from error
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: a line has more cells than the first; expected one for each column") from error
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(f"{path}: not a table with {separator!r} between columns ({error})") from error


def read_parquet(path: Path) -> "pd.DataFrame":
    """Return a Parquet file as a table."""
    import pandas as pd  # heavy, and only files need it

    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise InputError(f"{path}: pyarrow reads Parquet; install it (pip install pyarrow), or give CSV") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file ({error})") from error


def _renamed(table: "pd.DataFrame", columns: Columns, source: str) -> "pd.DataFrame":
    """Return the columns of a file by our names, without label where every row is a click."""
    found = list(map(str, table.columns))
    named = {key: name for key, name in columns._asdict().items() if name is not None}
    if columns.label == USUAL.label and USUAL.label not in found:
        del named["label"]
        others = [name for name in found if name not in named.values()]
        if others and set(named.values()) <= set(found):
            raise InputError(
                f"{source}: no column label, and any of {', '.join(others)} may say what was clicked; name it, as in "
                f"label: {others[0]}, or say label: null where every row is a click"
            )
    missing = [name for name in named.values() if name not in found]
    if missing:
        raise InputError(
            f"{source}: no column {', '.join(missing)}; it has {', '.join(found)}: name the columns of the file, "
            f"as in user: {found[0]}"
        )
    twice = [name for name in named.values() if list(named.values()).count(name) > 1]
    if twice:
        raise InputError(f"{source}: expected a column for each of {', '.join(named)}, got {twice[0]} for two of them")
    return table[list(named.values())].set_axis(list(named), axis=1)


def _check_filled(table: "pd.DataFrame", source: str) -> None:
    """Refuse a table without rows or with missing values."""
    if table.empty:
        raise InputError(f"{source}: no rows; a log holds at least one interaction a line")
    for name in [name for name in COLUMNS if name in table]:
        missing = np.flatnonzero(table[name].isna())
        if missing.size:
            raise InputError(
                f"{source}: {missing.size} of {len(table)} values of {name} are missing or NaN, the first in row "
                f"{missing[0] + 1}; fill or drop these rows"
            )


def _labels(column: "pd.Series", source: str) -> FloatArray:
    """Return labels, of which not all may be equal."""
    label = _numbers(column, "label", source)
    if len(np.unique(label)) == 1:
        raise InputError(
            f"{source}: every label is {label[0]:g}, one class only; a ranker learns from liked and other items, "
            "so give rows of both, or say label: null where every row is a click"
        )
    return label


def _numbers(column: "pd.Series", name: str, source: str) -> FloatArray:
    """Return a column as finite numbers."""
    import pandas as pd  # heavy, and only files need it

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise InputError(
            f"{source}: {name} is a finite number; got {_shown(column, wrong[0])} in row {wrong[0] + 1} "
            f"({wrong.size} rows in all)"
        )
    return values


def _seconds(column: "pd.Series", source: str) -> FloatArray:
    """Return times in seconds from 1970, given so or as dates."""
    import pandas as pd  # heavy, and only files need it

    if pd.api.types.is_numeric_dtype(column):
        return _numbers(column, "time", source)
    dates = pd.to_datetime(column.astype(str), errors="coerce", utc=True, format="ISO8601")
    wrong = np.flatnonzero(dates.isna())
    if wrong.size:
        raise InputError(
            f"{source}: time is a number of seconds or a date such as 2024-05-31T12:00:00; got "
            f"{_shown(column, wrong[0])} in row {wrong[0] + 1} ({wrong.size} rows in all)"
        )
    return np.asarray((dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=np.float64)


def _codes(column: "pd.Series", known: "pd.Index | None", source: str) -> tuple[IntArray, tuple[str | int, ...]]:
    """Return each row's place among the names, shape (R,), and the names."""
    import pandas as pd  # heavy, and only files need it

    names = pd.Index(np.sort(column.unique())) if known is None else known
    places = np.asarray(names.get_indexer(pd.Index(column)), dtype=np.int64)
    wrong = np.flatnonzero(places < 0)
    if wrong.size:
        row = wrong[0]
        raise InputError(f"{source}: {column.name} {_shown(column, row)} in row {row + 1} is not described")
    return places, tuple(names.tolist())


def _shown(column: "pd.Series", row: np.int64) -> str:
    """Return a value as Python writes it."""
    value = column.iloc[row]
    return repr(value.item() if isinstance(value, np.generic) else value)
