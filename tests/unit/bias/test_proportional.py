"""Systematic samples in proportion to weights."""

import numpy as np
import pytest

from simulator.bias.proportional import inclusion, proportional_lists
from simulator.bias.ranking import Asked

USERS = 40_000


def test_inclusion_is_in_proportion_to_weight():
    """Two places among weights 1, 2, 3, 4: 2/10 of each."""
    assert inclusion(np.array([[1.0, 2, 3, 4]]), 2) == pytest.approx(np.array([[0.2, 0.4, 0.6, 0.8]]))


def test_no_item_is_more_than_sure():
    """Weights 100, 10, 1, 1 and two places: the first is sure, then of 10 in 12 the second; the sum stays 2."""
    found = inclusion(np.array([[100.0, 10, 1, 1], [100.0, 90, 1, 0]]), 2)
    assert found[0] == pytest.approx([1, 10 / 12, 1 / 12, 1 / 12])
    assert found[1] == pytest.approx([1, 90 / 91, 1 / 91, 0])


@pytest.mark.parametrize("slots", [1, 3])
def test_items_are_shown_as_often_as_they_should(slots):
    """Each item is in a list with its inclusion probability and in each place with that over k, and never twice."""
    rng = np.random.default_rng(1)
    weight = rng.gamma(0.5, size=(1, 12))
    ranking = proportional_lists(weight, slots, rng.random((1, 12)))
    item = np.full((1, USERS, slots), -1, np.int32)
    ranking.fill(item, Asked(np.array([4], np.uint64), 0, np.ones((1, USERS), bool)))
    assert (np.diff(np.sort(item, axis=2), axis=2) > 0).all()
    expected = inclusion(weight, slots)[0]
    for place in range(slots):
        share = np.bincount(item[0, :, place], minlength=12) / USERS
        error = np.sqrt(expected / slots * (1 - expected / slots) / USERS)
        assert (np.abs(share - expected / slots) <= 4 * error).all()
