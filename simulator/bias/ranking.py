"""What every way of making lists offers: to fill them in, and to say how likely any item was in any place.

Shapes: R replications, U users, k places of a list.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import jit

__all__ = ["Asked", "Chances", "Ranking", "holds", "keep"]


class Asked(NamedTuple):
    """The requests of one step.

    Attributes
    ----------
    streams
        Of the draws that make lists, one a replication, shape (R,).
    first
        The number of the step's first request: requests are numbered through steps and users.
    mine
        Which users ask this ranking, shape (R, U).
    """

    streams: NDArray[np.uint64]
    first: int
    mine: NDArray[np.bool_]


class Chances(NamedTuple):
    """How likely items are shown: in this place of the list, and anywhere in it; shapes (R, U, k)."""

    here: NDArray[np.float32]
    anywhere: NDArray[np.float32]


class Ranking(Protocol):
    """A way to make a list for each request, without exploration."""

    def fill(self, item: NDArray[np.int32], asked: Asked) -> None:
        """Write a list for each user that asks into `item`, shape (R, U, k)."""

    def chances(self, item: NDArray[np.int32], asked: Asked) -> Chances:
        """Return how likely this ranking shows the items of `item`, shape (R, U, k), to the users that ask."""


@jit(inline="always")
def keep(best: NDArray[np.float32], items: NDArray[np.int32], score: np.float32, item: int) -> None:
    """Put `item` among the `items` of the `best` scores so far, both falling and as long; behind equals."""
    place = len(best) - 1
    if score <= best[place]:
        return
    while place > 0 and best[place - 1] < score:
        best[place], items[place] = best[place - 1], items[place - 1]
        place -= 1
    best[place], items[place] = score, item


@jit(inline="always")
def holds(items: NDArray[np.int32], count: int, item: int) -> bool:
    """Return whether `item` is among the first `count` of `items`."""
    for place in range(count):  # noqa: SIM110  Numba compiles no generators
        if items[place] == item:
            return True
    return False
