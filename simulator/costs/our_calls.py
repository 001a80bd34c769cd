"""Calls of our own rankers over a large catalogue, and what work a call takes.

Shapes: N items of the catalogue.
"""

from typing import TYPE_CHECKING

from simulator.data.features import IntArray

if TYPE_CHECKING:
    from simulator.rankers.base import Ranker

__all__ = ["ListCalls", "SearchCalls"]

SLICED = ("two_tower", "word2vec")
"""Rankers whose candidates are all the documents of a shard, one after the other; the others get lists of ids."""


class ListCalls:
    """What a call of a ranker that scores each candidate is: another user and another place in the catalogue each time.

    Parameters
    ----------
    ranker
        Serves N items.
    ids
        The items in random order, shape (N,), for the rankers that get lists of ids.
    keep
        How many a call keeps.
    """

    def __init__(self, ranker: "Ranker", ids: IntArray, keep: int) -> None:
        self._ranker, self._ids, self._keep = ranker, ids, keep

    def __call__(self, size: int, number: int) -> object:
        """Return the best of `size` candidates in call `number`."""
        first = number * 7919 * 1000 % (self._ids.size - size + 1)
        sliced = self._ranker.name in SLICED
        candidates = slice(first, first + size) if sliced else self._ids[first : first + size]
        return self._ranker.serve(number % len(self._ranker.users), candidates, self._keep)

    def work(self, size: int) -> tuple[float, float]:
        """Return the floating-point operations of a call of `size` candidates, and the bytes it has to read."""
        return _work(self._ranker, size)


class SearchCalls:
    """What a call of a ranker that searches a whole catalogue is; one for each size, made at its first call.

    Parameters
    ----------
    ranker
        Serves any catalogue.
    seed
        Of the catalogues.
    keep
        How many a call keeps.
    """

    def __init__(self, ranker: "Ranker", seed: int, keep: int) -> None:
        self._ranker, self._seed, self._keep = ranker, seed, keep
        self._catalogues: dict[int, Ranker] = {}

    def __call__(self, size: int, number: int) -> object:
        """Return the best of a catalogue of `size` items in call `number`."""
        ranker = self._catalogue(size)
        return ranker.serve(number % len(ranker.users), slice(0, size), self._keep)

    def work(self, size: int) -> tuple[float, float]:
        """Return the floating-point operations of a call, and the bytes it has to read, by the share it looks at."""
        return _work(self._catalogue(size), size)

    def _catalogue(self, size: int) -> "Ranker":
        """Return the ranker of a catalogue of `size` items."""
        if size not in self._catalogues:
            self._catalogues[size] = self._ranker.for_catalogue(size, self._seed)
        return self._catalogues[size]


def _work(ranker: "Ranker", size: int) -> tuple[float, float]:
    """Return operations and bytes of the vectors that a call of `size` candidates looks at."""
    looked_at = size * ranker.share_looked_at
    return looked_at * ranker.flops_per_candidate, looked_at * ranker.bytes_per_candidate
