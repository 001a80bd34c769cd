"""What a broker does with the shards' answers: merge N sorted lists into the best of all."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENTRIES", "KEEP", "ListsToMerge"]

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
        scores, ids = np.concatenate(self.scores[:lists]), np.concatenate(self.ids[:lists])
        if scores.size > KEEP:
            best = np.argpartition(scores, -KEEP)[-KEEP:]
            scores, ids = scores[best], ids[best]
        ordered: NDArray[np.int64] = ids[np.argsort(-scores, kind="stable")]
        return ordered
