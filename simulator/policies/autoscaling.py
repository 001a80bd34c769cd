"""How many replicas a stage should have, from how busy its workers were.

Every `interval` the busy worker-seconds since the last look are divided by what one replica offers at the `target`
utilisation; the next whole number, within the bounds, is what the stage should have. What is missing is ordered and
serves after `delay`; what is too much gets no more requests at once, highest numbers first, and ends when it is empty.
A replica costs from the moment it is ordered to the moment it is no longer wanted.
"""

import math

from simulator.kernels import jit

__all__ = ["wanted_replicas"]


@jit()
def wanted_replicas(busy_s: float, offered_s: float, bounds: tuple[int, int]) -> int:
    """Return the replicas that a stage should have.

    Parameters
    ----------
    busy_s
        Worker-seconds of service since the last look.
    offered_s
        Worker-seconds that one replica of every shard offers in that time at the target utilisation.
    bounds
        The fewest and the most.
    """
    fewest, most = bounds
    needed = math.ceil(busy_s / offered_s)
    return min(most, max(fewest, needed))
