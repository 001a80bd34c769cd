"""The log of what was shown to whom and what was clicked.

Shapes: R impressions (rows), n impressions of one query.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Impressions"]


@dataclass(frozen=True, eq=False)
class Impressions:
    """One row for each item shown, the rows of a query next to each other.

    Attributes
    ----------
    query, user, item
        Whole numbers from 0, shape (R,); a query belongs to one user.
    click
        Whether the user clicked, shape (R,).

    Raises
    ------
    ValueError
        Where the columns differ in length; the message gives every length.
    """

    query: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    click: NDArray[np.bool_]

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a log have one length; got {lengths}")

    def __len__(self) -> int:
        return len(self.query)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Return the rows where `kept`, shape (R,), is true, in their order."""
        return type(self)(self.query[kept], self.user[kept], self.item[kept], self.click[kept])

    def lists(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield (user, items shown) of each query in the order of the log; the items have shape (n,)."""
        starts = np.flatnonzero(np.diff(self.query, prepend=-1))
        for start, stop in zip(starts, np.append(starts, len(self))[1:], strict=True):
            yield int(self.user[start]), self.item[start:stop]
