"""Lists by a score that items share."""

from itertools import permutations

import numpy as np
from scipy.stats import chisquare

from simulator.bias.ranking import Asked
from simulator.bias.tied import tied_lists

USERS = 30_000
SCORE = np.array([[2.0, 9.0, 5.0, 5.0, 2.0, 9.0, 5.0, 2.0, 7.0]])


def lists_of(slots, alive=9):
    """The lists of all users."""
    item = np.full((1, USERS, slots), -1, np.int32)
    ranking = tied_lists(SCORE, np.array([alive]))
    ranking.fill(item, Asked(np.array([3], np.uint64), 0, np.ones((1, USERS), bool)))
    return item[0]


def test_better_items_come_first():
    """Scores never rise along a list, and nothing is shown twice."""
    item = lists_of(9)
    assert (np.diff(SCORE[0][item], axis=1) <= 0).all()
    assert (np.sort(item, axis=1) == np.arange(9)).all()


def test_equals_come_in_every_order_as_often():
    """All 2 x 3! orders of the items with 9 and of those with 5 are as likely, each group's for itself."""
    item = lists_of(6)
    orders = [(*a, 8, *b) for a in permutations([1, 5]) for b in permutations([2, 3, 6])]
    counts = [int((item == order).all(axis=1).sum()) for order in orders]
    assert sum(counts) == USERS
    assert chisquare(counts).pvalue > 6e-5  # 4 standard deviations


def test_a_group_that_does_not_fit_is_drawn_from():
    """One place for the three items with 5: each has it a third of the time."""
    counts = np.bincount(lists_of(4)[:, 3], minlength=9)
    assert set(np.flatnonzero(counts).tolist()) == {2, 3, 6}
    assert chisquare(counts[[2, 3, 6]]).pvalue > 6e-5


def test_what_has_not_come_is_not_shown():
    """Of nine items the first five are there; whatever the others' score, they are in no list."""
    assert lists_of(5, alive=5).max() == 4
