"""The rows that one step logs: what was shown to whom in which place, how likely that was, and whether it was clicked.

Shapes: R replications, U users, k places of a list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Impressions", "blank"]


@dataclass(frozen=True, eq=False)
class Impressions:
    """One list for each user of each replication.

    Attributes
    ----------
    item
        What is shown, shape (R, U, k).
    propensity
        The probability that this item is shown in this place to this user, shape (R, U, k).
    random
        Whether the item was drawn evenly from all, shape (R, U, k).
    click
        Whether it was clicked, shape (R, U, k).
    """

    item: NDArray[np.int32]
    propensity: NDArray[np.float32]
    random: NDArray[np.bool_]
    click: NDArray[np.bool_]


def blank(replications: int, users: int, slots: int) -> Impressions:
    """Return rows to be filled in."""
    shape = (replications, users, slots)
    return Impressions(
        np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    )
