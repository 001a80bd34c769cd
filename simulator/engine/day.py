"""The day's clock: a rate that follows a sinusoid of 24 hours, and times found by inverting its integral exactly.

The rate at time t, over the mean rate, is 1 + a cos(w (t - p)) with a the swing, p the peak and w = 2 pi / 24 h, so
t + (2 a / w) sin(w t / 2) cos(w (t / 2 - p)) mean seconds have passed by t. A point of a Poisson process of mean rate 1
at x becomes one of the day's at the time by which x have passed (Cinlar, Introduction to Stochastic Processes, 4.7).
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import jit

__all__ = ["DAY_S", "day_times", "peak_rate"]

DAY_S = 86400.0
_W = 2 * math.pi / DAY_S
_MOST_STEPS = 200
_ULP = 2.0**-52


@jit(inline="always")
def _passed(t: float, swing: float, peak_s: float) -> float:
    """Return the mean seconds that have passed by time t of a day."""
    return t + 2 * swing / _W * math.sin(_W * t / 2) * math.cos(_W * (t / 2 - peak_s))


@jit(inline="always")
def _rate(t: float, swing: float, peak_s: float) -> float:
    """Return the rate at time t of a day, over the mean rate."""
    return 1 + swing * math.cos(_W * (t - peak_s))


def peak_rate(lasts_s: float, swing: float, peak_s: float) -> float:
    """Return the highest rate, over the mean rate, in the first `lasts_s` seconds from midnight."""
    if lasts_s >= peak_s:
        return 1 + swing
    return float(max(_rate(0.0, swing, peak_s), _rate(lasts_s, swing, peak_s)))


@jit(nogil=True)
def day_times(
    passed: NDArray[np.float64], swing: float, peak_s: float, state: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the times by which each of `passed` mean seconds have passed, in seconds from midnight, shape (n,).

    The inverse of the rate's integral, by Newton's steps inside a bracket that halves where they would leave it, until
    only the last bit of the time, or of what has passed by it, could still change.

    Parameters
    ----------
    passed
        Never decreasing, from 0 on.
    swing, peak_s
        From 0 to 1, and the seconds from midnight to the peak.
    state
        The last of `passed` and its time, both 0 at first, shape (2,): later calls go on from there, and give the same
        bits however the points are divided over calls.
    """
    out = np.empty_like(passed)
    for i in range(passed.size):
        day = math.floor(passed[i] / DAY_S)
        x = passed[i] - day * DAY_S
        low, high = 0.0, DAY_S
        before = state[1] - day * DAY_S
        rate = _rate(before, swing, peak_s)
        t = before + (passed[i] - state[0]) / rate if rate > 0 else x
        if not low <= t <= high:
            t = x
        for _ in range(_MOST_STEPS):
            over = _passed(t, swing, peak_s) - x
            if abs(over) <= _ULP * x:
                break
            if over > 0:
                high = t
            else:
                low = t
            rate = _rate(t, swing, peak_s)
            step = t - over / rate if rate > 0 else math.inf
            if step == t:
                break
            t = step if low < step < high else (low + high) / 2
        state[0], state[1] = passed[i], max(day * DAY_S + t, state[1])
        out[i] = state[1]
    return out
