"""What a broker does with the shards' answers: merge N sorted lists into the best of all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENTRIES", "KEEP", "ListsToMerge", "best_of"]

ENTRIES = 32
"""Documents in each shard's list, as measured."""

KEEP = 1000
"""Documents kept of all lists, as measured."""


class ListsToMerge:
    """Lists of (score, id) from many shards, each in descending score, as they come off the wire."""

    def __init__(self, most: int, rng: np.random.Generator) -> None:
        scores = np.sort(rng.random((most, ENTRIES), dtype=np.float32))[:, ::-1]
        self.scores = [np.ascontiguousarray(row) for row in scores]
        self.ids = list(rng.integers(1 << 40, size=(most, ENTRIES)))

    def merge(self, lists: int) -> NDArray[np.int64]:
        """Return the ids of the best KEEP (or all) documents of the first `lists` lists, in descending score."""
        return best_of(self.ids[:lists], self.scores[:lists], KEEP)


def best_of(
    ids: Sequence[NDArray[np.int64]], scores: Sequence[NDArray[np.floating]], keep: int | None
) -> NDArray[np.int64]:
    """Return the `keep` best of several lists, or all, in descending score.

    Parameters
    ----------
    ids, scores
        Of each list, shape (k,) each.
    """
    joined, all_scores = np.concatenate(ids), np.concatenate(scores)
    if keep is not None and len(joined) > keep:
        best = np.argpartition(all_scores, -keep)[-keep:]
        joined, all_scores = joined[best], all_scores[best]
    ordered: NDArray[np.int64] = joined[np.argsort(-all_scores, kind="stable")]
    return ordered
