"""What is judged, from latencies that are made up."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.report.validate_text import validate_sentence, warnings_of
from simulator.scenario.model import Scenario
from simulator.serving.broker import Counters
from simulator.serving.funnel import Funnel
from simulator.serving.laws import StageLaws
from simulator.serving.validation import Cell, Measured, Validation

ONE = np.ones(20) * 1e-3
LAWS = StageLaws(ONE, ONE, ONE, ONE, ONE, ONE, ONE, 1e-4, (1.0,))
SCENARIO = Scenario.model_validate(
    {"name": "it", "traffic": {"candidates": 10, "qps": 1}, "funnel": [{"name": "rank", "ranker": "logistic"}]}
)


def cell(load, repeat, measured, predicted, lag_s=1e-5):
    """One load of one repeat whose latencies are all alike."""
    latencies = [np.full(200, seconds) for seconds in (measured, predicted)]
    told = () if load >= 1 else (Measured.of(latencies[1]),) * 2
    return Cell(load, repeat, 100 * load, 200, Measured.of(latencies[0]), told, lag_s, (LAWS,), (LAWS,))


def validation(*cells, most=((100, 100), (100, 101))):
    """A validation of cells."""
    return Validation(Funnel(SCENARIO, ()), cells, most, (0.0,), (Counters(),), 2, 1.0)


def goals(answer):
    """The judged numbers by name."""
    return {goal.name: goal for goal in answer.goals}


def test_errors_are_medians_over_repeats_and_then_over_loads():
    """Predictions 10% high, 10% low and right, and off by 50% at a load that is not judged: 10% in the median."""
    pairs = [(0.2, 1.1), (0.4, 0.9), (0.8, 1.0), (0.85, 1.5)]
    answer = validation(*(cell(load, r, 1e-3, factor * 1e-3) for load, factor in pairs for r in range(2)))
    found = goals(answer)
    assert found["p50"].error == pytest.approx(0.1)
    assert found["p50"].verdict == "missed"
    assert found["p99"].verdict == "met"
    assert found["max_qps"].error == pytest.approx((1 - 100 / 101) / 2)
    assert answer.verdict == "missed"


def test_an_error_below_the_noise_is_no_miss():
    """Two repeats 20% apart: a prediction 8% off is within what the machine differs from itself."""
    answer = validation(cell(0.5, 0, 0.9e-3, 1.0e-3), cell(0.5, 1, 1.1e-3, 1.15e-3))
    found = goals(answer)["p50"]
    assert found.noise == pytest.approx(0.2)
    assert found.error == pytest.approx((1.0 / 0.9 + 1.15 / 1.1) / 2 - 1)
    assert found.verdict == "within_noise"
    assert answer.verdict == "met"


def test_queries_sent_late_make_it_invalid():
    """A quarter of a millisecond late: nothing is judged, and it is said what to do."""
    answer = validation(*(cell(0.5, r, 1e-3, 1e-3, lag_s=250e-6) for r in range(2)))
    assert not answer.valid
    assert answer.verdict == "inconclusive"
    assert validate_sentence(answer).startswith("Invalid: queries were sent 250 us late")


def test_more_than_can_be_done_is_declared_saturated():
    """A load of 120% has no percentile to compare, and is no part of what is judged."""
    answer = validation(*(cell(load, r, 1e-3, 1e-3) for load in (0.5, 1.2) for r in range(2)))
    assert [row.saturated for row in answer.rows] == [False, True]
    assert "120% of what can be done: saturated" in " ".join(warnings_of(answer))
    assert answer.verdict == "met"


def test_the_largest_error_points_to_what_changed():
    """Calls that took half as long again under the load as beside it are named."""
    slower = replace(LAWS, busy=LAWS.busy * 1.5)
    cells = [replace(cell(0.5, r, 2e-3, 1e-3), during=(slower,)) for r in range(2)]
    assert "calls behind another of rank took longer than beside it" in validation(*cells).suspect
    same = [cell(0.5, r, 2e-3, 1e-3) for r in range(2)]
    assert "slow independently of one another" in validation(*same).suspect
    once = [cell(0.2, 0, 2e-3, 1e-3), replace(cell(0.5, 0, 2e-3, 1e-3), measured=Measured.of(np.ones(50)))]
    assert validation(*once).suspect.startswith("at 20% load")
    good = [cell(0.5, r, 1e-3, 1e-3) for r in range(2)]
    assert "no load's p99 is further off" in validation(*good).suspect
