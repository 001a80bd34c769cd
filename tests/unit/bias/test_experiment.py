"""What an experiment tells, against what is true: false alarms, a shared log, novelty, and arms that are too small."""

import numpy as np
import pytest

from simulator.bias.experiment import ExperimentAnswer, run_experiment
from simulator.bias.setup import make_setting
from simulator.errors import InputError
from simulator.scenario.bias import Bias

SMALL = {"users": 80, "items": 40, "slots": 4, "steps": 14, "click_rate": "20%"}
PAIR = {"control": "before", "treatment": "after", "start": 4}
EXPLORING = [{"name": "before"}, {"name": "after", "recommender": "popular_first", "exploration": "40%", "by": "rate"}]


def told(arms, experiment=(), **changed) -> ExperimentAnswer:
    """What an A/B test of `arms` tells."""
    bias = Bias.model_validate(SMALL | {"arms": arms, "ab_test": PAIR | dict(experiment)} | changed)
    assert bias.ab_test
    return run_experiment(bias.ab_test, bias, make_setting(bias, 3), lambda: None)


def test_a_comparison_with_itself_finds_five_in_a_hundred():
    """Two arms of one policy: lists are alike for all, users independent, so 5% of tests at 5% find a difference."""
    found = told([{"name": "before"}, {"name": "after"}], [("shared_log", True)], replications=1500)
    assert found.truth.value == found.truth.low == found.truth.high == 0
    assert abs(found.found - 0.05) < 4 * (0.05 * 0.95 / 1500) ** 0.5
    assert found.seen.low < 0 < found.seen.high
    assert found.wanted_users is None
    assert found.mismatched < 0.005


def test_several_looks_find_more_unless_they_are_corrected():
    """Five looks at 5% each find 14% where there is nothing (Armitage, McPherson & Rowe 1969); corrected ones 5%."""
    found = told(
        [{"name": "before"}, {"name": "after"}], [("shared_log", True), ("looks", 5)], replications=1500, steps=44
    )
    assert found.looking
    assert found.looking.inflation == pytest.approx(0.142, abs=0.001)
    assert abs(found.looking.naive - 0.142) < 4 * (0.142 * 0.858 / 1500) ** 0.5
    assert abs(found.looking.corrected - 0.05) < 4 * (0.05 * 0.95 / 1500) ** 0.5


def test_a_shared_log_hides_a_difference():
    """The control finds the good items by the treatment's clicks: less is seen than shipping brings, and that is said.

    With logs of their own the difference is seen nearly whole.
    """
    policies = [{"name": "before"}, {"name": "after", "weights": {"clip": 1000}}]
    size = {"replications": 20, "steps": 60, "users": 300, "items": 150, "exploration": "5%", "slots": 10}
    shared, apart = (told(policies, [("shared_log", shared)], **size) for shared in (True, False))
    assert shared.truth == apart.truth
    assert shared.truth.low > 0
    assert shared.gap.high < 0
    assert abs(apart.gap.value) < abs(shared.gap.value) / 2
    assert "learn from each other's rows" in shared.warnings[0]


def test_novelty_is_seen_and_is_no_truth():
    """A lift of 50% that halves every 2 steps: the first step shows half as many clicks again, the last hardly any."""
    found = told(
        [{"name": "before"}, {"name": "after"}],
        [("shared_log", True), ("novelty", {"lift": "50%", "half_life": 2})],
        replications=200,
        steps=24,
        click_rate="10%",
    )
    first, last = (found.course[0][step] / found.control.value for step in (0, -1))
    assert first == pytest.approx(0.5, abs=0.1)
    assert abs(last) < 0.1
    assert found.novelty
    assert found.novelty.steady.low < 0 < found.novelty.steady.high


def test_clicks_from_before_take_variance_out():
    """Users differ in how much they click, so CUPED leaves less variance, and means stay."""
    found = told(EXPLORING, replications=30, tastes=3, start_clicks=1, steps=30)
    assert found.variance_left < 1
    assert 0 < found.powered <= 1
    assert sum(found.users) == SMALL["users"]


def test_an_arm_of_no_users_is_refused():
    """Half a percent of 80 users is nobody."""
    with pytest.raises(InputError, match="has fewer than two users"):
        told([{"name": "before"}, {"name": "after"}], [("control_share", 0.005)], replications=5)


def test_the_course_has_every_step_from_the_start_on():
    """14 steps of which 4 are before: 10 differences, each within its interval."""
    value, low, high = told(EXPLORING, replications=10).course
    assert value.shape == (10,)
    assert (low <= value).all()
    assert (value <= high).all()
    assert np.isfinite(value).all()
