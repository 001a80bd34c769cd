"""What every recommender keeps to, however it ranks; a new one is tested by being in the registry."""

import numpy as np
import pytest

from simulator.bias.recommenders.base import learnt_from
from simulator.bias.recommenders.registry import RECOMMENDERS
from tests.loops import asked, steps_of

ITEMS, SLOTS = 9, 3
WORLD = {"users": 7, "items": ITEMS, "slots": SLOTS, "new_items": 0.5, "steps": 8, "replications": 3}


@pytest.fixture(scope="module")
def learnt():
    """What random lists and the clicks on them taught in eight steps, and the state of the world after them."""
    policy, setting = asked(**WORLD, recommender="personalised", exploration=1, click_rate="40%")
    *_, (_, log) = steps_of(policy, setting)
    return learnt_from(log, policy, setting.start_clicks), policy, setting


@pytest.fixture(params=sorted(RECOMMENDERS))
def ranking(request, learnt):
    """What each of the registry made of that."""
    known, policy, setting = learnt
    return RECOMMENDERS[request.param].train(known, policy, setting.now(setting.steps - 1))


def lists_of(ranking, setting, step=0):
    """The lists of one step's requests."""
    item = np.full(setting.shape, -1, np.int32)
    ranking.fill(item, setting.asked("ranking", step, np.ones(setting.shape[:2], bool)))
    return item


def chances_of_every_item(ranking, setting):
    """How likely each item is in each place, and anywhere, of each user's list, shapes (I, R, U, k)."""
    everybody = setting.asked("ranking", 0, np.ones(setting.shape[:2], bool))
    items = setting.coming.born.shape[1]
    found = [ranking.chances(np.full(setting.shape, item, np.int32), everybody) for item in range(items)]
    return np.stack([one.here for one in found]), np.stack([one.anywhere for one in found])


def test_lists_are_of_different_items_that_are_there(ranking, learnt):
    """In every list of 40 steps there are three items, none twice, and none that has not come yet."""
    _, _, setting = learnt
    alive = setting.coming.alive[-1]
    assert alive.min() < alive.max()
    for step in range(40):
        item = lists_of(ranking, setting, step)
        assert (item >= 0).all()
        assert (item < alive[:, None, None]).all()
        assert (np.diff(np.sort(item, axis=2), axis=2) > 0).all()


def test_chances_are_of_one_item_in_each_place(ranking, learnt):
    """Over all items they sum to 1 at each place and to the places of a list anywhere; what is not there has none."""
    _, _, setting = learnt
    here, anywhere = chances_of_every_item(ranking, setting)
    assert here.sum(axis=0) == pytest.approx(np.ones(setting.shape), abs=1e-5)
    assert anywhere.sum(axis=0) == pytest.approx(np.full(setting.shape, SLOTS), abs=1e-5)
    there = np.arange(len(here))[:, None] < setting.coming.alive[-1]
    assert (here[~there] == 0).all()
    assert (anywhere[~there] == 0).all()


def test_what_is_shown_could_be_shown(ranking, learnt):
    """An item has a chance in its place that is above 0, and not above that of being anywhere in the list."""
    _, _, setting = learnt
    item = lists_of(ranking, setting)
    chances = ranking.chances(item, setting.asked("ranking", 0, np.ones(setting.shape[:2], bool)))
    assert (chances.here > 0).all()
    assert (chances.here <= chances.anywhere + 1e-6).all()
    assert (chances.anywhere <= 1 + 1e-6).all()


def test_only_users_that_ask_get_a_list(ranking, learnt):
    """The rows of all others stay as they were, and those that ask get what they would get among all."""
    _, _, setting = learnt
    mine = np.random.default_rng(1).random(setting.shape[:2]) < 0.5
    item = np.full(setting.shape, -7, np.int32)
    ranking.fill(item, setting.asked("ranking", 0, mine))
    assert (item[~mine] == -7).all()
    assert (item[mine] == lists_of(ranking, setting)[mine]).all()


@pytest.mark.parametrize("name", sorted(RECOMMENDERS))
def test_the_same_log_gives_the_same_lists(name, learnt):
    """Trained twice on one log, a recommender shows the same."""
    known, policy, setting = learnt
    one, two = (RECOMMENDERS[name].train(known, policy, setting.now(7)) for _ in range(2))
    assert (lists_of(one, setting) == lists_of(two, setting)).all()
