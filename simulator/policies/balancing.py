"""Which replica of a shard a request goes to, decided at the moment of sending."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LEAST_OUTSTANDING", "POWER_OF_TWO", "RANDOM", "ROUND_ROBIN", "RULES", "STATIC_RULES", "choose_replica"]

RULES = ("random", "round_robin", "least_outstanding", "power_of_two")
RANDOM, ROUND_ROBIN, LEAST_OUTSTANDING, POWER_OF_TWO = range(len(RULES))

STATIC_RULES = (RANDOM, ROUND_ROBIN)
"""Rules that look at no load, so that no request's fate depends on a later one's."""


@njit(cache=True)
def choose_replica(rule: int, turn: int, outstanding: NDArray[np.int64], luck: float, more_luck: float) -> int:
    """Return the replica, from 0, that a request goes to.

    Parameters
    ----------
    rule
        A place in RULES. Least outstanding takes the lowest number among equals; power of two the less loaded of two
        distinct random replicas, the one drawn first among equals.
    turn
        Requests sent to the shard before this one.
    outstanding
        (R,) requests sent to each replica and not answered; a static rule looks at its length alone.
    luck, more_luck
        Uniform numbers in (0, 1) of this request.
    """
    R = outstanding.size
    if rule == ROUND_ROBIN:
        return turn % R
    if rule == LEAST_OUTSTANDING:
        return np.int64(np.argmin(outstanding))
    first = np.int64(luck * R)
    if rule == RANDOM or R == 1:
        return first
    second = np.int64(more_luck * (R - 1))
    if second >= first:
        second += 1
    return second if outstanding[second] < outstanding[first] else first
