"""The inverted file: every vector in one cell, exact where it looks into all, and never worse for looking into more."""

import numpy as np
import pytest

from simulator.rankers.ivf import IVF, usual_cells
from simulator.rankers.top_k import top_k


@pytest.fixture(scope="module")
def vectors():
    """Return 900 vectors of 8 numbers about 20 centres."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(20, 8))[rng.integers(20, size=900)] + 0.3 * rng.normal(size=(900, 8))).astype(np.float32)


@pytest.fixture(scope="module")
def index(vectors):
    """Return their index of 30 cells."""
    return IVF.build(vectors, usual_cells(len(vectors)), seed=1)


def queries(count=20):
    """Return random queries."""
    return np.random.default_rng(3).normal(size=(count, 8)).astype(np.float32)


def test_every_vector_is_in_one_cell_whose_centre_is_nearest(index, vectors):
    """The cells hold each vector once, and no other centre is nearer than the one of its cell."""
    assert index.cells == 30
    assert sorted(index.ids.tolist()) == list(range(900))
    assert np.array_equal(index.vectors, vectors[index.ids])
    distance = ((index.vectors[:, None] - index.centres) ** 2).sum(axis=2)  # (N, C)
    cell = np.repeat(np.arange(30), np.diff(index.starts))
    assert (distance[np.arange(900), cell] <= distance.min(axis=1) + 1e-4).all()


@pytest.mark.parametrize("k", [1, 10, 899, 2000])
def test_looking_into_all_cells_is_exact(index, vectors, k):
    """With as many probes as cells the k best are those of all scores, in their order but for ties of rounding."""
    for query in queries():
        found, scores = index.search(query, k, index.cells), vectors @ query
        assert len(set(found.tolist())) == len(found) == min(k, len(vectors))
        assert scores[found] == pytest.approx(scores[top_k(scores, k)], rel=1e-5, abs=1e-5)


def test_no_query_finds_less_for_looking_into_more(index, vectors):
    """For each query the share of the exact 20 best that are found never falls from 1 probe to all, and rises to 1."""
    firsts = []
    for query in queries():
        best = set(top_k(vectors @ query, 20).tolist())
        found = [len(best & set(index.search(query, 20, probes).tolist())) for probes in range(1, index.cells + 1)]
        assert found == sorted(found)
        assert found[-1] == 20
        firsts.append(found[0])
    assert 0 < np.mean(firsts) < 20


def test_what_is_found_is_the_best_of_the_cells_looked_into(index, vectors):
    """The answer is in descending score, without repeats, and the share looked at is what those cells hold."""
    query = queries(1)[0]
    found = index.search(query, 10, 3)
    chosen = np.argsort(-(index.centres @ query))[:3]
    held = np.concatenate([index.ids[index.starts[c] : index.starts[c + 1]] for c in chosen])
    assert np.array_equal(found, held[top_k(vectors[held] @ query, 10)])
    assert index.share_looked_at(query, 10, 3) == pytest.approx(len(held) / 900)


def test_a_search_goes_on_until_it_has_enough(index):
    """One probe for 500 vectors looks into as many cells as hold them, and no more."""
    query = queries(1)[0]
    assert len(set(index.search(query, 500, 1).tolist())) == 500
    held = np.cumsum(np.diff(index.starts)[np.argsort(-(index.centres @ query))])
    assert index.share_looked_at(query, 500, 1) == pytest.approx(held[held >= 500][0] / 900)


def test_equal_vectors_can_be_indexed():
    """Cells that stay empty, as all vectors are one, are passed over without a warning."""
    index = IVF.build(np.ones((50, 4), dtype=np.float32), 7, seed=0)
    assert sorted(index.search(np.ones(4, dtype=np.float32), 50, 1).tolist()) == list(range(50))


def test_the_same_seed_gives_the_same_cells(index, vectors):
    """Building again gives equal arrays, and another seed other centres."""
    again, other = (IVF.build(vectors, 30, seed) for seed in (1, 2))
    assert np.array_equal(again.ids, index.ids)
    assert np.array_equal(again.centres, index.centres)
    assert not np.array_equal(other.centres, index.centres)


@pytest.mark.parametrize("cells", [0, 901])
def test_impossible_cells_are_refused(vectors, cells):
    """No cell, or more cells than vectors, is named."""
    with pytest.raises(ValueError, match=f"from 1 to 900, one for each vector; got {cells}"):
        IVF.build(vectors, cells, seed=0)


@pytest.mark.parametrize(("k", "probes"), [(0, 1), (1, 0), (1, 31)])
def test_impossible_searches_are_refused(index, k, probes):
    """Nothing to find, no probe, or more probes than cells is named."""
    with pytest.raises(ValueError, match=f"got k = {k}, probes = {probes}"):
        index.search(queries(1)[0], k, probes)
