"""What a ranker may look at: columns of the user, of the item, and of the two together.

Shapes: A user columns, B item columns, C pair columns, F = A + B + C, n rows.

A world says which columns of its users and items are to be compared; the comparison is computed here alone, for
the rows that a model is trained on and for those it serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "SYNTHETIC", "TASTES", "Features", "FloatArray", "Gap", "IntArray", "Match"]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]

TASTES = 8
"""D, the tastes that users and items of the synthetic world are described by."""

LEVEL = TASTES
"""The column of the price level, in its users and in its items."""


@dataclass(frozen=True)
class Match:
    """The inner product of `width` columns that users and items share the meaning of, times `scale`.

    Attributes
    ----------
    name
        What the column is called.
    user, item
        The first of the columns, in users and in items.
    """

    name: str
    user: int
    item: int
    width: int
    scale: float

    @property
    def flops(self) -> int:
        """A multiply-add for each column, and a scaling."""
        return 2 * self.width + 1

    def write(self, users: FloatArray, items: FloatArray, out: FloatArray) -> None:
        """Write the column, shape (n,), into `out`."""
        tastes, topics = users[..., self.user : self.user + self.width], items[:, self.item : self.item + self.width]
        # A matrix-vector product is four times as fast as einsum where one user meets many items.
        out[:] = topics @ tastes if users.ndim == 1 else np.einsum("nd,nd->n", topics, tastes)
        out *= self.scale


@dataclass(frozen=True)
class Gap:
    """How far apart a user's and an item's column are, at least 0."""

    name: str
    user: int
    item: int

    @property
    def flops(self) -> int:
        """A difference and its size."""
        return 2

    def write(self, users: FloatArray, items: FloatArray, out: FloatArray) -> None:
        """Write the column, shape (n,), into `out`."""
        np.abs(items[:, self.item] - users[..., self.user], out=out)


@dataclass(frozen=True)
class Features:
    """The names of a world's columns, and which are compared.

    Attributes
    ----------
    user, item
        Names of the A and B columns.
    pairs
        What the C pair columns are computed from.
    """

    user: tuple[str, ...]
    item: tuple[str, ...]
    pairs: tuple[Match | Gap, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The F names of the columns of `rows`, in their order."""
        return (*self.user, *self.item, *(pair.name for pair in self.pairs))

    @property
    def pair_flops(self) -> int:
        """Operations to compare one user and one item."""
        return sum(pair.flops for pair in self.pairs)

    def of_pairs(self, users: FloatArray, items: FloatArray) -> FloatArray:
        """Return how users and items compare, shape (n, C).

        Parameters
        ----------
        users
            One user's columns for all the items, shape (A,), or one row for each item, shape (n, A).
        items
            The items' columns, shape (n, B).
        """
        columns = np.empty((len(self.pairs), len(items)), dtype=items.dtype)  # each pair column contiguous
        for pair, column in zip(self.pairs, columns, strict=True):
            pair.write(users, items, column)
        return columns.T  # (n, C)

    def rows(self, users: FloatArray, items: FloatArray) -> FloatArray:
        """Return the columns of users, items and pairs side by side, shape (n, F); parameters as in `of_pairs`."""
        repeated = np.broadcast_to(users, (len(items), users.shape[-1]))  # (n, A)
        return np.hstack([repeated, items, self.of_pairs(users, items)])  # (n, F)


def _numbered(name: str, count: int) -> Sequence[str]:
    """Return names that tell columns of one kind apart."""
    return [f"{name} {number}" for number in range(count)]


SYNTHETIC = Features(
    user=(*_numbered("taste", TASTES), "budget", "curiosity"),
    item=(*_numbered("topic", TASTES), "price", "freshness", "quality", "fame"),
    pairs=(Match("match", 0, 0, TASTES, TASTES**-0.5), Gap("price gap", LEVEL, LEVEL)),
)
"""The columns of the synthetic world: the first D of users and items speak of the same tastes."""
