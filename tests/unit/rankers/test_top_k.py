"""The best of many scores, against a full sort."""

import numpy as np
import pytest

from simulator.rankers.top_k import top_k


@pytest.mark.parametrize("k", [1, 7, 99, 100, 1000])
def test_the_best_are_a_stable_sort_cut_short(k):
    """Among 100 scores of 12 values, many of them equal, the k best are those of a stable full sort."""
    scores = np.random.default_rng(0).integers(12, size=100).astype(float)
    assert np.array_equal(top_k(scores, k), np.argsort(-scores, kind="stable")[:k])
