"""Analytic gradients against central differences, block by block."""

import numpy as np
import pytest

from simulator.rankers import logistic, mlp, two_tower
from simulator.rankers.examples import Examples
from simulator.rankers.mlp import Contests
from simulator.rankers.two_tower import Pairs
from tests.unit.rankers.differences import central_differences, shaken


def labelled(rng):
    """Return nine random examples of five columns."""
    return Examples(rng.normal(size=(9, 5)), (rng.random(9) < 0.5).astype(float))


def logistic_problem(rng):
    """Return the logistic loss with random weights and examples."""
    return logistic.loss_and_gradient, {"w": rng.normal(size=5), "b": rng.normal(size=1)}, labelled(rng)


def mlp_problem(rng):
    """Return the network's loss with layers of 4 and 3 units and three contests of a click and two rivals."""
    parameters = mlp.initial_parameters(5, (4, 3), rng)
    return mlp.loss_and_gradient, shaken(parameters, rng), Contests(rng.normal(size=(9, 5)), rivals=2)


def two_tower_problem(rng):
    """Return the two-tower loss with 7 pairs and 8 negatives, two of them hits of one pair."""
    parameters = two_tower.initial_parameters((5, 4), (6, 3), rng)
    hits = np.zeros((7, 8), dtype=bool)
    hits[2, 5] = hits[2, 6] = True
    batch = Pairs(rng.normal(size=(7, 5)), rng.normal(size=(7, 4)), rng.normal(size=(8, 4)), hits)
    return two_tower.loss_and_gradient, shaken(parameters, rng), batch


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("problem", [logistic_problem, mlp_problem, two_tower_problem])
def test_every_block_of_the_gradient_is_the_slope_of_the_loss(problem, seed):
    """Each parameter block's gradient is within a relative 1e-6 of central differences."""
    loss_and_gradient, parameters, batch = problem(np.random.default_rng(seed))
    _, gradient = loss_and_gradient(parameters, batch)
    assert gradient.keys() == parameters.keys()
    for name in parameters:
        slope = central_differences(lambda p: loss_and_gradient(p, batch)[0], parameters, name)
        assert gradient[name].shape == parameters[name].shape
        assert np.linalg.norm(gradient[name] - slope) < 1e-6 * np.linalg.norm(slope), name


@pytest.mark.parametrize("module", [logistic, mlp, two_tower])
def test_the_penalty_is_part_of_the_gradient(module, monkeypatch):
    """With a penalty large enough to dominate, the gradient is still the slope of the loss."""
    monkeypatch.setattr(module, "L2", 3.0)
    problem = {logistic: logistic_problem, mlp: mlp_problem, two_tower: two_tower_problem}[module]
    loss_and_gradient, parameters, batch = problem(np.random.default_rng(9))
    _, gradient = loss_and_gradient(parameters, batch)
    for name in parameters:
        slope = central_differences(lambda p: loss_and_gradient(p, batch)[0], parameters, name)
        assert np.linalg.norm(gradient[name] - slope) < 1e-6 * np.linalg.norm(slope), name


def test_the_logistic_loss_by_hand():
    """At zero weights every example costs log 2, and the intercept's slope is 1/2 less the click share."""
    batch = Examples(np.ones((4, 2)), np.array([1.0, 0.0, 0.0, 0.0]))
    loss, gradient = logistic.loss_and_gradient({"w": np.zeros(2), "b": np.zeros(1)}, batch)
    assert loss == pytest.approx(np.log(2))
    assert gradient["b"] == pytest.approx([0.25])


def test_the_sampled_softmax_loss_by_hand():
    """With towers that give zero, a clicked item is one of 1 + M equals, and a hit is not among them."""
    zero = {n: 0 * b for n, b in two_tower.initial_parameters((2, 2), (3, 2), np.random.default_rng(0)).items()}
    hits = np.array([[False, False, False], [False, True, False]])
    batch = Pairs(np.ones((2, 2)), np.ones((2, 2)), np.ones((3, 2)), hits)
    loss, _ = two_tower.loss_and_gradient(zero, batch)
    assert loss == pytest.approx((np.log(4) + np.log(3)) / 2)


def test_the_contest_loss_by_hand():
    """A network that gives log 3 to the clicked row and 0 to two rivals has the click win 3 times in 5."""
    one = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.ones((1, 1)), "b2": np.zeros(1), "w3": np.ones(1)}
    batch = Contests(np.array([[np.log(3)], [0.0], [0.0]]), rivals=2)
    loss, _ = mlp.loss_and_gradient(one, batch)
    assert loss - 1.5 * mlp.L2 == pytest.approx(np.log(5 / 3))


def test_losses_stay_finite_far_from_the_optimum():
    """Scores in the thousands overflow neither the log loss nor its gradient."""
    batch = Examples(np.array([[1e4], [-1e4]]), np.array([0.0, 1.0]))
    loss, gradient = logistic.loss_and_gradient({"w": np.ones(1), "b": np.zeros(1)}, batch)
    assert np.isfinite(loss)
    assert np.isfinite(gradient["w"]).all()
