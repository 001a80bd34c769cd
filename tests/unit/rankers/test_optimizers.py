import numpy as np
import pytest

from simulator.rankers.optimizers import Adam, Schedule, descend


def bowl(parameters, centre):
    """Return a quadratic around `centre` and its gradient."""
    apart = parameters["x"] - centre
    return float(apart @ apart), {"x": 2 * apart}


def test_the_first_step_of_adam_has_the_size_of_its_rate():
    """Bias correction makes the first step rate x sign(gradient), whatever the gradient's size."""
    start = {"x": np.array([1.0, 1.0])}
    moved = Adam(start).step(start, {"x": np.array([1e-3, -50.0])}, rate=0.1)
    assert moved["x"] == pytest.approx([0.9, 1.1], abs=1e-5)
    assert start["x"].tolist() == [1.0, 1.0]


def test_two_steps_of_adam_by_hand():
    """Gradients 1 then 3 give the corrected moments 0.39 / 0.19 and 0.009999 / 0.001999."""
    parameters = {"x": np.array([0.0])}
    adam = Adam(parameters)
    for slope in (1.0, 3.0):
        parameters = adam.step(parameters, {"x": np.array([slope])}, rate=0.1)
    second = 0.1 * (0.39 / 0.19) / (0.009999 / 0.001999) ** 0.5
    assert parameters["x"] == pytest.approx([-0.1 - second], rel=1e-6)


def test_descend_finds_the_bottom():
    """A quadratic's minimum is found to three digits."""
    centre = np.array([2.0, -1.0])
    found = descend(bowl, {"x": np.zeros(2)}, lambda: [centre] * 50, centre, Schedule(epochs=20, rate=0.1))
    assert found["x"] == pytest.approx(centre, abs=1e-3)


def test_descend_returns_the_epoch_that_held_out_data_like_best():
    """Where training walks away from what the held-out batch wants, the first epoch is the one returned."""
    seen = []

    def loss_and_gradient(parameters, centre):
        if centre is held_out:
            seen.append(parameters)
        return bowl(parameters, centre)

    held_out = np.array([0.0])
    found = descend(
        loss_and_gradient,
        {"x": np.ones(1)},
        lambda: [np.array([5.0])],
        held_out,
        Schedule(epochs=4, rate=0.5),
    )
    assert len(seen) == 4
    assert found["x"] is seen[0]["x"]


def test_steps_shrink_to_nothing_in_a_straight_line():
    """Under a constant slope the steps of two epochs of two batches are 4/4, 3/4, 2/4 and 1/4 of the rate."""
    visited = []

    def slope(parameters, batch):
        visited.append(float(parameters["x"][0]))
        return 0.0, {"x": np.ones(1)}

    descend(slope, {"x": np.zeros(1)}, lambda: [0, 0], 1, Schedule(epochs=2, rate=0.4))
    assert visited == pytest.approx([0, -0.4, -0.7, -0.7, -0.9, -1.0], abs=1e-6)


def test_frozen_parameters_stay_bit_for_bit():
    """What is frozen by name does not move, and the rest finds its bottom as if it were alone."""

    def both(parameters, centre):
        loss, slope = bowl(parameters, centre)
        return loss, {**slope, "y": np.ones(3)}

    start = {"x": np.zeros(2), "y": np.ones(3)}
    centre = np.array([2.0, -1.0])
    schedule = Schedule(epochs=20, rate=0.1)
    found = descend(both, start, lambda: [centre] * 50, centre, schedule, frozen=("y",))
    alone = descend(bowl, {"x": np.zeros(2)}, lambda: [centre] * 50, centre, schedule)
    assert found["y"].tolist() == [1, 1, 1]
    assert np.array_equal(found["x"], alone["x"])


def test_an_unknown_name_cannot_be_frozen():
    """A misspelt name is refused with the names there are, not passed over."""
    with pytest.raises(ValueError, match="frozen: expected names among x; got w"):
        descend(bowl, {"x": np.zeros(1)}, lambda: [np.zeros(1)], np.zeros(1), Schedule(1, 0.1), frozen=["w"])
