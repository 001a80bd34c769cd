"""Where a noisy-looking but deterministic curve crosses zero, in as few simulations as can be."""

import math
from collections.abc import Callable

__all__ = ["crossing"]


def crossing(excess: Callable[[float], float], at: tuple[float, float, float], precision: float) -> float:
    """Return the load at which `excess` turns positive; 0 if at once, `highest` if not up to there.

    A bracket that always holds a change of sign, narrowed by false position (as scipy.optimize's bracketing methods
    do, which need the values at both ends: here those would be the dearest simulations of all). Where only one side is
    known the next point lies on the hyperbola that a queue's latency follows towards its pole.

    Parameters
    ----------
    excess
        Over what is allowed if positive, else under it; 1 - allowed / latency makes the hyperbola exact. Evaluated at
        loads above 0 and up to `highest`; an infinite value counts by its sign.
    at
        (guess, highest, pole): where to look first, the largest load to look at, and the load at which latency has no
        bound, at or beyond it.
    precision
        Width of the last bracket, in the unit of loads.
    """
    here, highest, pole = at
    low, high = 0.0, pole
    at_low = at_high = math.nan
    same_side, was_over = 0, False
    while high - low > precision:
        least = min(0.45 * precision * 2**same_side, (high - low) / 2)
        here = min(max(here, low + least), high - least)
        if high > highest and here > highest - precision:
            here = highest
        over = excess(here)
        if here == highest and over <= 0:
            return highest
        same_side = same_side + 1 if (over > 0) == was_over else 0
        was_over = over > 0
        if was_over:
            high, at_high = here, over
        else:
            low, at_low = here, over
        here = _next(low, high, (at_low, at_high), pole)
    return min(max(here, low), high)


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
