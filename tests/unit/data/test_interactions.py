"""A user's own log is read as it is, or refused with what is wrong and what to do."""

import numpy as np
import pandas as pd
import pytest

from simulator.data.interactions import Columns, read_interactions
from simulator.errors import InputError

GOOD = "user,item,time,label\nbo,x,30,1\nann,y,10,0\nbo,y,20,0\n"


def write(tmp_path, text, name="log.csv"):
    """Write a file and return its path."""
    path = tmp_path / name
    path.write_text(text)
    return path


def test_rows_come_in_the_order_of_time(tmp_path):
    """Rows are sorted by time and users and items numbered by their names."""
    log = read_interactions(write(tmp_path, GOOD))
    assert log.users == ("ann", "bo")
    assert log.items == ("x", "y")
    assert log.user.tolist() == [0, 1, 1]
    assert log.item.tolist() == [1, 1, 0]
    assert log.time.tolist() == [10, 20, 30]
    assert log.label.tolist() == [0, 0, 1]


def test_rows_of_one_time_keep_the_order_of_the_file(tmp_path):
    """Equal times change no order."""
    rows = "".join(f"{i},7,5,{i % 2}\n" for i in range(100))
    log = read_interactions(write(tmp_path, "user,item,time,label\n" + rows))
    assert [log.users[user] for user in log.user] == list(range(100))


def test_dates_are_seconds_from_1970(tmp_path):
    """A date with a zone and one without, which is taken as UTC, are the same instant."""
    text = "user,item,time,label\n1,1,1970-01-02T01:00:00+01:00,0\n1,2,1970-01-02T00:00:00,1\n"
    assert read_interactions(write(tmp_path, text)).time.tolist() == [86400, 86400]


def test_parquet_is_read_as_csv_is(tmp_path):
    """The same table in Parquet gives the same interactions."""
    pytest.importorskip("pyarrow", reason="Parquet is read by pyarrow, which is not installed")
    path = write(tmp_path, GOOD)
    pd.read_csv(path).to_parquet(tmp_path / "log.parquet")
    ours, theirs = read_interactions(path), read_interactions(tmp_path / "log.parquet")
    assert np.array_equal(ours.user, theirs.user)
    assert np.array_equal(ours.label, theirs.label)


def test_parquet_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    """Where pyarrow is missing the message names it, and CSV."""

    def missing(path):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, "read_parquet", missing)
    with pytest.raises(InputError, match=r"install it \(pip install pyarrow\), or give CSV"):
        read_interactions(write(tmp_path, "", "log.parquet"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("user,item,time,label\n", "no rows"),
        ("user,item,label\n1,1,1\n", "no column time;"),
        ("user,item,time,clicked,price\n1,1,1,1,9\n", "any of clicked, price may say what was clicked; name it"),
        ("user,item,when,label\n1,1,1,1\n", "no column time; it has user, item, when, label"),
        ("user,item,time,label\n1,1,1,0\n1,2,2,nan\n", "1 of 2 values of label are missing or NaN, the first in row 2"),
        ("user,item,time,label\n,1,1,0\n1,2,2,1\n", "1 of 2 values of user are missing or NaN, the first in row 1"),
        ("user,item,time,label\n1,1,1,1\n1,2,2,1\n", "every label is 1, one class only"),
        ("user,item,time,label\n1,1,1,inf\n1,2,2,1\n", "label is a finite number; got inf in row 1"),
        ("user,item,time,label\n1,1,1,yes\n1,2,2,no\n", "label is a finite number; got 'yes' in row 1"),
        ("user,item,time,label\n1,1,monday,1\n1,2,2024-01-01,0\n", "a date such as .* got 'monday' in row 1"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, message):
    """Each fault is told with the file, the row or the column, and what was expected."""
    with pytest.raises(InputError, match=rf"log\.csv: .*{message}"):
        read_interactions(write(tmp_path, text))


def test_columns_may_have_other_names_and_others_are_not_read(tmp_path):
    """A file's own names are read, and a column that none of them is may hold anything."""
    path = write(tmp_path, "who,page,at,seen,clicked\nann,x,10,,0\nbo,y,20,7,1\n")
    log = read_interactions(path, Columns("who", "page", "at", "clicked"))
    assert log.users == ("ann", "bo")
    assert log.label.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("user,item,time\n1,1,1\n1,2,2\n", Columns()), ("user,item,time,price\n1,1,1,9\n1,2,2,9\n", Columns(label=None))],
)
def test_without_a_label_every_row_is_a_click(tmp_path, text, columns):
    """A file of three columns has clicks alone, and so has any of which no label is asked for."""
    assert read_interactions(write(tmp_path, text), columns).label.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(label="click"), "no column click; it has user, item, time, label: name the columns"),
        (Columns(user="item"), "a column for each of user, item, time, label, got item for two of them"),
    ],
)
def test_columns_that_cannot_be_read_are_named(tmp_path, columns, message):
    """A name that the file does not have, and one that is given twice, are told."""
    with pytest.raises(InputError, match=rf"log\.csv: .*{message}"):
        read_interactions(write(tmp_path, GOOD), columns)


def test_files_of_other_kinds_and_missing_ones_are_named(tmp_path):
    """A suffix that is none of ours and a path to nothing are two errors."""
    with pytest.raises(InputError, match=r"expected a \.csv or \.parquet file, got \.json"):
        read_interactions(tmp_path / "log.json")
    for name in ("log.csv", "log.parquet"):
        with pytest.raises(InputError, match="no such file"):
            read_interactions(tmp_path / name)
