"""Frozen features against fine-tuning where both risks are known exactly."""

import numpy as np
import pytest

from simulator.training.linear_transfer import LinearTask
from simulator.training.transfer import crossing_of, losses_of, rows_of, sweep

TASK = LinearTask(columns=20, projections=4, noise=1.0, bias=0.3)
SEEDS = range(600)


@pytest.fixture(scope="module")
def rows():
    """Return the measured sweep of both arms."""
    return sweep(TASK.arms(), [30, 60, 75, 200], SEEDS)


def error(estimate):
    """Return the standard error of an estimate, from its 95% interval of 600 repetitions."""
    return (estimate.high - estimate.low) / 2 / 1.9639


@pytest.mark.parametrize("place", range(4))
def test_measured_risks_are_those_of_the_formulas(rows, place):
    """At each amount both arms' mean squared errors are within four standard errors of the closed form."""
    row = rows[place]
    expected = {"fine_tuned": TASK.fine_tuned_risk(row.amount), "frozen": TASK.frozen_risk(row.amount)}
    for name, risk in expected.items():
        assert abs(row.losses[name].value - risk) < 4 * error(row.losses[name]), name


def test_the_sweep_crosses_where_the_formulas_do(rows):
    """Frozen wins before the crossing point, fine-tuning after it, and the measured crossing lies between both."""
    assert rows[0].amount < TASK.crossing < rows[-1].amount
    assert (rows[0].winner, rows[-1].winner) == ("frozen", "fine_tuned")
    measured = crossing_of(rows, "frozen", "fine_tuned")
    apart = rows[1].apart["frozen", "fine_tuned"], rows[2].apart["frozen", "fine_tuned"]
    slope = (apart[1].value - apart[0].value) / (75 - 60)
    straight = 1  # what a straight line over the logarithm, between 60 and 75, may be off
    assert abs(measured.value - TASK.crossing) < 4 * max(map(error, apart)) / slope + straight


def test_the_interval_of_a_crossing_holds_that_of_the_formulas():
    """Of 50 sweeps of 20 seeds, 43 or more hold the exact crossing: 95% of them, less three standard errors."""
    sweeps, seeds, amounts = 50, 20, [30, 60, 75, 90, 200]
    losses = losses_of(TASK.arms(), amounts, range(sweeps * seeds)).reshape(2, len(amounts), sweeps, seeds)
    held = 0
    for one in range(sweeps):
        found = crossing_of(rows_of(tuple(TASK.arms()), amounts, losses[:, :, one]), "frozen", "fine_tuned")
        held += found is not None and found.low <= TASK.crossing <= found.high
    assert held >= 43


@pytest.mark.parametrize("noise", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("bias", [0.01, 0.3, 4.0])
@pytest.mark.parametrize("sizes", [(20, 4), (7, 6), (100, 1)])
def test_at_the_crossing_both_risks_are_equal(noise, bias, sizes):
    """The risks, as functions of a real n, agree at the crossing to 1e-9, and it lies above d + 1."""
    d, k = sizes
    n = LinearTask(d, k, noise, bias).crossing
    assert n > d + 1
    fine_tuned, frozen = noise * d / (n - d - 1), bias + (noise + bias) * k / (n - k - 1)
    assert fine_tuned == pytest.approx(frozen, rel=1e-9)


def test_without_a_bias_frozen_features_always_win():
    """Where the projections hold all of the function there is no crossing, however many examples."""
    task = LinearTask(20, 4, 1.0, 0.0)
    assert task.crossing == np.inf
    assert task.frozen_risk(10**6) < task.fine_tuned_risk(10**6)


def test_too_few_examples_have_no_finite_risk():
    """Least squares of 20 weights needs 22 examples for a finite risk, which is said."""
    with pytest.raises(ValueError, match="20 fitted weights is finite from 22 examples on; got 21"):
        TASK.fine_tuned_risk(21)


@pytest.mark.parametrize(("numbers", "message"), [((4, 4, 1, 1), "projections"), ((4, 2, 0, 1), "noise above 0")])
def test_impossible_tasks_are_refused(numbers, message):
    """As many projections as columns, or no noise, is named."""
    with pytest.raises(ValueError, match=message):
        LinearTask(*numbers)
