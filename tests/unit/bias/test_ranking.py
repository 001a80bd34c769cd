"""The best items of many, found in one pass."""

import numpy as np
import pytest

from simulator.bias.recommenders.oracle import true_best
from simulator.bias.recommenders.personalised import top_lists
from tests.loops import asked


@pytest.mark.parametrize("slots", [1, 3, 12])
def test_the_best_are_those_of_a_stable_sort(slots):
    """Of 12 items with scores that many share, equals come by their number."""
    of_users = np.random.default_rng(1).integers(0, 3, (50, 2)).astype(np.float32)
    of_items = np.random.default_rng(2).integers(0, 3, (12, 2)).astype(np.float32)
    expected = np.argsort(-(of_users @ of_items.T), axis=1, kind="stable")[:, :slots]
    assert (top_lists(of_users, of_items, slots) == expected).all()


def test_the_best_by_the_truth_are_those_of_a_sort():
    """For each user, of the items that have come, also where users are asked in several goes."""
    _, setting = asked(users=100, items=20, slots=5, new_items=1.5, steps=6, half_life=2, replications=2)
    now = setting.now(3)
    found = true_best(now, 100)
    for r in range(2):
        chance = setting.world.everything(r, np.arange(100), 3)[:, : now.alive[r]]
        assert (found[r] == np.argsort(-chance, axis=1, kind="stable")[:, :5]).all()
