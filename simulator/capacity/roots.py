"""Where a noisy-looking but deterministic curve crosses zero, in as few simulations as can be."""

import math
from collections.abc import Callable

__all__ = ["crossing"]


def crossing(excess: Callable[[float], float], span: tuple[float, float], guess: float, precision: float) -> float:
    """Return where `excess` turns positive inside `span`; the low end if at once, the high end if never.

    A bracket that always holds a change of sign, narrowed by false position (as scipy.optimize's bracketing methods
    do, which need the values at both ends: here those would be the dearest simulations of all). Where only one side is
    known the next point lies on the hyperbola that a queue's latency follows towards its pole.

    Parameters
    ----------
    excess
        Over what is allowed if positive, else under it; 1 - allowed / latency makes the hyperbola exact. Evaluated
        inside `span` only; an infinite value counts by its sign.
    span
        Loads: the low end is taken to hold, the high end, the pole, to fail.
    guess
        Where to look first.
    precision
        Width of the last bracket, in the unit of `span`.
    """
    low, high = span
    at_low = at_high = math.nan
    same_side, was_over = 0, False
    at = guess
    while high - low > precision:
        least = min(0.45 * precision * 2**same_side, (high - low) / 2)
        at = min(max(at, low + least), high - least)
        over = excess(at)
        same_side = same_side + 1 if (over > 0) == was_over else 0
        was_over = over > 0
        if was_over:
            high, at_high = at, over
        else:
            low, at_low = at, over
        at = _next(low, high, (at_low, at_high), span[1])
    return min(max(at, low), high)


def _next(low: float, high: float, values: tuple[float, float], pole: float) -> float:
    """Return where the curve through what is known of a bracket's ends crosses zero; the middle if not known."""
    at_low, at_high = values
    if math.isnan(at_low):
        found = pole - (pole - high) / (1 - at_high) if at_high < 1 else math.nan
    elif math.isnan(at_high):
        found = pole - (pole - low) / (1 - at_low)
    else:
        found = low + (high - low) * at_low / (at_low - at_high)
    return found if math.isfinite(found) else (low + high) / 2
