"""Recall against probes."""

import numpy as np

from simulator.capacity.retrieval import recall_by_probes
from simulator.rankers.ivf import IVF


def test_recall_rises_with_probes_to_one():
    """Over 60 queries recall at 50 never falls, ends at exactly 1 with all looked at, and begins well below."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 8)).astype(np.float32)
    index = IVF.build(vectors, 45, seed=0)
    rows = recall_by_probes(index, rng.normal(size=(60, 8)).astype(np.float32), 50, [1, 4, 16, 45])
    assert [row.probes for row in rows] == [1, 4, 16, 45]
    recalls = [row.recall.value for row in rows]
    assert recalls == sorted(recalls)
    assert rows[0].recall.high < 0.7
    assert (rows[-1].recall.low, rows[-1].share) == (1.0, 1.0)
    assert all(row.recall.low <= row.recall.value <= row.recall.high for row in rows)
    assert all(row.seconds.value > 0 for row in rows)


def test_recall_is_the_share_found():
    """With cells that are known and one probe, recall is the share of the best that the one cell holds."""
    far = np.array([[10.0, 0.0]] * 6 + [[0.0, 10.0]] * 6, dtype=np.float32)
    vectors = far + np.arange(12, dtype=np.float32)[:, None] * np.float32(0.1)
    index = IVF.build(vectors, 2, seed=1)
    query = np.array([[1.0, 0.99], [0.99, 1.0]], dtype=np.float32)
    cells = [set(index.search(one, 6, 1).tolist()) for one in query]
    (row,) = recall_by_probes(index, query, 6, [1])
    best = [set(np.argsort(-(vectors @ one))[:6].tolist()) for one in query]
    assert row.share == 0.5
    assert row.recall.value == np.mean([len(b & c) / 6 for b, c in zip(best, cells, strict=True)])
