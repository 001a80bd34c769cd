"""Lists that show each item in proportion to its weight, with probabilities that are known exactly.

A list is a systematic sample: along a line on which each item takes up its inclusion probability, points one apart
from a random start. Items lie along the line in an order that is drawn anew in each step, and a list's places are
shuffled, so an item is in each place with its inclusion probability over k.

Source: Madow, "On the theory of systematic sampling, II", Annals of Mathematical Statistics 20, 1949.

Shapes: R replications, U users, I items, k places of a list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.parts import in_parts
from simulator.bias.ranking import Asked, Chances
from simulator.draws import key_of, random_bits, uniform_of
from simulator.kernels import jit

__all__ = ["ProportionalLists", "inclusion", "proportional_lists"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ProportionalLists:
    """A systematic sample of k items a request.

    Attributes
    ----------
    included
        The probability that an item is in a list, shape (R, I); sums to k.
    order
        Items along the line, shape (R, I).
    reach
        Where along the line each of them ends, shape (R, I).
    """

    included: Floats
    order: Ints
    reach: Floats

    def fill(self, item: Ints, asked: Asked) -> None:
        """Write a list for each user that asks into `item`, shape (R, U, k)."""
        in_parts(_fill, asked.mine.size, self.order, self.reach, item, asked)

    def chances(self, item: Ints, asked: Asked) -> Chances:
        """Return how likely items are in their places: their inclusion probability over k."""
        del asked
        R, _, k = item.shape
        included = self.included[np.arange(R)[:, None, None], item]  # (R, U, k)
        return Chances((included / k).astype(np.float32), included.astype(np.float32))


def proportional_lists(weight: Floats, slots: int, luck: Floats) -> ProportionalLists:
    """Return the lists by `weight` >= 0, shape (R, I), of which at least `slots` are above 0 in each replication.

    Parameters
    ----------
    luck
        A number in (0, 1) for each item, shape (R, I); their order is that along the line.
    """
    included = inclusion(weight, slots)
    order = np.argsort(luck, axis=1).astype(np.int32)
    reach = np.cumsum(np.take_along_axis(included, order, axis=1), axis=1)
    reach *= slots / reach[:, -1:]
    return ProportionalLists(included, order, reach)


def inclusion(weight: Floats, slots: int) -> Floats:
    """Return probabilities in proportion to `weight`, shape (R, I), none above 1, whose sum is `slots` in each row."""
    sure = np.zeros(weight.shape, dtype=bool)
    while True:
        rest = np.where(sure, 0.0, weight)
        share = (slots - sure.sum(axis=1, keepdims=True)) * rest / np.maximum(rest.sum(axis=1, keepdims=True), 1e-300)
        beyond = share >= 1.0
        if not (beyond & ~sure).any():
            return np.asarray(np.where(sure, 1.0, share))
        sure |= beyond


@jit(nogil=True)
def _fill(ends: tuple[int, int], order: Ints, reach: Floats, item: Ints, asked: Asked) -> None:
    """Write the lists: the items under k points one apart, shuffled."""
    _, U, k = item.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not asked.mine[r, u]:
            continue
        key = key_of(asked.streams[r], asked.first + u, 0)
        start = uniform_of(random_bits(key, 0))
        shown = item[r, u]
        for j in range(k):
            at = min(np.searchsorted(reach[r], start + j, side="right"), reach.shape[1] - 1)
            other = int(uniform_of(random_bits(key, j + 1)) * (j + 1))  # an inside-out shuffle
            shown[j] = shown[other]
            shown[other] = order[r, at]
