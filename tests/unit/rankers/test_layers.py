import numpy as np
import pytest

from simulator.rankers.layers import cross_entropy, layer_norm, summed_by_number, unit


def test_the_cross_entropy_by_hand():
    """Equal logits of four classes cost log 4 a row, with slopes of 1/4, less 1 at the target."""
    loss, slope = cross_entropy(np.zeros((2, 4)), np.array([1, 3]))
    assert loss == pytest.approx(2 * np.log(4))
    assert slope[0] == pytest.approx([0.25, -0.75, 0.25, 0.25])


def test_rows_are_summed_by_their_number():
    """Rows of one number add up, and a number without rows gets zeros."""
    found = summed_by_number(np.array([[2, 0], [2, 2]]), np.arange(8.0).reshape(4, 2), 4)
    assert found.tolist() == [[2, 3], [0, 0], [10, 13], [0, 0]]


def test_a_normed_row_has_mean_zero_and_deviation_one():
    """Up to the small number that keeps constant rows finite."""
    y, _ = layer_norm(np.random.default_rng(0).normal(3, 5, size=(4, 50)), np.ones(50), np.zeros(50))
    assert y.mean(axis=1) == pytest.approx(np.zeros(4), abs=1e-12)
    assert y.std(axis=1) == pytest.approx(np.ones(4), rel=1e-5)


def test_zero_has_no_direction():
    """A vector of zeros stays what it is instead of becoming undefined."""
    y, _ = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert y.tolist() == [[0.6, 0.8], [0.0, 0.0]]
