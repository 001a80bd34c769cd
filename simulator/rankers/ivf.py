"""An inverted file: vectors in cells, of which a search looks into those whose centre suits the query best.

Shapes: N vectors, E width, C cells, k found.

Source: Jégou, Douze & Schmid, "Product quantization for nearest neighbor search", IEEE TPAMI 33(1), 2011, section IV;
cells by k-means, as scipy.cluster.vq has it.
"""

import math
import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.data.randomness import generator
from simulator.rankers.top_k import top_k

__all__ = ["IVF", "usual_cells"]

SAMPLE_PER_CELL = 32
"""Vectors for each cell that its centre is found from."""

ROUNDS = 5


def usual_cells(vectors: int) -> int:
    """Return the cells of so many vectors that looking at all centres costs about as much as looking into one cell."""
    return max(1, round(math.sqrt(vectors)))


@dataclass(frozen=True, eq=False)
class IVF:
    """Vectors by cell.

    Attributes
    ----------
    vectors
        Cell after cell, shape (N, E), contiguous.
    ids
        The place of each among the vectors given, shape (N,).
    starts
        Where each cell starts, and the end, shape (C + 1,).
    centres
        The mean of each cell's sample, shape (C, E).
    """

    vectors: FloatArray
    ids: IntArray
    starts: IntArray
    centres: FloatArray

    @classmethod
    def build(cls, vectors: FloatArray, cells: int, seed: int) -> Self:
        """Return the index of `vectors`, shape (N, E), in `cells` cells; the same for the same seed.

        Raises
        ------
        ValueError
            Where there are fewer vectors than cells, or less than one cell.
        """
        if not 1 <= cells <= len(vectors):
            raise ValueError(f"cells: expected from 1 to {len(vectors)}, one for each vector; got {cells}")
        from scipy.cluster.vq import kmeans2, vq  # only an index needs it, and it loads in a tenth of a second

        rng = generator(seed, "cells")
        sample = vectors[rng.permutation(len(vectors))[: SAMPLE_PER_CELL * cells]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of empty cells, which a search passes over
            centres, _ = kmeans2(sample, sample[:cells], iter=ROUNDS, minit="matrix")
        cell, _ = vq(vectors, centres)  # (N,)
        ids = np.argsort(cell, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))])
        return cls(np.ascontiguousarray(vectors[ids]), ids, starts, centres.astype(vectors.dtype))

    @property
    def cells(self) -> int:
        """The number of cells, C."""
        return len(self.centres)

    @property
    def nbytes(self) -> int:
        """What the index holds in memory, the vectors included."""
        return self.vectors.nbytes + self.ids.nbytes + self.starts.nbytes + self.centres.nbytes

    def search(self, query: FloatArray, k: int, probes: int) -> IntArray:
        """Return the places of the best vectors by inner product, shape (min(k, N),), best first.

        Parameters
        ----------
        query
            Shape (E,).
        k
            How many, at least 1.
        probes
            Cells to look into, from 1 to C: those of the highest inner product with the centre; more where these hold
            fewer than k. All C find exactly the best.
        """
        visited = self._visited(query, k, probes)
        spans = [slice(self.starts[cell], self.starts[cell + 1]) for cell in visited.tolist()]
        scores = np.concatenate([self.vectors[span] @ query for span in spans])
        ids = np.concatenate([self.ids[span] for span in spans])
        return ids[top_k(scores, k)]

    def share_looked_at(self, query: FloatArray, k: int, probes: int) -> float:
        """Return the share of the vectors that such a search scores."""
        visited = self._visited(query, k, probes)
        return float((self.starts[visited + 1] - self.starts[visited]).sum() / len(self.vectors))

    def _visited(self, query: FloatArray, k: int, probes: int) -> IntArray:
        """Return the cells that a search looks into."""
        if k < 1 or not 1 <= probes <= self.cells:
            raise ValueError(f"expected k of at least 1 and 1 to {self.cells} probes; got k = {k}, probes = {probes}")
        suits = self.centres @ query  # (C,)
        visited = top_k(suits, probes)
        wanted = min(k, len(self.vectors))
        if (self.starts[visited + 1] - self.starts[visited]).sum() >= wanted:
            return visited
        visited = top_k(suits, self.cells)
        held = np.cumsum(self.starts[visited + 1] - self.starts[visited])
        return visited[: max(probes, int(np.searchsorted(held, wanted)) + 1)]
