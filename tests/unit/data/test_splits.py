import numpy as np
import pytest

from simulator.data.impressions import Impressions
from simulator.data.randomness import generator
from simulator.data.splits import split_by_user
from simulator.errors import InputError


def log_of_users(users, rows_each=4):
    """Return a log in which each user has two queries of two items."""
    user = np.repeat(np.arange(users), rows_each)
    return Impressions(np.arange(user.size) // 2, user, np.arange(user.size), user % 2 == 0)


def test_no_user_and_no_query_is_in_two_parts():
    """Training, validation and test share neither users nor queries."""
    splits = split_by_user(log_of_users(40), generator(0, "splits"))
    parts = splits.train, splits.validation, splits.test
    for column in ("user", "query"):
        seen = [set(getattr(part, column).tolist()) for part in parts]
        assert len(set.union(*seen)) == sum(len(part) for part in seen)


def test_every_row_is_in_one_part():
    """The parts together are the log: nothing is lost and nothing is doubled."""
    log = log_of_users(40)
    splits = split_by_user(log, generator(0, "splits"))
    items = np.concatenate([splits.train.item, splits.validation.item, splits.test.item])
    assert np.array_equal(np.sort(items), log.item)


def test_the_shares_are_those_stated():
    """Of 40 users 28 go to training, 6 to validation and 6 to the test."""
    splits = split_by_user(log_of_users(40), generator(0, "splits"))
    parts = splits.train, splits.validation, splits.test
    assert [len(np.unique(part.user)) for part in parts] == [28, 6, 6]


def test_three_users_give_one_to_each_part_and_two_are_refused():
    """Three users are the least that can be split; the message gives the number there was."""
    splits = split_by_user(log_of_users(3), generator(0, "splits"))
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [4, 4, 4]
    with pytest.raises(InputError, match="got 2"):
        split_by_user(log_of_users(2), generator(0, "splits"))
