"""The search for a crossing, on curves whose crossing is known."""

import math

import pytest

from simulator.capacity.roots import crossing

PRECISION = 2e-3


def looked_at(curve, guess: float, highest: float = 0.995) -> tuple[float, list[float]]:
    """The crossing of a curve whose pole is at 1, looked for up to `highest`, and where it was evaluated."""
    points = []

    def excess(at: float) -> float:
        points.append(at)
        return curve(at)

    return crossing(excess, (guess, highest, 1.0), PRECISION), points


@pytest.mark.parametrize("root", [0.1, 0.45, 0.77, 0.95])
@pytest.mark.parametrize("guess", [0.3, 0.8])
def test_the_hyperbola_of_a_queue_takes_few_looks(root, guess):
    """On 1 - allowed / latency of M/M/1 the root is exact after at most five evaluations."""
    found, points = looked_at(lambda load: 1 - (1 - load) / (1 - root), guess)
    assert abs(found - root) < PRECISION
    assert len(points) <= 5


@pytest.mark.parametrize("root", [0.013, 0.4, 0.987])
def test_a_step_is_found_by_halving(root):
    """Of a curve that jumps, with infinite values below, the place of the jump is found within the precision."""
    found, points = looked_at(lambda load: 0.5 if load > root else -math.inf, 0.8)
    assert abs(found - root) < PRECISION
    assert len(points) < 20


@pytest.mark.parametrize("value", [-1e-6, -1.0, -math.inf])
@pytest.mark.parametrize("highest", [0.9, 0.995])
def test_a_curve_that_holds_as_far_as_it_is_looked_at_ends_there(highest, value):
    """Where nothing fails the answer is the highest load itself, looked at once, and nothing beyond it."""
    found, points = looked_at(lambda load: value, 0.8, highest)
    assert found == highest
    assert points.count(highest) == 1
    assert max(points) == highest


def test_a_curve_that_fails_only_at_the_highest_load_ends_before_it():
    """A root between the last looks is found as any other."""
    found, points = looked_at(lambda load: 1.0 if load > 0.8995 else -1.0, 0.8, 0.9)
    assert abs(found - 0.8995) < PRECISION
    assert max(points) == 0.9


def test_a_curve_that_never_holds_ends_at_the_low_end():
    """Where everything fails the answer is within the precision of the low end."""
    assert looked_at(lambda load: 0.9, 0.8)[0] < PRECISION


def test_ends_are_never_evaluated():
    """Neither no load nor the pole is ever looked at."""
    for curve in (lambda load: -1.0, lambda load: 1.0):
        assert all(0 < point < 1 for point in looked_at(curve, 0.8)[1])
