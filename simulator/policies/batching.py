"""When a free worker takes the requests that wait, and how many.

A worker takes `size` requests as soon as so many wait, or what is there when the one at the head of the queue has
waited for `wait`. A batch costs what one call with all its candidates would, with the noise of the first of them; it is
one service: all its requests begin together and are answered together, and each bears an equal share of the work.
"""

from simulator.kernels import jit

__all__ = ["batch_now"]


@jit(inline="always")
def batch_now(waiting: int, size: int, due: float, now: float) -> int:
    """Return how many requests a free worker takes now, 0 if it goes on waiting.

    Parameters
    ----------
    waiting
        Requests in the queue.
    due
        When the one at its head will have waited long enough.
    """
    if waiting >= size:
        return size
    return waiting if waiting > 0 and now >= due else 0
