"""What a ranker may look at: columns of the user, of the item, and of the two together.

Shapes: A user columns, B item columns, C pair columns, D tastes, n rows.

The columns of users and items are aligned: the first D of both speak of the same tastes, and column D is what
the user likes to pay and what the item costs. The pair columns compare the two.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "PAIR_COLUMNS", "PAIR_FLOPS", "TASTES", "FloatArray", "IntArray", "pair_features"]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]

TASTES = 8
"""D, the tastes that users and items are described by."""

LEVEL = TASTES
"""The column of the price level, in users and in items."""

PAIR_COLUMNS = 2
"""C, the match and the gap."""

PAIR_FLOPS = 2 * TASTES + 3
"""Operations a pair: D multiply-adds and a scaling for the match, a difference and its size for the gap."""


def pair_features(users: FloatArray, items: FloatArray) -> FloatArray:
    """Return how well users and items fit, shape (n, C): the match of tastes and the gap in price.

    Parameters
    ----------
    users
        One user's columns for all the items, shape (A,), or one row for each item, shape (n, A).
    items
        The items' columns, shape (n, B).
    """
    tastes, topics = users[..., :TASTES], items[:, :TASTES]
    pairs = np.empty((PAIR_COLUMNS, len(items)), dtype=items.dtype).T  # (n, C), each column contiguous
    # A matrix-vector product is four times as fast as einsum where one user meets many items.
    pairs[:, 0] = topics @ tastes if users.ndim == 1 else np.einsum("nd,nd->n", topics, tastes)
    pairs[:, 0] *= TASTES**-0.5
    np.abs(items[:, LEVEL] - users[..., LEVEL], out=pairs[:, 1])
    return pairs
