"""The loop as a whole: what a change moves, and what it must leave as it is."""

import numpy as np
import pytest

from simulator.bias import parts
from simulator.bias.loop import run_arm
from simulator.bias.recommenders import personalised
from simulator.bias.setup import make_setting
from simulator.bias.trial import run_trial
from simulator.scenario.bias import Bias
from tests.loops import asked, ran, steps_of

SMALL = {"users": 40, "items": 30, "slots": 4, "steps": 12, "click_rate": "30%"}
RULES = {
    "popular_first": {},
    "ties": {"ties": "per_user"},
    "proportional": {"recommender": "proportional"},
    "personalised": {"recommender": "personalised", "retrain": 4},
    "thompson": {"recommender": "thompson"},
    "oracle": {"recommender": "oracle"},
    "random": {"recommender": "random"},
}


@pytest.mark.parametrize("rule", RULES)
def test_a_further_replication_moves_no_other(rule):
    """Items that come by chance, and random traffic: two replications are the first two of eight to the last bit."""
    few, many = (ran(**SMALL, **RULES[rule], exploration=0.3, new_items=0.5, replications=R)[0] for R in (2, 8))
    items = few.shown.shape[1]
    assert items < many.shown.shape[1]
    assert (many.shown[:2, items:] == 0).all()
    for part in ("shown", "clicks", "weighed_shown", "weighed_clicks"):
        assert (getattr(few, part) == getattr(many, part)[:2, :items]).all()
    assert (few.weights == many.weights[:2]).all()
    assert not (many.clicks[3] == many.clicks[4]).all()


@pytest.mark.parametrize("rule", RULES)
def test_results_do_not_depend_on_threads(rule, monkeypatch):
    """Four threads that share users in parts give the clicks and weights of one."""
    settings = SMALL | RULES[rule] | {"exploration": 0.3, "new_items": 0.5, "replications": 3}
    one = ran(**settings)[0]
    monkeypatch.setattr(parts, "threads", lambda: 4)
    monkeypatch.setitem(parts.in_parts.__kwdefaults__, "least", 5)
    monkeypatch.setattr(personalised, "ROWS_A_THREAD", 5)
    four = ran(**settings)[0]
    for part in ("shown", "clicks", "weighed_shown", "weighed_clicks", "weights"):
        assert (getattr(one, part) == getattr(four, part)).all()


def test_an_arm_does_not_know_of_another():
    """A policy's clicks are the same before and after another has run in the same setting."""
    policy, setting = asked(**SMALL, exploration=0.2)
    other, _ = asked(**SMALL, recommender="thompson")
    first, _, again = (run_arm(one, setting, lambda: None)[0] for one in (policy, other, policy))
    assert (first.clicks == again.clicks).all()


def test_measures_move_nothing():
    """What is measured on the way changes no click."""
    settings = SMALL | {"recommender": "personalised", "exploration": 0.2}
    assert (ran(measured=True, **settings)[0].clicks == ran(measured=False, **settings)[0].clicks).all()


def test_arms_of_the_same_policy_click_alike():
    """Two arms of one policy that share their log: each user clicks as he would if all had the control."""
    bias = Bias.model_validate(
        SMALL
        | {
            "replications": 3,
            "exploration": 0.2,
            "arms": [{"name": "a"}, {"name": "b"}],
            "ab_test": {"control": "a", "treatment": "b", "start": 4, "shared_log": True, "looks": 2},
        }
    )
    setting, experiment = make_setting(bias, 1), bias.ab_test
    treated = np.random.default_rng(1).random((3, 40)) < 0.5
    split, whole = (
        run_trial(experiment, bias.policies(), setting, who, lambda: None) for who in (treated, np.zeros((3, 40), bool))
    )
    assert (split.looked == whole.looked).all()
    assert (split.before == whole.before).all()
    assert split.looked.shape == (2, 3, 40)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_decides_everything(seed):
    """The same seed gives the same clicks, another one others."""
    assert (ran(seed, **SMALL)[0].clicks == ran(seed, **SMALL)[0].clicks).all()
    assert not (ran(seed, **SMALL)[0].clicks == ran(seed + 1, **SMALL)[0].clicks).all()


def test_lists_change_only_when_trained():
    """Trained every five steps, what is ranked without exploration stays for five, and follows the clicks after."""
    policy, setting = asked(**SMALL, retrain=5, replications=1)
    shown, clicks = zip(
        *((rows.item[0, 0].copy(), log.clicks[0].copy()) for rows, log in steps_of(policy, setting)), strict=True
    )
    for step in range(1, 12):
        if step % 5:
            assert (shown[step] == shown[step - 1]).all()
        else:
            assert (shown[step] == np.argsort(-clicks[step - 1], kind="stable")[:4]).all()


def test_a_cold_start_is_the_rule_until_the_model_is_trained():
    """Three random steps, all of them explored, then the oracle for all."""
    policy, setting = asked(**SMALL, recommender="oracle", cold_start={"rule": "random", "steps": 3}, replications=1)
    random = [bool(rows.random.all()) for rows, _ in steps_of(policy, setting)]
    assert random == [True] * 3 + [False] * 9


def test_the_oracle_has_no_regret_and_clicks_as_expected():
    """Its expected clicks are those of the best lists; what is clicked differs from them by chance alone."""
    _, course, _ = ran(measured=True, **SMALL | {"users": 150}, recommender="oracle", replications=40)
    assert np.abs(np.array(course.values["regret"])).max() < 1e-6
    _, worse, _ = ran(measured=True, **SMALL | {"users": 150}, recommender="random", replications=40)
    clicks, regret = np.array(worse.clicks), np.array(worse.values["regret"])
    gap = np.mean(np.array(course.clicks) - clicks - regret, axis=0)  # (R,)
    assert abs(gap.mean()) < 4 * gap.std(ddof=1) / 40**0.5
    assert (regret > 0).all()


def test_lists_that_are_random_anyway_cost_nothing():
    """Where nothing is ranked, a random list takes no better one's place."""
    _, course, _ = ran(measured=True, **SMALL, recommender="random")
    assert np.abs(course.values["exploration_cost"]).max() < 1e-6
