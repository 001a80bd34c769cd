"""A users' tower carried from one world to another."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.errors import InputError
from simulator.rankers.two_tower import USER_TOWER, TwoTower


@pytest.fixture(scope="module")
def feed():
    """Return a small world."""
    return make_world(users=120, items=200, seed=2)


@pytest.fixture(scope="module")
def ads(feed):
    """Return a world in which the same users meet other items."""
    return make_world(items=100, seed=3, users_of=feed)


@pytest.fixture(scope="module")
def source(feed):
    """Return the towers of the first world."""
    return TwoTower.fit(feed, seed=0)


def test_a_frozen_tower_gives_the_same_embeddings(source, ads):
    """Frozen by name, the users' tower is the source's bit for bit, and the items' is the new world's own."""
    carried = TwoTower.fit_from(source, ads, seed=0, frozen=USER_TOWER)
    for name in USER_TOWER:
        assert np.array_equal(carried.parameters[name], source.parameters[name])
    assert np.array_equal(carried.embedding(carried.users), source.embedding(source.users))
    assert carried.items.shape == (100, 32)


def test_fine_tuning_starts_from_the_source_and_moves(source, ads):
    """Not frozen, the tower ends nearer to the source's than one from scratch does, and is another."""
    tuned, scratch = TwoTower.fit_from(source, ads, seed=1), TwoTower.fit(ads, seed=1)
    for name in ("user_W1", "user_W2"):
        apart = [np.linalg.norm(one.parameters[name] - source.parameters[name]) for one in (tuned, scratch)]
        assert 0 < apart[0] < 0.5 * apart[1]


def test_one_layer_alone_can_be_frozen(source, ads):
    """A layer frozen by its name stays and the other of the tower moves."""
    found = TwoTower.fit_from(source, ads, seed=0, frozen=["user_W1"]).parameters
    assert np.array_equal(found["user_W1"], source.parameters["user_W1"])
    assert not np.array_equal(found["user_W2"], source.parameters["user_W2"])


def test_users_of_other_columns_are_refused(source, ads):
    """A tower of ten columns cannot take users of nine."""
    with pytest.raises(ValueError, match="users of 10 columns, as the source has; got 9"):
        TwoTower.fit_from(source, replace(ads, user_features=ads.user_features[:, :9]), seed=0)


def test_a_log_without_clicks_is_refused(source, ads):
    """What cannot be trained on is named as by fit."""
    train = ads.splits.train
    empty = replace(ads, splits=replace(ads.splits, train=replace(train, click=np.zeros(len(train), dtype=bool))))
    with pytest.raises(InputError, match="two_tower cannot be trained: 0 of"):
        TwoTower.fit_from(source, empty, seed=0)
