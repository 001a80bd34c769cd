"""Users and items: how likely clicks are, and when items come."""

import math

import numpy as np
import pytest

from simulator.bias.luck import Luck
from simulator.bias.world import LikedItems, arrivals, make_taste_world

LUCK = Luck(3, 4)


def world_of(users=50, items=40, click_rate=0.2, half_life=math.inf, spreads=(1.0, 0.7), per_step=0.0):
    """A world of four replications over ten steps."""
    return make_taste_world((users, half_life), spreads, click_rate, arrivals(items, per_step, 10, LUCK), LUCK)


def test_shown_items_have_the_probability_of_all_items():
    """The kernel's probability of what is shown is the entry of the user's row over all items, also as items age."""
    world = world_of(half_life=3.0, per_step=1.5)
    item = np.random.default_rng(1).integers(0, 40, (4, 50, 5)).astype(np.int32)
    found = world.probability(item, 7)
    for r in range(4):
        everything = world.everything(r, np.arange(50), 7)
        assert found[r] == pytest.approx(np.take_along_axis(everything, item[r], axis=1), rel=1e-5)


@pytest.mark.parametrize("click_rate", [0.01, 0.2, 0.7])
def test_the_mean_probability_of_a_click_is_the_click_rate(click_rate):
    """Over users and items, within 4 standard errors of independent worlds' means."""
    luck = Luck(5, 60)
    world = make_taste_world((80, math.inf), (1.0, 0.7), click_rate, arrivals(80, 0, 1, luck), luck)
    means = np.array([world.everything(r, np.arange(80), 0).mean() for r in range(60)])
    assert abs(means.mean() - click_rate) < 4 * means.std(ddof=1) / 60**0.5


def test_tastes_and_quality_spread_as_asked():
    """Log odds have the standard deviation of quality by item, and of tastes within one."""
    luck = Luck(5, 20)
    world = make_taste_world((300, math.inf), (1.5, 0.7), 0.3, arrivals(300, 0, 1, luck), luck)
    products = np.einsum("rud,rid->rui", world.tastes, world.topics)
    by_world = np.mean(products**2, axis=(1, 2), dtype=float)
    assert abs(by_world.mean() - 0.49) < 4 * by_world.std(ddof=1) / 20**0.5
    by_quality = np.mean(world.quality.astype(float) ** 2, axis=1)
    assert abs(by_quality.mean() - 2.25) < 4 * by_quality.std(ddof=1) / 20**0.5


def test_everything_is_clicked_at_a_click_rate_of_1():
    """Also by users with tastes, on items of any quality."""
    assert (world_of(click_rate=1.0).everything(0, np.arange(50), 0) == 1).all()


def test_age_halves_clicks():
    """An item that came at step 4 is clicked half as often at 7 as at 4, with a half-life of three steps."""
    world = world_of(half_life=3.0, per_step=2.0)
    item = int(np.flatnonzero(world.born[0] == 4)[0])
    then, later = (world.everything(0, np.arange(50), step)[:, item] for step in (4, 7))
    assert later == pytest.approx(then / 2, rel=1e-5)
    assert world.appeal(7)[0, item] == pytest.approx(world.appeal(4)[0, item] / 2, rel=1e-5)


def test_items_come_as_often_as_asked():
    """2.25 a step: two or three, three in a quarter of the steps; numbered in order, each with the step it came in."""
    luck = Luck(1, 50)
    coming = arrivals(5, 2.25, 101, luck)
    came = np.diff(coming.alive, axis=0)
    assert (coming.alive[0] == 5).all()
    assert set(np.unique(came)) == {2, 3}
    assert abs((came == 3).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / came.size)
    for r in (0, 49):
        for step in range(101):
            assert (coming.born[r, : coming.alive[step, r]] <= step).all()
            assert (coming.born[r, coming.alive[step, r] :] > step).all()


def test_who_likes_an_item_clicks_on_it():
    """In a world of real users a click is sure or impossible; appeal is the share of users that like an item."""
    liked = np.array([[1, 0, 0], [1, 1, 0]], bool)
    world = LikedItems(liked, 2)
    item = np.tile(np.array([[0, 1], [1, 2]], np.int32), (2, 1, 1))
    assert (world.probability(item, 0) == [[1, 0], [1, 0]]).all()
    assert (world.everything(0, np.array([1]), 0) == liked[1]).all()
    assert (world.appeal(0) == [[1, 0.5, 0]] * 2).all()
