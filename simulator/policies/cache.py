"""Which queries a cache at the door answers: each with the same probability, whatever came before.

A hit is answered after the cache's latency and does nothing else; a miss goes on at once, as if there were no cache.
"""

from simulator.kernels import jit

__all__ = ["is_hit"]


@jit(inline="always")
def is_hit(hit_rate: float, luck: float) -> bool:
    """Return whether a query is answered by the cache; `luck` uniform in (0, 1)."""
    return luck < hit_rate
