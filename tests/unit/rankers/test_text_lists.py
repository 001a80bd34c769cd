import numpy as np
import pytest

from simulator.data.impressions import Impressions
from simulator.data.text_world import make_text_world
from simulator.errors import InputError
from simulator.rankers.text_lists import cut_lists, list_loss, lists

OTHERS = 7


@pytest.fixture(scope="module")
def world():
    """Return a small text world."""
    return make_text_world(queries=60, documents=80, seed=1)


def test_the_loss_of_a_list_by_hand():
    """Equal scores cost log L; one document of three clicked has the slope 1/3 - 1, the others 1/3."""
    loss, slope = list_loss(np.zeros((1, 3)), np.array([[0.0, 1.0, 0.0]]))
    assert loss == pytest.approx(np.log(3))
    assert slope[0] == pytest.approx([1 / 3, -2 / 3, 1 / 3])


def test_lists_without_a_click_are_left_out(world):
    """Each list that is learnt from has a click, with its own query's words and documents'."""
    log = world.splits.train
    found = lists(world, log)
    assert found.clicks.any(axis=1).all()
    told = [(user, items) for user, items in log.lists() if log.click[log.user == user].any()]
    assert np.array_equal(found.queries, world.user_features[[user for user, _ in told]])
    assert np.array_equal(found.documents[3], world.item_features[told[3][1]])


def test_a_cut_list_has_one_click_among_others(world):
    """Each pass has every list once, cut to a clicked document and OTHERS that were not clicked where there are."""
    full = lists(world, world.splits.train)
    batches = cut_lists(full, 7, OTHERS, np.random.default_rng(0))()
    clicks = np.vstack([batch.clicks for batch in batches])
    assert clicks.shape == (len(full.clicks), OTHERS + 1)
    assert (clicks[:, 0] == 1).all()
    enough = {tuple(q) for q, c in zip(full.queries.tolist(), full.clicks, strict=True) if (c == 0).sum() >= OTHERS}
    queries = np.vstack([batch.queries for batch in batches]).tolist()
    assert all(c.sum() == 1 for q, c in zip(queries, clicks, strict=True) if tuple(q) in enough)
    assert sorted(queries) == sorted(full.queries.tolist())


def test_lists_of_two_lengths_are_refused(world):
    """The lengths that were found are named."""
    column = np.zeros(5, dtype=np.int64)
    log = Impressions(np.array([0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1]), column, column == 0)
    with pytest.raises(InputError, match=r"of one length; got \[2, 3\]"):
        lists(world, log)


def test_lists_without_any_click_are_refused(world):
    """No click anywhere leaves nothing to learn."""
    log = world.splits.train
    with pytest.raises(InputError, match="without any"):
        lists(world, Impressions(log.query, log.user, log.item, np.zeros(len(log), dtype=bool)))
