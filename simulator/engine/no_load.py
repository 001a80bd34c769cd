"""How long a call takes when nobody waits: the law that a percentile as hedging delay is taken from."""

import numpy as np
from numpy.typing import NDArray

from simulator.engine.law import CONSTANT, LawTables, value_of
from simulator.kernels import jit

__all__ = ["no_load_percentile"]

POINTS = 1 << 20
_ROOT = 1.2207440846057596  # the real root of x^4 = x + 1: steps of its inverse powers fill a cube evenly


def no_load_percentile(laws: LawTables, numbers: tuple[int, int, int], cost: float, level: float) -> float:
    """Return a percentile of the seconds between sending a request and having its answer, without any queue.

    Exact where at most one of the three laws varies; else over POINTS points of an additive lattice in the cube
    (Roberts 2018), which is the same in every run and, for smooth laws, within a few parts in 10,000 of exact. Two laws
    that vary take neighbouring axes of it: the first and the third together fill their square less evenly.

    Parameters
    ----------
    numbers
        The laws of the request's delay, of the noise on the service, and of the answer's delay.
    cost
        The service without noise, in seconds.
    level
        Between 0 and 100.
    """
    varying = [k for k, law in enumerate(numbers) if laws.kind[law] != CONSTANT]
    if len(varying) > 1:
        axes = np.zeros(3, dtype=np.int64)
        axes[varying] = varying[0] + 1 + np.arange(len(varying))
        times = _lattice(laws, numbers, axes, cost, POINTS)
        return float(np.percentile(times, level, method="inverted_cdf"))
    request, noise, answer = (
        value_of(laws, law, _drawable(level / 100)) if k in varying else float(laws.value[law])
        for k, law in enumerate(numbers)
    )
    return request + cost * noise + answer


@jit()
def _drawable(u: float) -> float:
    """Return a number next to `u` that a draw can be: neither 0 nor 1, nor the middle, which is in no cell."""
    u = min(max(u, 2.0**-53), 1.0 - 2.0**-53)
    return 0.5 - 2.0**-54 if u == 0.5 else u


@jit()
def _lattice(
    laws: LawTables, numbers: tuple[int, int, int], axes: NDArray[np.int64], cost: float, points: int
) -> NDArray[np.float64]:
    """Return the times of a call at so many points of the lattice; `axes`, shape (3,), is the axis of each law."""
    out = np.empty(points)
    value = np.empty(3)
    for i in range(points):
        for k in range(3):
            law = numbers[k]
            u = (0.5 + (i + 1) / _ROOT ** axes[k]) % 1.0
            value[k] = laws.value[law] if laws.kind[law] == CONSTANT else value_of(laws, law, _drawable(u))
        out[i] = value[0] + cost * value[1] + value[2]
    return out
