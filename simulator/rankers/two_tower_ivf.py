"""Two towers whose catalogue is searched by an index instead of scored item by item.

Shapes: N items of the catalogue, E embedding width, C cells.
"""

from functools import cached_property
from typing import ClassVar

from simulator.data.features import IntArray
from simulator.rankers.base import BYTES_PER_NUMBER
from simulator.rankers.ivf import IVF, usual_cells
from simulator.rankers.two_tower import TwoTower

__all__ = ["PROBES", "TwoTowerIVF"]

PROBES = 32
"""Cells that a call looks into, all of them in a small catalogue: recall at 100 is above 0.9 up to a million items."""

QUERIES = 100
"""Users whose searches the share that is looked at is the mean of."""

BYTES_PER_ID = 8
CELLS_SEED = 0


class TwoTowerIVF(TwoTower):
    """The two towers with an inverted file over their items.

    A call for the whole catalogue, which is what a shard of the first stage is asked, looks into PROBES cells and may
    miss some of the best; a call for some of the items scores them all, as there is no index of just those.
    """

    name: ClassVar[str] = "two_tower_ivf"
    exact: ClassVar[bool] = False

    @cached_property
    def index(self) -> IVF:
        """The catalogue in cells, made when it is first asked for."""
        return IVF.build(self.items, usual_cells(len(self.items)), CELLS_SEED)

    @property
    def share_looked_at(self) -> float:
        """The centres of all cells and the vectors of those looked into, as a share of the items; a mean over users."""
        queries = self.embedding(self.users[:QUERIES])
        probes = min(PROBES, self.index.cells)
        found = sum(self.index.share_looked_at(query, 1, probes) for query in queries) / len(queries)
        return found + self.index.cells / len(self.items)

    def _best_of(self, user: int, items: IntArray | slice, keep: int) -> IntArray:
        if not isinstance(items, slice) or items.indices(len(self.items)) != (0, len(self.items), 1):
            return super()._best_of(user, items, keep)
        query = self.embedding(self._columns_of(user))
        return self.index.search(query, keep, min(PROBES, self.index.cells))

    def _index_bytes(self, items: int) -> int:
        """Return the bytes of the vectors once more, by cell, of their ids, and of the cells' starts and centres."""
        width: int = self.items.shape[1]
        cells = usual_cells(items)
        return BYTES_PER_NUMBER * width * (items + cells) + BYTES_PER_ID * (items + cells + 1)
