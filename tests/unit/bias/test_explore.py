"""Random items among ranked ones: the propensities that are logged are how often things happen."""

import numpy as np
import pytest

from simulator.bias.arm import ActiveArm
from simulator.bias.explore import explore
from simulator.bias.impressions import blank
from simulator.bias.ranking import Asked
from tests.loops import asked, steps_of

RULES = {
    "popular_first": {},
    "ties": {"ties": "per_user"},
    "upper_confidence": {"by": "rate", "upper_confidence": 0.5},
    "proportional": {"recommender": "proportional"},
    "personalised": {"recommender": "personalised"},
    "thompson": {"recommender": "thompson"},
    "oracle": {"recommender": "oracle"},
    "random": {"recommender": "random"},
}
BOOSTED = ["popular_first", "upper_confidence", "personalised", "thompson", "oracle"]
BOOSTS = {"one new": {"slots": 1, "steps": 100}, "two new": {"slots": 2, "steps": 100}}
EXPLORATIONS = {"none": {}, "request": {"exploration": 0.4}, "slot": {"exploration": 0.4, "explore": "slot"}}
CASES = [(rule, how, None) for rule in RULES for how in EXPLORATIONS if (rule, how) != ("random", "slot")]
CASES += [(rule, how, boost) for rule in BOOSTED for how in EXPLORATIONS for boost in BOOSTS]

DRAWS = 1500
WORLD = {"users": 5, "items": 7, "slots": 3, "new_items": 0.5, "steps": 10, "replications": 2, "retrain": 100_000}


@pytest.mark.parametrize(("rule", "how", "boost"), CASES)
def test_propensities_are_frequencies(rule, how, boost):
    """Each item is seen in each place as often as its logged propensity says, by the sum of all squared differences.

    A policy that has learnt from ten random steps makes 1,500 lists for each of five users, none with an item twice.
    Pearson's sum, over counts that are expected above 5, is within 4 of its standard deviations.
    """
    settings = RULES[rule] | EXPLORATIONS[how] | ({"boost": BOOSTS[boost]} if boost else {})
    policy, setting = asked(**WORLD, **settings, click_rate="30%")
    (taught, _) = asked(**WORLD, recommender="personalised", exploration=1)
    *_, (_, log) = steps_of(taught, setting)
    arm, rows, now = ActiveArm(policy, log, setting.start_clicks), blank(*setting.shape), setting.now(setting.steps - 1)
    everybody, (R, U, k) = np.ones(setting.shape[:2], bool), setting.shape
    shape = (R, U, k, setting.coming.born.shape[1])
    seen, said = np.zeros(shape), np.zeros(shape)
    cell = *np.ogrid[:R, :U, :k], rows.item
    for draw in range(DRAWS):
        ranking = arm.rank(rows, setting.asked("ranking", draw, everybody), now, setting.coming.born)
        arm.explore(rows, ranking, setting.asked("exploration", draw, everybody), now)
        assert (np.diff(np.sort(rows.item, axis=2), axis=2) > 0).all()
        known = said[cell]
        assert ((known == 0) | (known == rows.propensity)).all()
        seen[cell] += 1
        said[cell] = rows.propensity
    often = said * DRAWS > 5
    expected, degrees = said[often] * DRAWS, (1 - said[often]).sum()
    assert np.sum((seen[often] - expected) ** 2 / expected) <= degrees + 4 * np.sqrt(2 * degrees)
    unseen = 1 - said.sum(axis=3)
    assert (unseen > -1e-5).all()
    assert (unseen < 10 / DRAWS).all()


def rows_of(share, by, users=20_000, items=12, slots=4):
    """Rows of one list for all after exploration."""
    rows = blank(1, users, slots)
    rows.item[:] = np.arange(slots)
    explore(rows, share, by, np.array([items]), Asked(np.array([5], np.uint64), 0, np.ones((1, users), bool)))
    return rows


def test_by_request_a_whole_list_is_random():
    """All of a list's places are random or none, a share of the lists; a random list may hold what is ranked."""
    rows = rows_of(0.3, "request")
    assert (rows.random == rows.random[:, :, :1]).all()
    assert abs(rows.random[..., 0].mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 20_000)
    assert (rows.item[~rows.random[..., 0]] == np.arange(4)).all()
    random = rows.item[rows.random[..., 0]]  # (n, k)
    assert abs((random < 4).any(axis=1).mean() - (1 - 70 / 495)) < 4 * np.sqrt(0.14 * 0.86 / len(random))


def test_by_slot_a_random_item_is_none_that_is_ranked():
    """Places are random each by itself, and show items that the list would not show."""
    rows = rows_of(0.3, "slot")
    assert np.abs(rows.random[0].mean(axis=0) - 0.3).max() < 4 * np.sqrt(0.3 * 0.7 / 20_000)
    assert abs((rows.random[0, :, 0] & rows.random[0, :, 1]).mean() - 0.09) < 4 * np.sqrt(0.09 * 0.91 / 20_000)
    assert (rows.item[rows.random] >= 4).all()
    assert ((rows.item == np.arange(4)) | rows.random).all()


def test_random_lists_are_even():
    """All of the traffic random: each of 12 items is in each place one time in 12."""
    rows = rows_of(1.0, "request")
    for place in range(4):
        share = np.bincount(rows.item[0, :, place], minlength=12) / 20_000
        assert np.abs(share - 1 / 12).max() < 4 * np.sqrt(1 / 12 * 11 / 12 / 20_000)
