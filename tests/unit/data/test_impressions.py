import numpy as np
import pytest

from simulator.data.impressions import Impressions


def log_of(query, user, item, click):
    """Return a log of plain lists."""
    return Impressions(np.array(query), np.array(user), np.array(item), np.array(click, dtype=bool))


def test_columns_of_different_lengths_are_refused_with_every_length():
    """The message names each column and its length."""
    with pytest.raises(ValueError, match="'click': 1"):
        log_of([0, 0], [5, 5], [1, 2], [1])


def test_lists_gives_each_query_once_with_its_items_in_order():
    """Queries come in the order of the log, each with its user and all it was shown."""
    log = log_of([4, 4, 7, 7, 7], [2, 2, 2, 2, 2], [9, 1, 3, 0, 8], [0, 1, 0, 0, 0])
    assert [(user, items.tolist()) for user, items in log.lists()] == [(2, [9, 1]), (2, [3, 0, 8])]


def test_where_keeps_the_rows_asked_for():
    """A selection keeps every column of the rows chosen and their order."""
    kept = log_of([0, 0, 1], [5, 5, 6], [1, 2, 3], [1, 0, 1]).where(np.array([True, False, True]))
    assert (kept.user.tolist(), kept.item.tolist(), kept.click.tolist()) == ([5, 6], [1, 3], [True, True])


def test_an_empty_log_has_no_lists():
    """A log without rows is a log of length zero without queries."""
    log = log_of([], [], [], [])
    assert len(log) == 0
    assert list(log.lists()) == []
