"""Time in the system over a span, against an integral taken by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from simulator.engine.result import COMPLETED, FAILED
from simulator.statistics.occupancy import Occupancy

ARRIVAL = np.array([0.0, 1.0, 2.0, 3.0, 5.0, 6.0])
END = np.array([2.5, 4.0, 2.2, 9.0, 5.5, 8.0])
OUTCOME = np.array([COMPLETED, COMPLETED, FAILED, COMPLETED, COMPLETED, COMPLETED])


@pytest.mark.parametrize("sizes", [[6], [1, 5], [2, 2, 2], [3, 3], [1, 1, 1, 1, 1, 1]])
def test_blocks_of_any_size_give_the_integral(sizes):
    """From the second arrival (1 s) to the last (6 s) queries spend 1.5 + 3 + 0.2 + 3 + 0.5 s; three complete in it."""
    found, first = Occupancy(warmup=2), 0
    for size in sizes:
        rows = slice(first, first + size)
        found.add(SimpleNamespace(arrival=ARRIVAL[rows], end=END[rows], outcome=OUTCOME[rows]))
        first += size
    assert found.span == 5.0
    assert found.in_system(5.0) * 5.0 == pytest.approx(1.5 + 3 + 0.2 + 3 + 0.5)
    assert found.completed_in_span() == 3
