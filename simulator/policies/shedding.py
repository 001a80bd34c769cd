"""Who is turned away: a request by a replica whose queue is full, a query by the door of a system that is full.

A queue's limit counts those who wait, not those in service. A refused request says so to its broker, over the network
like any answer. A query refused at the door ends at once. A hit of the door's cache is no query in flight.
"""

from simulator.kernels import jit

__all__ = ["NO_LIMIT", "has_room"]

NO_LIMIT = (1 << 62) - 1


@jit(inline="always")
def has_room(there: int, limit: int) -> bool:
    """Return whether one more may come to the `there` who wait, or are in flight, at a `limit` of them."""
    return there < limit
