"""Which replica of a shard a request goes to, decided at the moment of sending.

A replica that is down, not started yet, or already busy with the same call is barred: the rule chooses among the
others. Round robin then takes the next in turn that is not; random rules draw among those that are left.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import kernel

__all__ = [
    "LEAST_OUTSTANDING",
    "NO_REPLICA",
    "POWER_OF_TWO",
    "RANDOM",
    "ROUND_ROBIN",
    "RULES",
    "STATIC_RULES",
    "choose_replica",
]

RULES = ("random", "round_robin", "least_outstanding", "power_of_two")
RANDOM, ROUND_ROBIN, LEAST_OUTSTANDING, POWER_OF_TWO = range(len(RULES))

STATIC_RULES = (RANDOM, ROUND_ROBIN)
"""Rules that look at no load, so that no request's fate depends on a later one's."""

NO_REPLICA = -1


@kernel()
def choose_replica(
    rule: int,
    turn: int,
    outstanding: NDArray[np.int64],
    barred: NDArray[np.int64],
    luck: float,
    more_luck: float,
) -> int:
    """Return the replica, from 0, that a request goes to; NO_REPLICA where all are barred.

    Parameters
    ----------
    rule
        A place in RULES. Least outstanding takes the lowest number among equals; power of two the less loaded of two
        distinct random replicas, the one drawn first among equals.
    turn
        Requests sent to the shard before this one.
    outstanding
        (R,) requests sent to each replica and not answered; a static rule looks at its length alone.
    barred
        (R,) how many reasons there are not to choose a replica; 0 where it may be chosen.
    luck, more_luck
        Uniform numbers in (0, 1) of this request.
    """
    R = outstanding.size
    left = 0
    for r in range(R):
        left += 1 if barred[r] == 0 else 0
    if left == 0:
        return NO_REPLICA
    if rule == ROUND_ROBIN:
        r = turn % R
        while barred[r] != 0:
            r = r + 1 if r + 1 < R else 0
        return r
    if rule == LEAST_OUTSTANDING:
        best = NO_REPLICA
        for r in range(R):
            if barred[r] == 0 and (best == NO_REPLICA or outstanding[r] < outstanding[best]):
                best = r
        return best
    place = int(luck * left)
    first = _among(barred, place)
    if rule == RANDOM or left == 1:
        return first
    other = int(more_luck * (left - 1))
    second = _among(barred, other + 1 if other >= place else other)
    return second if outstanding[second] < outstanding[first] else first


@kernel(inline="always")
def _among(barred: NDArray[np.int64], place: int) -> int:
    """Return the replica that is number `place`, from 0, of those not barred."""
    r = 0
    while barred[r] != 0 or place > 0:
        place -= 1 if barred[r] == 0 else 0
        r += 1
    return r
