"""Calls of a user's own ranker, made ready outside of what is timed.

Shapes: n candidates, A user columns, B item columns.
"""

from collections.abc import Sized

import numpy as np

from simulator.data.world import World
from simulator.rankers.own import OwnRanker
from simulator.rankers.top_k import top_k

__all__ = ["OwnCalls"]


class OwnCalls:
    """What a call of the ranker is: score the candidates that are ready, check the scores, select the best."""

    def __init__(self, ranker: OwnRanker, world: World, keep: int) -> None:
        self._ranker, self._keep = ranker, keep
        self._users = world.user_features.astype(np.float32)  # (U, A)
        self._items = world.item_features.astype(np.float32)  # (N, B)
        self._ready: tuple[object, Sized] = None, ()

    def prepare(self, size: int, number: int) -> None:
        """Make ready the query and candidates of call `number`: the ranker's own, else rows of a synthetic world.

        The rows are a user's columns, shape (A,), and items' columns, shape (n, B), in single precision.
        """
        if self._ranker.brings_examples:
            self._ready = self._ranker.example(size, number)
        else:
            drawn = np.random.default_rng(number).integers(len(self._items), size=size)
            self._ready = self._users[number % len(self._users)], self._items[drawn]

    def __call__(self, size: int, number: int) -> object:
        """Return the places of the best of the `size` candidates that are ready."""
        query, candidates = self._ready
        return top_k(self._ranker.score(query, candidates, f"query {number} of {size:,} candidates"), self._keep)
