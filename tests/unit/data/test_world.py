from dataclasses import fields

import numpy as np
import pytest

from simulator.data.features import TASTES
from simulator.data.world import make_world
from simulator.errors import InputError


@pytest.fixture(scope="module")
def world():
    """Return a world of 400 users and 200 items."""
    return make_world(users=400, items=200, seed=5)


def logs(world):
    """Return the three parts of the log."""
    return world.splits.train, world.splits.validation, world.splits.test


def test_the_same_arguments_give_the_same_world(world):
    """Everything in a world, down to the last click, is a function of its arguments."""
    twin = make_world(users=400, items=200, seed=5)
    for name in ("user_features", "item_features", "popularity"):
        assert np.array_equal(getattr(world, name), getattr(twin, name))
    for one, other in zip(logs(world), logs(twin), strict=True):
        assert all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def test_another_seed_gives_another_world(world):
    """Two seeds share neither features nor clicks."""
    other = make_world(users=400, items=200, seed=6)
    assert not np.isclose(world.user_features, other.user_features).any()
    assert not np.array_equal(world.splits.train.item, other.splits.train.item)


def test_the_shapes_are_those_asked_for(world):
    """A world of 400 users with two lists of 25 items each logs 20,000 impressions."""
    assert world.user_features.shape == (400, TASTES + 2)
    assert world.item_features.shape == (200, TASTES + 4)
    assert sum(len(log) for log in logs(world)) == 400 * 2 * 25


def test_popularity_follows_zipf(world):
    """The share of the item at rank r is the share of the first divided by r."""
    shares = np.sort(world.popularity)[::-1]
    assert np.allclose(shares, shares[0] / np.arange(1, 201), rtol=1e-12)
    assert np.isclose(shares.sum(), 1)


def test_no_list_shows_an_item_twice(world):
    """The items of a query are all different."""
    for log in logs(world):
        assert all(len(set(items.tolist())) == 25 for _, items in log.lists())


def test_items_are_shown_by_popularity_but_for_30_percent_spread_evenly():
    """Of 20,000 lists of one, 0.7 x popularity + 0.3 / items show an item, within 4.5 standard errors."""
    world = make_world(users=20_000, items=50, seed=1, queries=1, shown=1)
    shown = np.bincount(np.concatenate([log.item for log in logs(world)]), minlength=50)
    chance = 0.7 * world.popularity + 0.3 / 50
    error = np.sqrt(20_000 * chance * (1 - chance))
    assert (np.abs(shown - 20_000 * chance) < 4.5 * error).all()


def test_clicks_come_with_the_probability_that_the_truth_gives(world):
    """Clicks in each tenth of true probability are within four standard errors of their expectation."""
    log = world.splits.train
    chance = world.truth.click_probability(log.user, log.item)
    for part in np.array_split(np.argsort(chance), 10):
        error = np.sqrt((chance[part] * (1 - chance[part])).sum())
        assert abs(log.click[part].sum() - chance[part].sum()) < 4 * error


def test_the_truth_of_one_user_equals_that_of_a_row_for_each(world):
    """Asking for one user's items gives what asking pair by pair gives."""
    items = np.array([3, 0, 199])
    pairwise = world.truth.click_probability(np.full(3, 17), items)
    assert np.allclose(world.truth.click_probability(17, items), pairwise, rtol=1e-14)
    assert ((pairwise > 0) & (pairwise < 1)).all()


def test_features_show_the_truth_with_noise(world):
    """Seen tastes differ from the true ones by noise of deviation 0.2, within four standard errors."""
    noise = world.user_features[:, :TASTES] - world.truth.tastes
    assert abs(noise.std() - 0.2) < 4 * 0.2 / (2 * noise.size) ** 0.5


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"users": 2}, "users >= 3; got 2"),
        ({"items": 10}, "items >= 25; got 10"),
        ({"queries": 0}, "queries >= 1; got 0"),
        ({"shown": 0}, "shown >= 1; got 0"),
    ],
)
def test_a_world_too_small_is_refused_by_name(sizes, message):
    """The message names the number that is too small, its least value and what was given."""
    with pytest.raises(InputError, match=message):
        make_world(**sizes)


def test_the_smallest_world_has_a_row_in_each_part():
    """Three users, one item and lists of one are a world."""
    world = make_world(users=3, items=1, queries=1, shown=1)
    assert [len(log) for log in logs(world)] == [1, 1, 1]
    assert np.isfinite(world.item_features).all()


def test_the_users_of_another_world_meet_other_items():
    """Users keep their truth and columns, the items and the log are new, and another seed draws other items."""
    feed = make_world(users=40, items=50, seed=1)
    ads, more = (make_world(items=30, seed=seed, users_of=feed) for seed in (2, 3))
    for world in (ads, more):
        assert world.user_features is feed.user_features
        assert world.truth.tastes is feed.truth.tastes
        assert world.truth.budget is feed.truth.budget
        assert world.truth.curiosity is feed.truth.curiosity
        assert len(world.item_features) == 30
        assert set(np.unique(world.splits.test.user)) < set(range(40))
    assert not np.array_equal(ads.item_features, more.item_features)
