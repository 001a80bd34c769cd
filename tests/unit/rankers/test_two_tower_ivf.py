"""The two towers with an index over their items."""

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.rankers.two_tower_ivf import PROBES, TwoTowerIVF


@pytest.fixture(scope="module")
def ranker():
    """Return the trained ranker with a catalogue of 10,000 items, 100 cells."""
    return TwoTowerIVF.fit(make_world(users=300, items=300, seed=0), seed=0).for_catalogue(10_000, seed=0)


def test_a_whole_catalogue_is_searched_and_a_part_is_scored(ranker):
    """A call for all items is the index's answer of PROBES cells; for all but one it is the exact one."""
    query = ranker.embedding(ranker.users[3])
    whole = ranker.serve(3, slice(None), 50)
    assert np.array_equal(whole, ranker.index.search(query, 50, PROBES))
    part = ranker.serve(3, slice(1, 10_000), 50)
    assert np.array_equal(part, 1 + np.argsort(-ranker.score(3, slice(1, 10_000)), kind="stable")[:50])


def test_most_of_the_best_are_found(ranker):
    """Over 50 users the mean share of the exact 100 best is above 0.9 by three standard errors, and some are missed."""
    recalls = []
    for user in range(50):
        best = np.argsort(-ranker.score(user, slice(None)), kind="stable")[:100]
        recalls.append(np.isin(best, ranker.serve(user, slice(None), 100)).mean())
    assert np.mean(recalls) - 3 * np.std(recalls) / 50**0.5 > 0.9
    assert np.mean(recalls) < 1


def test_an_unknown_user_is_refused(ranker):
    """The index does not take a user from the end."""
    with pytest.raises(ValueError, match="users are 0 to 299; got -1"):
        ranker.serve(-1, slice(None), 5)
