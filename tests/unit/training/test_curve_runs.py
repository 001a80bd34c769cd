"""Runs on nested parts of a log, and the answers made from runs."""

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.errors import InputError
from simulator.rankers.optimizers import losses_watched
from simulator.rankers.two_tower import SCHEDULE, TwoTower
from simulator.training.curve_runs import clicks_of, measure_runs, part_of
from simulator.training.freeze_or_tune import answer_of
from simulator.training.profile import load_training_profile
from simulator.training.transfer import rows_of

ARMS = ("scratch", "frozen", "fine_tuned")


@pytest.fixture(scope="module")
def world():
    """A small world of clicks."""
    return make_world(users=200, items=100, seed=3)


def test_parts_are_nested_and_the_test_stays(world):
    """Each part has the clicks asked for but for the last user's, holds the smaller one, and shares no test user."""
    parts = [part_of(world, samples, seed=4) for samples in (100, 400, clicks_of(world))]
    most = np.bincount(world.splits.train.user, weights=world.splits.train.click).max()
    users = [set(part.splits.train.user.tolist()) for part in parts]
    assert users[0] < users[1] < users[2] == set(world.splits.train.user.tolist())
    assert all(
        0 <= clicks_of(part) - n <= 2 * most for part, n in zip(parts, (100, 400, clicks_of(world)), strict=True)
    )
    assert all(part.splits.test is world.splits.test for part in parts)
    assert not users[2] & set(world.splits.test.user.tolist())
    assert set(part_of(world, 100, seed=5).splits.train.user.tolist()) != users[0]


def test_losses_are_watched_epoch_by_epoch(world):
    """One course of as many losses as there are epochs; nothing is watched outside."""
    with losses_watched() as courses:
        TwoTower.fit(world, 0)
    assert [len(course) for course in courses] == [SCHEDULE.epochs]
    TwoTower.fit(world, 0)
    assert len(courses) == 1


def test_every_ranker_that_learns_from_clicks_has_a_curve():
    """Of those in the shipped profile word2vec alone has none, as it learns from texts that nobody clicked."""
    known = load_training_profile("default").rankers
    assert {name for name, one in known.items() if one.runs is None} == {"word2vec"}
    assert all(len(one.runs.samples) > 4 and len(one.runs.errors[0]) > 2 for one in known.values() if one.runs)


@pytest.mark.slow
def test_the_shipped_runs_are_what_is_measured():
    """Errors of logistic regression again, to a thousandth: sums round differently from machine to machine."""
    shipped = load_training_profile("default").rankers["logistic"].runs
    fresh = measure_runs("logistic", shipped.world, len(shipped.samples), 2)
    assert fresh.samples == pytest.approx(shipped.samples, rel=0.05)
    assert np.array(fresh.errors)[:, :2] == pytest.approx(np.array(shipped.errors)[:, :2], abs=1e-3)


def test_only_rankers_of_ours_are_trained():
    """Another name is refused with those there are."""
    with pytest.raises(InputError, match="expected one of logistic, mlp"):
        measure_runs("mine:Own")


def swept(have):
    """The answer on arms whose losses are straight lines over log amounts, which cross at 100 and at 1,000."""
    amounts = (10, 100, 1000, 10_000)
    x = np.log10(amounts)
    lines = np.array([0.9 - 0.2 * x, np.full(4, 0.4), 0.6 - 0.1 * x])
    luck = 0.001 * np.array([-1.0, 0.5, 0.5])
    noise = luck[None, None, :] * np.array([1.0, -1.0, 0.3])[:, None, None]
    return answer_of(rows_of(ARMS, amounts, lines[:, :, None] + noise), have)


def test_crossings_are_found_and_told():
    """Fine-tuning beats frozen embeddings from 100 on, learning anew beats fine-tuning from 1,000 on."""
    found = swept(None)
    assert found.tuned_from.value == pytest.approx(100, rel=0.02)
    assert found.scratch_from.value == pytest.approx(1000, rel=0.02)
    assert found.tuned_from.low < 100 < found.tuned_from.high < 110
    assert "users on (95% interval 9" in found.advice


@pytest.mark.parametrize(("have", "winner"), [(10, "frozen"), (300, None), (10_000, "scratch"), (50_000, "scratch")])
def test_the_answer_at_hand_is_that_of_both_rows_around_it(have, winner):
    """At a measured amount its winner; between two that differ none; beyond the sweep the last, and said so."""
    found = swept(have)
    assert found.at_hand == winner
    assert ("beyond the sweep" in found.advice) == (have > 10_000)
    assert ("too close to tell" in found.advice) == (winner is None)


def test_what_wins_throughout_is_told_from_what_never_wins():
    """Fine-tuning ahead everywhere, scratch behind everywhere: neither crosses, and the words differ."""
    losses = np.array([0.6, 0.5, 0.4])[:, None, None] + 0.001 * np.array([-1.0, 0.5, 0.5]) * np.ones((3, 2, 1))
    found = answer_of(rows_of(ARMS, (10, 100), losses), None)
    assert (found.tuned_from, found.scratch_from) == (None, None)
    assert "fine-tuning loses less than frozen embeddings: throughout the sweep" in found.advice
    assert "from scratch loses less than fine-tuning: never within the sweep" in found.advice


@pytest.mark.parametrize(
    ("tuned_less_frozen", "said"),
    [
        ([-0.1, -0.1, 0.1], "up to 80 users"),
        ([0.1, -0.1, -0.1], "from 20 users on"),
        ([0.1, -0.1, 0.1], "now and then"),
        ([-0.1, 0.1, -0.1], "now and then"),
        ([-0.1, -0.1, -0.1], "throughout the sweep"),
        ([0.1, 0.1, 0.1], "never within the sweep"),
    ],
)
def test_a_lead_that_is_lost_is_told(tuned_less_frozen, said):
    """Fine-tuning ahead at first, later, throughout, never, or by turns, over 10, 40 and 160 users."""
    frozen = np.full(3, 0.5)
    lines = np.array([np.full(3, 0.9), frozen, frozen + tuned_less_frozen])
    luck = 0.001 * np.array([-1.0, 0.5, 0.5])
    found = answer_of(rows_of(ARMS, (10, 40, 160), lines[:, :, None] + luck), None)
    assert f"fine-tuning loses less than frozen embeddings: {said}" in found.advice
