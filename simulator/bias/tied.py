"""Lists by a score that many items share: equals come in a new order for each request.

That is hidden exploration: while most items have no click yet, each request shows others of them.

Shapes: R replications, U users, I items, k places of a list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.parts import in_parts
from simulator.bias.ranking import Asked, Chances
from simulator.draws import key_of, random_bits, uniform_of
from simulator.kernels import jit

__all__ = ["TiedLists", "tied_lists"]

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TiedLists:
    """The items with the highest scores first, equals in an order drawn for each request.

    Attributes
    ----------
    order
        Items by falling score, shape (R, I).
    place
        Where each item is in that order, shape (R, I).
    begin, end
        Where the items of the same score as the one at each place begin and end, shape (R, I).
    """

    order: Ints
    place: Ints
    begin: Ints
    end: Ints

    def fill(self, item: Ints, asked: Asked) -> None:
        """Write a list for each user that asks into `item`, shape (R, U, k)."""
        in_parts(_fill, asked.mine.size, self.order, self.begin, self.end, item, asked)

    def chances(self, item: Ints, asked: Asked) -> Chances:
        """Return how likely items are in their places: 1 over how many share the score, if the place is theirs."""
        chances = Chances(np.empty(item.shape, np.float32), np.empty(item.shape, np.float32))
        in_parts(_chances, asked.mine.size, self.place, self.begin, self.end, item, chances)
        return chances


def tied_lists(score: NDArray[np.floating], alive: NDArray[np.int64]) -> TiedLists:
    """Return the lists by `score`, shape (R, I), of the first `alive` items, shape (R,); the others are never shown."""
    R, items = score.shape
    known = np.where(np.arange(items) < alive[:, None], score, -np.inf)
    order = np.argsort(-known, axis=1, kind="stable").astype(np.int32)
    ranked = np.take_along_axis(known, order, axis=1)
    place, begin, end = (np.empty((R, items), np.int32) for _ in range(3))
    for r in range(R):
        place[r, order[r]] = np.arange(items)
        starts = np.flatnonzero(np.append(True, ranked[r, 1:] != ranked[r, :-1]))
        lengths = np.diff(np.append(starts, items))
        begin[r], end[r] = np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)
    return TiedLists(order, place, begin, end)


@jit(nogil=True)
def _fill(ends: tuple[int, int], order: Ints, begin: Ints, end: Ints, item: Ints, asked: Asked) -> None:
    """Write the lists: each place draws evenly from what is left of its group."""
    _, U, k = item.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not asked.mine[r, u]:
            continue
        key = key_of(asked.streams[r], asked.first + u, 0)
        moved, now_at = np.empty(k, np.int64), np.empty(k, np.int32)  # places that hold another item by now
        for j in range(k):
            drawn = max(j, begin[r, j]) + int(uniform_of(random_bits(key, j)) * (end[r, j] - max(j, begin[r, j])))
            here, there = order[r, j], order[r, drawn]
            for past in range(j):
                if moved[past] == drawn:
                    there = now_at[past]
                if moved[past] == j:
                    here = now_at[past]
            item[r, u, j] = there
            moved[j], now_at[j] = drawn, here  # what stood here goes to where the drawn one stood


@jit(nogil=True)
def _chances(ends: tuple[int, int], place: Ints, begin: Ints, end: Ints, item: Ints, out: Chances) -> None:
    """Write how likely each item is in its place, and in one of the first k, over the orders of its group."""
    _, U, k = item.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        for j in range(k):
            at = place[r, item[r, u, j]]
            first, last = begin[r, at], end[r, at]
            out.here[r, u, j] = 1.0 / (last - first) if first <= j < last else 0.0
            out.anywhere[r, u, j] = max(min(last, k) - first, 0) / (last - first)
