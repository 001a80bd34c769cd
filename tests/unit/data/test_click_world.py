"""A user's own log as a world: what is met is not ranked, nothing is made up, and what cannot be used is named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simulator.data import film_world
from simulator.data.click_world import first_meetings, make_click_world
from simulator.data.histories import co_liked_embeddings
from simulator.data.interactions import Interactions
from simulator.data.randomness import generator
from simulator.errors import InputError, TooLargeError
from simulator.rankers.metrics import ndcg_per_query
from simulator.rankers.registry import RANKERS

USERS, ITEMS, ROWS = 300, 60, 9_000


@pytest.fixture(scope="module")
def log() -> Interactions:
    """A log of users of three tastes, who click on four in five of what they like and one in ten of the rest.

    New users come all the time.
    """
    rng = generator(1, "clicks")
    known = np.linspace(0.3 * USERS, USERS, ROWS)
    user, item = rng.integers(known.astype(int)), rng.integers(ITEMS, size=ROWS)
    label = rng.random(ROWS) < np.where(user % 3 == item % 3, 0.8, 0.1)
    table = {"user": user, "item": item, "time": np.arange(ROWS), "label": label.astype(int)}
    return first_meetings(Interactions.of(pd.DataFrame(table), "clicks.csv"))


@pytest.fixture(scope="module")
def world(log):
    """The log's world, split by time."""
    return make_click_world(log, "clicks.csv")


def test_the_first_meeting_counts():
    """Of a user's rows with an item the first in time is left, whatever its label."""
    table = {"user": [1, 1, 2, 1], "item": [7, 7, 7, 8], "time": [20, 10, 30, 40], "label": [1, 0, 1, 1]}
    left = first_meetings(Interactions.of(pd.DataFrame(table), "x"))
    assert left.time.tolist() == [10, 30, 40]
    assert left.label.tolist() == [0, 1, 1]


def test_what_nobody_knows_is_a_column_of_zeros(world):
    """Without ages, years and genres every column is finite, and those that tell of them are zero throughout."""
    assert np.isfinite(world.user_features).all()
    assert np.isfinite(world.item_features).all()
    for name in ("age", "female", "year seen"):
        assert not world.user_features[:, world.features.user.index(name)].any()
    assert not world.item_features[:, world.features.item.index("year")].any()
    assert world.user_features.shape[1] == len(world.features.user)
    assert world.item_features.shape[1] == len(world.features.item)


def test_a_test_list_holds_what_was_not_met_before(log, world):
    """The list of a test query, and what its user met in rows before the query, make up all items without overlap."""
    test, first_test_row = world.splits.test, round(0.9 * len(log))
    for query in np.unique(test.query)[:50]:
        met = log.item[:first_test_row][log.user[:first_test_row] == world.person[query]]
        assert sorted([*met, *test.item[test.query == query]]) == list(range(ITEMS))


def test_the_share_of_unseen_users_is_counted_in_the_rows(log, world):
    """It is the share of the last tenth of the rows whose user has none in the first eight tenths."""
    rows = len(log)
    seen = set(log.user[: round(0.8 * rows)].tolist())
    assert world.unseen > 0.05
    assert world.unseen == np.mean([user not in seen for user in log.user[round(0.9 * rows) :].tolist()])


def test_a_ranker_finds_what_users_click(world):
    """Logistic regression orders a test list better than popularity does, by more than the interval over users."""
    by_fame = ndcg_per_query(lambda user, items: world.popularity[items], world, 10)
    apart = ndcg_per_query(RANKERS["logistic"].fit(world, 0).score, world, 10) - by_fame
    assert apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart) > 0.05


def test_every_row_may_be_a_click(log):
    """A log whose labels are all 1 has a world, whose clicks are its rows."""
    every = make_click_world(replace(log, label=np.ones(len(log))), "x")
    assert every.splits.test.click.sum() == len(log) - round(0.9 * len(log))


def test_of_many_test_queries_some_are_drawn(log, world, monkeypatch):
    """Where all their lists are too much for memory, each that is left has the list that it had."""
    monkeypatch.setattr(film_world, "MOST_TESTED", 20 * ITEMS)
    few, many = make_click_world(log, "x").splits.test, world.splits.test
    assert len(np.unique(few.query)) == 20
    own = np.isin(many.query, few.query)
    assert np.array_equal(few.item, many.item[own])
    assert np.array_equal(few.click, many.click[own])


def test_nobody_who_likes_two_items_says_nothing_of_what_is_alike():
    """Embeddings are zeros where no two items are liked by one person."""
    assert not co_liked_embeddings(np.arange(30), np.arange(30) % 20, 20, 4).any()


def part_of(log, rows):
    """The first rows of a log."""
    return replace(log, user=log.user[:rows], item=log.item[:rows], time=log.time[:rows], label=log.label[:rows])


def test_what_cannot_be_used_is_named(log, monkeypatch):
    """Too few rows or items, labels on one side, a part without clicks, and more cells than memory are told apart."""
    with pytest.raises(InputError, match=r"mine\.csv: expected at least 100 rows .* got 99"):
        make_click_world(part_of(log, 99), "mine.csv")
    with pytest.raises(InputError, match=r"mine\.csv: expected at least 18 items .* got 17"):
        make_click_world(replace(log, item=log.item % 17), "mine.csv")
    with pytest.raises(InputError, match=r"got 0 to 1, one class only; say from which label .* liked_from: 1"):
        make_click_world(log, "mine.csv", liked_from=4)
    late = np.arange(len(log)) >= 0.8 * len(log)
    with pytest.raises(InputError, match=r"mine\.csv: history, .* need items with a label of 1 or more; got .*, 0, 0"):
        make_click_world(replace(log, label=np.where(late, 0.0, log.label)), "mine.csv")
    monkeypatch.setattr(film_world, "MOST_CELLS", 1000)
    with pytest.raises(TooLargeError, match=r"60 items each .* give the rows of fewer users"):
        make_click_world(log, "mine.csv")
