"""What every ranker offers: to be trained, to score, to serve as a shard does, and to say what that takes.

Shapes: N items of the catalogue, n candidates of a call, k kept, U users, A user columns, W columns a ranker
keeps of each item.

A ranker is trained in double precision and serves in single precision.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self, final

import numpy as np

from simulator.data.features import SYNTHETIC, Features, FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable
from simulator.data.randomness import generator
from simulator.errors import InputError
from simulator.rankers.top_k import top_k

__all__ = ["FloatArray", "IntArray", "Parameters", "Ranker"]

Parameters = Mapping[str, FloatArray]

JITTER = 0.05
"""Noise on resampled items, as a share of each column's standard deviation."""

BYTES_PER_NUMBER = 4


@dataclass(frozen=True, eq=False)
class Ranker(ABC):
    """A trained model with the catalogue it serves.

    Attributes
    ----------
    parameters
        What training found, by name, in single precision.
    users
        The columns of each user, shape (U, A).
    items
        What the model keeps of each item to serve it, shape (N, W), contiguous.
    features
        Which columns of users and items are compared, as in the world it was trained on; the synthetic one if not said.
    """

    name: ClassVar[str]
    learns_from: ClassVar[str] = "columns"
    """The kind of world that the ranker is trained on."""
    exact: ClassVar[bool] = True
    """Whether a call returns the very best; if not, one for a whole catalogue may miss some of them."""

    parameters: Parameters
    users: FloatArray
    items: FloatArray
    features: Features = SYNTHETIC

    @classmethod
    @final
    def fit(cls, world: Learnable, seed: int) -> Self:
        """Return the model trained on the training impressions of `world`, serving the items of `world`.

        Equal worlds and seeds give equal models: training keeps to one thread, as sums by several round differently
        from run to run. Two threads on a busy machine wait for each other besides, up to ten times as long.

        Raises
        ------
        InputError
            Where the world is of another kind, or the training impressions are none or hold one class only.
        """
        from threadpoolctl import threadpool_limits  # only where something is trained

        cls._check(world)
        with threadpool_limits(1):
            return cls._serving(cls._train(world, generator(seed, f"train {cls.name}")), world)

    @classmethod
    @final
    def _check(cls, world: Learnable) -> None:
        """Raise InputError where the model cannot learn from `world`."""
        if world.kind != cls.learns_from:
            raise InputError(f"{cls.name} learns from a world of {cls.learns_from}; got one of {world.kind}")
        _check_learnable(world.splits.train, cls.name)

    @classmethod
    @final
    def _serving(cls, parameters: Parameters, world: Learnable) -> Self:
        """Return the model of `parameters`, in double precision, that serves the items of `world`."""
        items = cls._item_rows(parameters, world.item_features)
        single = {name: _single(block) for name, block in parameters.items()}
        return cls(single, _single(world.user_features), _single(items), world.features)

    @final
    def score(self, user: int, items: IntArray | slice) -> FloatArray:
        """Return the score of each candidate for `user`, shape (n,), single precision; higher is better.

        Scores order the candidates of one user; they are no probabilities.

        Parameters
        ----------
        user
            A row of `users`.
        items
            The candidates, shape (n,), n >= 1; or a slice of the catalogue, which is read without a copy.

        Raises
        ------
        ValueError
            Where the user or a candidate is not known, there is no candidate, or a score is not finite.
        """
        columns = self._columns_of(user)
        rows = _rows(self.items, items)
        scores = self._scores(columns, rows)
        if scores.shape != (len(rows),):
            raise ValueError(f"{self.name} gave scores of shape {scores.shape} for {len(rows)} candidates")
        if not np.isfinite(scores).all():
            bad = int(np.count_nonzero(~np.isfinite(scores)))
            raise ValueError(f"{self.name} gave {bad} of {len(scores)} scores that are not finite, for user {user}")
        return scores

    @final
    def serve(self, user: int, items: IntArray | slice, keep: int) -> IntArray:
        """Return the best candidates, shape (min(keep, n),), in descending score: one call of a shard.

        Candidates of equal score stay in the order they were given in. A ranker that is not `exact` may miss some of
        the best of its whole catalogue.

        Raises
        ------
        ValueError
            As `score` does, and where `keep` is below 1.
        """
        if keep < 1:
            raise ValueError(f"a call keeps at least 1 candidate; got keep = {keep}")
        return self._best_of(user, items, keep)

    @final
    @property
    def parameter_count(self) -> int:
        """The numbers that training found."""
        return sum(block.size for block in self.parameters.values())

    @property
    @abstractmethod
    def flops_per_candidate(self) -> int:
        """The floating-point operations to score one more candidate, a multiply-add counting as two."""

    @property
    def bytes_per_candidate(self) -> int:
        """The bytes that a call reads to score one more candidate at least: the row that is kept of it."""
        width: int = self.items.shape[1]
        return BYTES_PER_NUMBER * width

    @property
    def share_looked_at(self) -> float:
        """The vectors that a call for the whole catalogue scores, as a share of its items."""
        return 1.0

    @final
    def memory_bytes(self, items: int) -> int:
        """Return what serving `items` items holds in memory: the parameters, a row for each item, and any index."""
        if items < 1:
            raise ValueError(f"a catalogue has at least 1 item; got {items}")
        width: int = self.items.shape[1]
        return BYTES_PER_NUMBER * (self.parameter_count + items * width) + self._index_bytes(items)

    @final
    def for_catalogue(self, items: int, seed: int) -> Self:
        """Return the same model serving `items` items that resemble its own.

        Each is drawn with replacement from the items of this ranker and varied a little, so that a call reads as
        much memory as in a catalogue of that size.
        """
        if items < 1:
            raise ValueError(f"a catalogue has at least 1 item; got {items}")
        rng = generator(seed, "catalogue")
        rows = self.items[rng.integers(len(self.items), size=items)]  # (items, W)
        self._vary(rows, rng)
        return replace(self, items=rows)

    def _vary(self, rows: FloatArray, rng: np.random.Generator) -> None:
        """Change rows drawn from `items`, shape (n, W), in place, so that no two are alike: a little noise."""
        noise = rng.standard_normal(rows.shape, dtype=np.float32)
        noise *= JITTER * self.items.std(axis=0)
        rows += noise

    @final
    def _columns_of(self, user: int) -> FloatArray:
        """Return the user's columns, shape (A,); raises ValueError where there is no such user."""
        if not 0 <= user < len(self.users):
            raise ValueError(f"users are 0 to {len(self.users) - 1}; got {user}")
        columns: FloatArray = self.users[user]
        return columns

    def _best_of(self, user: int, items: IntArray | slice, keep: int) -> IntArray:
        """Return what `serve` does, for `keep` of at least 1."""
        best = top_k(self.score(user, items), keep)
        return best + items.indices(len(self.items))[0] if isinstance(items, slice) else items[best]

    def _index_bytes(self, items: int) -> int:
        """Return the bytes of what is held besides parameters and rows to serve `items` items."""
        del items
        return 0

    @classmethod
    @abstractmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        """Return the parameters, in double precision, learnt from the training and validation impressions."""

    @classmethod
    @abstractmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        """Return what serving keeps of each item, shape (N, W)."""

    @abstractmethod
    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        """Return the scores, shape (n,), of item rows, shape (n, W), for a user's columns, shape (A,)."""


def _single(array: FloatArray) -> FloatArray:
    """Return a contiguous copy in single precision."""
    return np.array(array, dtype=np.float32, order="C")


def _check_learnable(log: Impressions, name: str) -> None:
    """Refuse a log from which clicks cannot be told from the rest."""
    clicks = int(np.count_nonzero(log.click))
    if not len(log):
        raise InputError(f"{name} cannot be trained: there are no training impressions")
    if clicks in {0, len(log)}:
        raise InputError(
            f"{name} cannot be trained: {clicks} of {len(log)} training impressions were clicked; "
            "it takes clicked ones and others"
        )


def _rows(catalogue: FloatArray, items: IntArray | slice) -> FloatArray:
    """Return the candidates' rows, shape (n, W): a view of a slice, a copy of what a list names."""
    if isinstance(items, slice):
        start, stop, step = items.indices(len(catalogue))
        if step != 1 or stop <= start:
            raise ValueError(f"a slice is contiguous and not empty; got {items} of {len(catalogue)} items")
        return catalogue[items]
    if items.ndim != 1 or not items.size:
        raise ValueError(f"candidates are a list of at least 1 item; got shape {items.shape}")
    if items.min() < 0 or items.max() >= len(catalogue):
        raise ValueError(f"items are 0 to {len(catalogue) - 1}; got {items.min()} to {items.max()}")
    return np.take(catalogue, items, axis=0)  # twice as fast as catalogue[items]
