"""Lists that are known before anybody asks: one for all, one for each user, or several of which each request gets one.

Shapes: R replications, U users, I items, M lists, k places of a list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.parts import in_parts
from simulator.bias.ranking import Asked, Chances, holds
from simulator.draws import key_of, random_bits, uniform_of
from simulator.kernels import jit

__all__ = ["KnownLists", "NewItems", "no_new_items"]

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
FLOATS = np.float32


@dataclass(frozen=True, eq=False)
class NewItems:
    """The items that places are kept for.

    Attributes
    ----------
    slots
        B, how many places, the last of a list; 0 for none.
    is_new
        Whether an item is new, shape (R, I).
    items, count
        The new items of each replication, shape (R, I), of which the first `count`, shape (R,), hold.
    """

    slots: int
    is_new: Bools
    items: Ints
    count: NDArray[np.int64]


def no_new_items(replications: int) -> NewItems:
    """Return that no places are kept."""
    return NewItems(
        0,
        np.zeros((replications, 1), np.bool_),
        np.zeros((replications, 1), np.int32),
        np.zeros(replications, np.int64),
    )


@dataclass(frozen=True, eq=False)
class KnownLists:
    """A ranking that shows one of M lists, by even chance, or to each user its own.

    A new item takes a kept place by even chance among the new items that the places above do not show; where there are
    fewer of them than kept places, the list stays as it is.

    Attributes
    ----------
    lists
        Items, the best first, shape (R, M, k), each at most once in a list.
    own
        Whether M is U and list u is that of user u.
    new
        The items that places are kept for.
    """

    lists: Ints
    own: bool
    new: NewItems

    def fill(self, item: Ints, asked: Asked) -> None:
        """Write a list for each user that asks into `item`, shape (R, U, k)."""
        new = self.new
        offered = new.slots, new.is_new, new.items, new.count
        in_parts(_fill, asked.mine.size, (self.lists, self.own), offered, item, asked)

    def chances(self, item: Ints, asked: Asked) -> Chances:
        """Return how likely this ranking shows the items of `item`, shape (R, U, k), in their places and at all."""
        at, among = np.zeros(item.shape, FLOATS), np.zeros(item.shape, FLOATS)
        new = self.new
        offered = new.slots, new.is_new, new.count
        in_parts(_chances, asked.mine.size, (self.lists, self.own), offered, item, asked.mine, (at, among))
        return Chances(at, among)


@jit(inline="always")
def _free(items: Ints, tops: int, is_new: Bools, count: int) -> int:
    """Return how many of `count` new items the first `tops` places of a list do not show."""
    free = count
    for place in range(tops):
        if is_new[items[place]]:
            free -= 1
    return free


@jit(nogil=True)
def _fill(
    ends: tuple[int, int],
    known: tuple[Ints, bool],
    new: tuple[int, Bools, Ints, NDArray[np.int64]],
    item: Ints,
    asked: Asked,
) -> None:
    """Write the lists of users that ask; one draw chooses among the M, further ones among the new items."""
    lists, own = known
    slots, is_new, new_items, new_count = new
    _, U, k = item.shape
    M = lists.shape[1]
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not asked.mine[r, u]:
            continue
        key = key_of(asked.streams[r], asked.first + u, 0)
        m = u if own else int(uniform_of(random_bits(key, 0)) * M)
        shown = item[r, u]
        for j in range(k):
            shown[j] = lists[r, m, j]
        if slots == 0 or _free(shown, k - slots, is_new[r], new_count[r]) < slots:
            continue
        counter = 0
        for place in range(k - slots, k):
            while True:
                counter += 1
                drawn = new_items[r, int(uniform_of(random_bits(key, counter)) * new_count[r])]
                if not holds(shown, place, drawn):
                    break
            shown[place] = drawn


@jit(inline="always")
def _of_list(base: Ints, new: tuple[int, Bools, int], shown: int, place: int) -> tuple[float, float]:
    """Return how likely an item is in a place, and anywhere, of a list whose last places are kept for new items."""
    slots, is_new, count = new
    tops, free = len(base), 0
    if slots > 0:
        free = _free(base, len(base) - slots, is_new, count)
        if free >= slots:
            tops = len(base) - slots
    if place < tops and base[place] == shown:
        return 1.0, 1.0
    if holds(base, tops, shown):
        return 0.0, 1.0
    if tops < len(base) and is_new[shown]:
        return (1.0 / free if place >= tops else 0.0), slots / free
    return 0.0, 0.0


@jit(nogil=True)
def _chances(
    ends: tuple[int, int],
    known: tuple[Ints, bool],
    new: tuple[int, Bools, NDArray[np.int64]],
    item: Ints,
    mine: Bools,
    out: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Write how likely each item of `item` is in its place, and at all, over the lists that the user may be given."""
    lists, own = known
    slots, is_new, new_count = new
    at, among = out
    _, U, k = item.shape
    M = lists.shape[1]
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not mine[r, u]:
            continue
        begin, end = (u, u + 1) if own else (0, M)
        for j in range(k):
            shown = item[r, u, j]
            here = anywhere = 0.0
            for m in range(begin, end):
                chances = _of_list(lists[r, m], (slots, is_new[r], new_count[r]), shown, j)
                here += chances[0]
                anywhere += chances[1]
            at[r, u, j] = here / (end - begin)
            among[r, u, j] = anywhere / (end - begin)
