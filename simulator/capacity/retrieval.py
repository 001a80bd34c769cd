"""What an index for retrieval misses, and what a search costs, by how many cells it looks into.

Shapes: Q queries, E width, N vectors.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.data.world import make_world
from simulator.rankers.base import FloatArray
from simulator.rankers.ivf import IVF
from simulator.rankers.top_k import top_k
from simulator.rankers.two_tower_ivf import PROBES, TwoTowerIVF
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["CATALOGUE", "K", "ProbesRow", "recall_by_probes", "recall_of_towers"]

CATALOGUE = 100_000
K = 100
QUERIES = 200


@dataclass(frozen=True)
class ProbesRow:
    """What a search of `probes` cells is like, over queries.

    Attributes
    ----------
    probes
        Cells looked into.
    share
        Mean share of the vectors that were scored.
    recall
        Share of the exact k best that were found.
    seconds
        A search, one after the other in this process: to compare rows by; what a worker takes, `calibrate` measures.
    """

    probes: int
    share: float
    recall: Estimate
    seconds: Estimate


def recall_by_probes(index: IVF, queries: FloatArray, k: int, probes: Sequence[int]) -> tuple[ProbesRow, ...]:
    """Return a row for each number of probes, with 95% intervals over the queries.

    Looking into all cells finds all, and looking into more never finds less: the cells of fewer probes are among those
    of more.

        index = IVF.build(ranker.items, usual_cells(len(ranker.items)), seed=0)
        recall_by_probes(index, ranker.embedding(ranker.users[:200]), k=100, probes=[1, 4, 16, index.cells])

    Parameters
    ----------
    index
        The vectors in cells.
    queries
        One user's embedding a row, shape (Q, E), Q at least 2 for an interval.
    k
        How many of the best to find, 1 to N.
    probes
        Numbers of cells, each from 1 to all.
    """
    best = [set(index.ids[top_k(index.vectors @ query, k)].tolist()) for query in queries]
    rows = []
    for count in probes:
        recalls, seconds = [], []
        for query, wanted in zip(queries, best, strict=True):
            began = time.perf_counter()
            found = index.search(query, k, count)
            seconds.append(time.perf_counter() - began)
            recalls.append(len(wanted.intersection(found.tolist())) / len(wanted))
        shares = [index.share_looked_at(query, k, count) for query in queries]
        rows.append(ProbesRow(count, sum(shares) / len(shares), estimate(recalls), estimate(seconds)))
    return tuple(rows)


def recall_of_towers(seed: int) -> tuple[ProbesRow, ...]:
    """Return the rows of two_tower_ivf at K over CATALOGUE items, for probes that double, the usual ones and all cells.

    Takes a few seconds: the towers are trained on the synthetic world of `seed`. On one thread, as calls are measured.
    """
    from threadpoolctl import threadpool_limits  # limits the BLAS that NumPy has loaded by now

    with threadpool_limits(limits=1):
        return _rows_of_towers(seed)


def _rows_of_towers(seed: int) -> tuple[ProbesRow, ...]:
    """Return what recall_of_towers does, on as many threads as there are."""
    ranker = TwoTowerIVF.fit(make_world(seed=seed), seed).for_catalogue(CATALOGUE, seed)
    cells = ranker.index.cells
    probes = sorted({*(2**i for i in range(cells.bit_length())), PROBES, cells})
    return recall_by_probes(ranker.index, ranker.embedding(ranker.users[:QUERIES]), K, probes)
