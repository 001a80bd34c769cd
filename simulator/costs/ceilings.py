"""What one thread of this machine can do at best: the two ceilings that no call of a ranker passes.

Source: Williams, Waterman & Patterson, "Roofline: an insightful visual performance model for multicore architectures",
CACM 52(4), 2009.
"""

import time
from collections.abc import Callable

import numpy as np

__all__ = ["measure_ceilings"]

SIDE = 1024
"""Rows and columns of the matrices that are multiplied, 4 MiB each."""

NUMBERS = 1 << 25
"""Numbers that are read, 128 MiB: more than a core's caches hold."""

CALLS = 7


def measure_ceilings() -> tuple[float, float]:
    """Return floating-point operations and bytes read a second, in single precision, at the quickest of a few calls.

    The operations are those of the product of two square matrices, the bytes those of a long array's inner product
    with itself. On as many threads as NumPy has.
    """
    a, b = np.ones((2, SIDE, SIDE), dtype=np.float32)
    numbers = np.ones(NUMBERS, dtype=np.float32)
    return 2 * SIDE**3 / _quickest(lambda: a @ b), numbers.nbytes / _quickest(lambda: np.dot(numbers, numbers))


def _quickest(call: Callable[[], object]) -> float:
    """Return the seconds of the quickest of CALLS calls; the first is not counted."""
    seconds = []
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds[1:])
