"""The best of many scores, exactly."""

import numpy as np

from simulator.data.features import FloatArray, IntArray

__all__ = ["top_k"]


def top_k(scores: FloatArray, k: int) -> IntArray:
    """Return the places of the `k` highest of n scores, or of all, shape (min(k, n),), highest first.

    Equal scores stay in their own order.
    """
    if k >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -k)[-k]
    # The threshold first, then all that reach it: argpartition could keep the later of two equals.
    reaching = np.flatnonzero(scores >= least)
    return reaching[np.argsort(-scores[reaching], kind="stable")[:k]]
