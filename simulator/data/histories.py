"""What a log tells of items and of users up to a moment, as columns: nothing of it looks ahead.

Shapes: R rows, I items, Q queries, E embedding width, G genres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.data.features import FloatArray, IntArray

__all__ = ["Past", "Queries", "co_liked_embeddings", "item_statistics", "queries_of"]

ROWS_OF_A_QUERY = 20
RECENT = 5
PRIOR = 5.0
"""Interactions that a mean is begun with, so that few of them say little."""

WINDOWS = (1.0, 0.2, 0.05)
"""The last shares of a log in which an item is counted: its fame, and whether it grows."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Rows of a log in groups: up to 20 in a row by one person, all in one part.

    Attributes
    ----------
    of_row
        The query of each row, shape (R,).
    person, part
        Whose query it is, and in which part its rows are, shape (Q,).
    first
        The first row of each query, shape (Q,); what came before is known when it comes.
    """

    of_row: IntArray
    person: IntArray
    part: IntArray
    first: IntArray

    def __len__(self) -> int:
        return len(self.person)


def queries_of(user: IntArray, part: IntArray) -> Queries:
    """Return the queries of rows by `user` in `part`, both of shape (R,), in the order of the log."""
    of_row = np.empty(len(user), dtype=np.int64)
    open_query: dict[int, tuple[int, int]] = {}  # by person: the query, and how many rows it has
    first: list[int] = []
    for row, person in enumerate(user.tolist()):
        query, rows = open_query.get(person, (-1, ROWS_OF_A_QUERY))
        if rows == ROWS_OF_A_QUERY or part[first[query]] != part[row]:
            query, rows = len(first), 0
            first.append(row)
        of_row[row] = query
        open_query[person] = query, rows + 1
    firsts = np.array(first, dtype=np.int64)
    return Queries(of_row, user[firsts], part[firsts], firsts)


def item_statistics(item: IntArray, rating: FloatArray, liked_from: float, items: int) -> FloatArray:
    """Return counts and ratings of each item in rows in the order of time, shape (I, 5).

    Three columns are the log share of all rows, of the last fifth and of the last twentieth; the fourth is the
    log share of the rows that liked the item; the last is the mean rating, begun with 5 mean ratings.
    """
    parts = [item[len(item) - round(share * len(item)) :] for share in WINDOWS]
    counts = [np.bincount(part, minlength=items) for part in (*parts, item[rating >= liked_from])]
    shares = [np.log((count + 0.3) / (count.sum() + 0.3 * items) * items) for count in counts]
    summed = np.bincount(item, weights=rating, minlength=items)
    mean = (summed + PRIOR * rating.mean()) / (counts[0] + PRIOR)
    return np.column_stack([*shares, mean])


def co_liked_embeddings(user: IntArray, item: IntArray, items: int, width: int) -> FloatArray:
    """Return vectors of length at most 1 that are near for items that the same people like, shape (I, E).

    They are the leading eigenvectors of the positive pointwise mutual information of being liked by one person; zeros
    where no two items are liked together more than by chance.

    Source: Levy & Goldberg, "Neural word embedding as implicit matrix factorization", NeurIPS 2014, with people
    as contexts.

    Parameters
    ----------
    user, item
        Who likes what, one row each, shape (R,).
    width
        E, below I.
    """
    from scipy.sparse import coo_array  # SciPy's sparse part is slow to load
    from scipy.sparse.linalg import eigsh

    likes = coo_array((np.ones(len(user)), (user, item)), shape=(int(user.max()) + 1, items)).tocsr()
    together = (likes.T @ likes).tocoo()  # (I, I)
    one, other = together.coords
    weight = np.bincount(item, minlength=items) + PRIOR
    people = len(np.unique(user))
    information = np.log(together.data * people / (weight[one] * weight[other]))
    kept = (information > 0) & (one != other)
    if not kept.any():  # nobody likes two items
        return np.zeros((items, width))
    matrix = coo_array((information[kept], (one[kept], other[kept])), shape=(items, items)).tocsr()
    values, vectors = eigsh(matrix, k=width, which="LA", v0=np.ones(items))
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(width)])  # the sign is free
    scaled = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(scaled / (np.linalg.norm(scaled, axis=1, keepdims=True) + 0.1))


@dataclass(frozen=True, eq=False)
class Past:
    """What is known of a person from the items met so far.

    Attributes
    ----------
    genres, embeddings, fame, year
        Of each item, shapes (I, G), (I, E), (I,) and (I,).
    """

    genres: FloatArray
    embeddings: FloatArray
    fame: FloatArray
    year: FloatArray

    def columns(self, items: IntArray, likes: NDArray[np.bool_]) -> FloatArray:
        """Return 5 + G + 3 E columns from the items met, oldest first, and which were liked.

        How many (log), whether none, the share liked, the mean fame and year of the last 20; the mean genres of
        the liked; the mean embeddings of the liked, of the last 5 liked, and of the others. Means are begun with
        5 nothings, so that the first items move them little.
        """
        good, bad = items[likes], items[~likes]
        last = items[-ROWS_OF_A_QUERY:]
        return np.concatenate(
            [
                [np.log1p(len(items)), float(not len(items)), (len(good) + PRIOR / 2) / (len(items) + PRIOR)],
                [values[last].sum() / (len(last) + 1) for values in (self.fame, self.year)],
                self.genres[good].sum(axis=0) / (len(good) + PRIOR),
                self.embeddings[good].sum(axis=0) / (len(good) + PRIOR),
                self.embeddings[good[-RECENT:]].sum(axis=0) / RECENT,
                self.embeddings[bad].sum(axis=0) / (len(bad) + PRIOR),
            ]
        )
