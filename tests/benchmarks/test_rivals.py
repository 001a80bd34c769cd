"""The same models here, in SimPy and in Ciw, side by side."""

from collections.abc import Callable

import numpy as np
import pytest

from simulator.engine import compiled
from tests.benchmarks.test_speed import fan_out, note, side_by_side

OURS = {1: 200_000, 100: 40_000}  # queries in one measurement
SOJOURN = {1: (3.333, 0.15), 100: (15.4, 0.8)}  # exact, and by these same simulators; no more than a check of the model


def ours(shards: int) -> float:
    """The mean sojourn time by the compiled engine, in mean services (of 1 ms)."""
    plan = fan_out(OURS[shards], shards, qps=700)
    return float(np.mean(compiled.simulate(plan, 0).latency)) * 1000


def compared(name: str, shards: int, queries: int, theirs: Callable[[], float]) -> float:
    """Note how many times as many requests a second we simulate as `theirs`, which simulates `queries`."""
    exact, slack = SOJOURN[shards]
    for found in (ours(shards), theirs()):
        assert abs(found - exact) < max(slack, 40 * exact / queries**0.5)
    theirs_s, ours_s, _ = side_by_side(theirs, lambda: ours(shards))
    rate, their_rate = OURS[shards] * shards / ours_s, queries * shards / theirs_s
    model = "M/M/1" if shards == 1 else f"fork-join of {shards} queues"
    ratio = f"{rate / their_rate:,.0f} times ({rate / 1e6:,.1f} against {their_rate / 1e6:,.3f} million requests/s)"
    note(f"{model} against {name}", ratio, "–")
    return rate / their_rate


@pytest.mark.parametrize(("shards", "queries", "least"), [(1, 20_000, 20), (100, 400, 1000)])
def test_against_simpy(shards, queries, least):
    """A hand-written SimPy model is slower by a factor of 20 with one queue, of 1,000 with a hundred."""
    from tests.benchmarks.rivals import simpy_fork_join

    assert compared("SimPy", shards, queries, lambda: simpy_fork_join(queries, shards)) > least


def test_against_ciw():
    """Ciw's M/M/1 is slower by a factor of 20 at least; a fork-join it does not know."""
    from tests.benchmarks.rivals import ciw_queue

    assert compared("Ciw", 1, 5_000, lambda: ciw_queue(5_000)) > 20
