"""The sweep over arms and amounts, on arms whose losses are known."""

import math

import pytest

from simulator.training.transfer import crossing_of, sweep

NOISE = [0.3, -0.1, 0.2, -0.4]


def test_arms_are_compared_seed_by_seed():
    """Luck that both arms share leaves no doubt about who wins, though each arm's interval is wide."""
    arms = {"one": lambda amount, seed: 1 + NOISE[seed], "other": lambda amount, seed: 1.01 + NOISE[seed]}
    (row,) = sweep(arms, [5], range(4))
    assert row.winner == "one"
    assert row.losses["one"].low < 0.9 < 1.1 < row.losses["one"].high
    assert row.apart["other", "one"].value == pytest.approx(0.01)


def test_arms_too_close_to_tell_have_no_winner():
    """Where the interval of the difference holds zero nobody wins."""
    arms = {"one": lambda amount, seed: 1 + NOISE[seed], "other": lambda amount, seed: 1 - NOISE[seed]}
    assert sweep(arms, [5], range(4))[0].winner is None


def test_the_crossing_is_read_between_two_amounts():
    """Losses of log n / log 100 and 1/2 cross at n = 10, found between 1 and 100; the other way round never."""
    arms = {"rises": lambda amount, seed: {1: 0.0, 100: 1.0}[amount], "stays": lambda amount, seed: 0.5}
    rows = sweep(arms, [1, 100], range(2))
    found = crossing_of(rows, "rises", "stays")
    assert (found.value, found.low, found.high) == pytest.approx((10, 10, 10))
    assert crossing_of(rows, "stays", "rises") is None


@pytest.mark.parametrize("first", [-1.0, -0.3])
@pytest.mark.parametrize("last", [1.0, 0.3])
def test_an_interval_that_leaves_the_sweep_has_no_end_there(first, last):
    """Where a difference of 0.3 with an interval of 0.5 either way ends the sweep, the crossing may lie beyond."""
    found = {1: first, 100: last}
    arms = {"rises": lambda amount, seed: found[amount] + NOISE[seed], "stays": lambda amount, seed: 0.0}
    crossing = crossing_of(sweep(arms, [1, 100], range(4)), "rises", "stays")
    assert math.isnan(crossing.low) if first > -0.5 else crossing.low < crossing.value
    assert math.isnan(crossing.high) if last < 0.5 else crossing.high > crossing.value
