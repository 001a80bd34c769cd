"""Go or no-go, and the leaks of a split, on a small log of films."""

import numpy as np
import pytest

from simulator.data.film_world import make_film_world
from simulator.data.interactions import Interactions
from simulator.data.movielens import MovieLens
from simulator.scenario.training import Splits
from simulator.statistics.intervals import Estimate
from simulator.training.go_no_go import decide_on, verdict_of

USERS, FILMS, ROWS = 60, 40, 1800


@pytest.fixture(scope="module")
def films():
    """Persons who like the films whose number is like theirs, modulo 4; in the order of time."""
    rng = np.random.default_rng(2)
    pairs = rng.permutation(USERS * FILMS)[:ROWS]
    user, item = pairs // FILMS, pairs % FILMS
    rating = np.where((user % 4 == item % 4) | (rng.random(ROWS) < 0.15), 5.0, 2.0)
    log = Interactions(user, item, np.arange(float(ROWS)), rating, np.arange(USERS), np.arange(FILMS))
    return MovieLens(
        ratings=log, age=np.full(USERS, 30.0), gender=("F",) * USERS, occupation=("",) * USERS,
        title=tuple(map(str, range(FILMS))), year=np.full(FILMS, 1990.0), genres=np.eye(4)[np.arange(FILMS) % 4],
        genre_names=("a", "b", "c", "d"),
    )  # fmt: skip


def test_only_the_split_by_time_learns_nothing_of_the_future(films):
    """No row learnt from is later than the first test row; at random nearly all are; by user persons are new."""
    by_time, at_random, by_user = (make_film_world(films, split) for split in ("time", "random", "user"))
    assert by_time.later == 0
    assert at_random.later > 0.9
    assert by_user.unseen == 1
    assert at_random.unseen < 0.1


def test_no_person_is_in_two_parts_by_user(films):
    """Persons of training, validation and test are others."""
    world = make_film_world(films, "user")
    parts = [set(world.person[part.user].tolist()) for part in vars(world.splits).values()]
    assert all(parts)
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_a_model_against_itself_is_undecided(films):
    """The same model on both sides differs by nothing."""
    section = Splits(by=("time",), baseline="logistic", candidates=("logistic",))
    row = decide_on(make_film_world(films, "time"), "time", section, 0)
    assert (row.difference.value, row.verdict) == (0, "undecided")
    assert row.baseline == row.candidate
    assert row.rates == {"logistic": 1.0}  # which takes no steps, so that there is one model whatever the rates


def test_the_candidate_is_chosen_on_the_validation_part(films):
    """The chosen one is best there, and its test is not looked at for the choice."""
    section = Splits(by=("time",), baseline="logistic", candidates=("mlp", "two_tower"), rates=(1,))
    row = decide_on(make_film_world(films, "time"), "time", section, 0)
    assert row.chosen == max(row.validation, key=row.validation.get)
    assert row.difference.value == pytest.approx(row.candidate.value - row.baseline.value)


def test_the_step_size_is_chosen_on_the_validation_part(films):
    """Of several step sizes each candidate keeps the one that is best there; the test is not looked at for it."""
    world = make_film_world(films, "time")
    alone = {
        rate: decide_on(world, "time", Splits(by=("time",), candidates=("mlp",), rates=(rate,)), 0)
        for rate in (0.01, 1.0)
    }
    best = max(alone, key=lambda rate: alone[rate].validation["mlp"])
    row = decide_on(world, "time", Splits(by=("time",), candidates=("mlp",), rates=tuple(alone)), 0)
    assert row == alone[best]
    assert row.rates == {"mlp": best}
    assert len({one.validation["mlp"] for one in alone.values()}) == 2


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.1, 0.2, "go"), (-0.2, -0.1, "no_go"), (-0.1, 0.1, "undecided")]
)
def test_the_whole_interval_decides(low, high, verdict):
    """Above zero, below zero, or neither."""
    assert verdict_of(Estimate((low + high) / 2, low, high)) == verdict
