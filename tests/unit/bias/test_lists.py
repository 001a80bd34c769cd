"""Lists that are known before anybody asks, with places kept for new items."""

import numpy as np
import pytest

from simulator.bias.lists import KnownLists, NewItems, no_new_items
from simulator.bias.ranking import Asked

USERS = 20_000
LIST = np.array([[[4, 1, 7, 2]]], np.int32)


def filled(lists, own, new):
    """Lists of all users and their chances."""
    asked = Asked(np.array([9], np.uint64), 0, np.ones((1, USERS), bool))
    ranking = KnownLists(lists, own, new)
    item = np.full((1, USERS, lists.shape[2]), -1, np.int32)
    ranking.fill(item, asked)
    return item[0], ranking.chances(item, asked)


def new_items(slots, items, total=10):
    """Places kept for `items`."""
    is_new = np.isin(np.arange(total), items)[None]
    listed = np.argsort(~is_new, axis=1, kind="stable").astype(np.int32)
    return NewItems(slots, is_new, listed, np.array([len(items)]))


def test_each_of_several_lists_is_as_likely():
    """Of three lists each is shown a third of the time, and one whose first item two of them share has 2/3 there."""
    lists = np.array([[[0, 1], [0, 2], [3, 0]]], np.int32)
    item, chances = filled(lists, own=False, new=no_new_items(1))
    for one in lists[0]:
        assert abs((item == one).all(axis=1).mean() - 1 / 3) < 4 * np.sqrt(2 / 9 / USERS)
    assert chances.here[0, item[:, 0] == 0, 0] == pytest.approx(2 / 3)
    assert chances.here[0, item[:, 0] == 3, 0] == pytest.approx(1 / 3)
    assert chances.anywhere[0, :, :][item == 0] == pytest.approx(1)


def test_everybody_has_an_own_list():
    """List u is that of user u, and sure."""
    lists = np.random.default_rng(1).permuted(np.tile(np.arange(10), (1, USERS, 1)), axis=2)[..., :4].astype(np.int32)
    item, chances = filled(lists, own=True, new=no_new_items(1))
    assert (item == lists[0]).all()
    assert (chances.here == 1).all()


def test_kept_places_go_to_new_items_evenly():
    """The last two places of four show two of the new items 5, 6, 8, 9, every pair in every order as often."""
    item, chances = filled(LIST, own=False, new=new_items(2, [5, 6, 8, 9]))
    assert (item[:, :2] == [4, 1]).all()
    pairs, counts = np.unique(item[:, 2:], axis=0, return_counts=True)
    assert len(pairs) == 12
    assert np.abs(counts / USERS - 1 / 12).max() < 4 * np.sqrt(11 / 144 / USERS)
    assert chances.here[0, :, 2:] == pytest.approx(1 / 4)
    assert chances.anywhere[0, :, 2:] == pytest.approx(1 / 2)


def test_a_new_item_that_is_ranked_is_not_shown_twice():
    """Item 1 is new and in second place already, so the kept place is between 5 and 6."""
    item, chances = filled(LIST, own=False, new=new_items(1, [1, 5, 6]))
    assert (item[:, :3] == [4, 1, 7]).all()
    assert set(item[:, 3].tolist()) == {5, 6}
    assert chances.here[0, :, 3] == pytest.approx(1 / 2)


def test_too_few_new_items_leave_the_list_as_it_is():
    """Two kept places and one new item beside those above: nothing is put in their place."""
    item, chances = filled(LIST, own=False, new=new_items(2, [1, 5]))
    assert (item == LIST[0, 0]).all()
    assert (chances.here == 1).all()
