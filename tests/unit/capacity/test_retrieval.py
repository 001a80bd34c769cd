"""Recall against probes."""

import io

import numpy as np
from rich.console import Console

from simulator.capacity.retrieval import ProbesRow, recall_by_probes, recall_of_towers
from simulator.rankers.ivf import IVF
from simulator.rankers.two_tower_ivf import PROBES
from simulator.report.probes_table import probes_table
from simulator.statistics.intervals import Estimate


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


def test_the_towers_rows_name_the_usual_probes_and_end_at_all_cells():
    """The table of two_tower_ivf holds the probes that a call uses and ends at all 316 cells, where recall is 1."""
    rows = recall_of_towers(seed=0)
    assert [row.probes for row in rows] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 316]
    recalls = {row.probes: row.recall for row in rows}
    assert recalls[316].value == 1
    assert recalls[PROBES].low > 0.9 > recalls[1].high


def test_the_table_of_probes_fits_a_terminal():
    """Every row is printed within 80 columns, the usual number of probes marked, no interval beyond 1."""
    rows = [ProbesRow(32, 0.089, Estimate(0.99, 0.97, 1.01), Estimate(1e-3, 9e-4, 2e-3))]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(probes_table(rows))
    text = console.export_text()
    assert "32 *" in text
    assert "0.970 to 1.000" in text
    assert "8.9%" in text
    assert max(map(len, text.splitlines())) <= 80
