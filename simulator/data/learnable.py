"""What any world offers to the rankers that learn from it, whatever its rows are made of.

Shapes: U users, I items, A and B columns of their rows.
"""

from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from simulator.data.features import Features, FloatArray, IntArray
from simulator.data.splits import Splits

__all__ = ["Judged", "Learnable", "Truthful"]


class Learnable(Protocol):
    """Rows of users and of items, and a log of their meetings.

    Attributes
    ----------
    kind
        What the rows are made of: "columns" of real numbers, or "text", whole numbers that name words.
    user_features, item_features
        A row for each user, shape (U, A), and for each item, shape (I, B).
    splits
        The log, in parts that share no user.
    features
        What the columns are called, and which of them are compared; of words there are none.
    """

    kind: ClassVar[str]

    @property
    def user_features(self) -> NDArray[Any]:
        """A row for each user, shape (U, A)."""

    @property
    def item_features(self) -> NDArray[Any]:
        """A row for each item, shape (I, B)."""

    @property
    def splits(self) -> Splits:
        """The log, in parts that share no user."""

    @property
    def features(self) -> Features:
        """What the columns are called, and which of them are compared."""


class Truthful(Protocol):
    """What decides on clicks."""

    def click_probability(self, users: int | IntArray, items: IntArray) -> FloatArray:
        """Return the probability that users click on items they are shown, shape (n,)."""


class Judged(Learnable, Protocol):
    """A world whose truth is known, so that an order of items can be judged by it."""

    @property
    def truth(self) -> Truthful:
        """What decides on clicks."""
