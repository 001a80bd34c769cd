"""What is kept of all impressions: counts by item and by place, and how much the rows weigh.

Shapes: R replications, I items, U users, k places of a list.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.bias.impressions import Impressions
from simulator.kernels import jit

__all__ = ["Clicked", "Log", "Weighing", "new_log"]

Floats = NDArray[np.floating]


class Weighing(NamedTuple):
    """How rows are weighed for what would be seen on random lists.

    Attributes
    ----------
    clip
        The largest weight, where 1 is the weight of a random list.
    alive
        How many items there are, shape (R,).
    """

    clip: float
    alive: NDArray[np.int64]


class Clicked(NamedTuple):
    """Rows that were clicked: replication, user, item and weight of each, shape (n,)."""

    replication: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Log:
    """Counts of all rows that were logged; `add` writes into them.

    The weight of a row is the probability of its item in its place of a random list over its propensity, clipped.

    Attributes
    ----------
    shown, clicks
        By item, shape (R, I).
    weighed_shown, weighed_clicks
        The weights of the rows, and of those clicked, by item, shape (R, I).
    tried, hit
        Rows of random items, and those clicked, by place, shape (R, k).
    weights
        Rows, those of random items, the sum of weights, of their squares, and the largest, shape (R, 5).
    clicked
        The rows that were clicked, where they are kept.
    keeps
        Whether they are.
    """

    shown: Floats
    clicks: Floats
    weighed_shown: Floats
    weighed_clicks: Floats
    tried: Floats
    hit: Floats
    weights: Floats
    keeps: bool
    clicked: list[Clicked] = field(default_factory=list)

    def add(self, rows: Impressions, mine: NDArray[np.bool_], weighing: Weighing) -> None:
        """Count the rows of the users `mine`, shape (R, U)."""
        by_item = self.shown, self.clicks, self.weighed_shown, self.weighed_clicks
        logged = rows.item, rows.propensity, rows.random, rows.click
        _count((0, len(mine)), by_item, (self.tried, self.hit, self.weights), logged, mine, weighing)
        if self.keeps:
            replication, user, place = np.nonzero(rows.click & mine[:, :, None])
            at = replication, user, place
            weight = np.minimum(1.0 / (rows.propensity[at] * weighing.alive[replication]), weighing.clip)
            self.clicked.append(Clicked(replication, user, rows.item[at], weight.astype(np.float32)))

    @property
    def effective(self) -> Floats:
        """The effective sample size of the rows for what random lists would bring, shape (R,)."""
        squares = self.weights[:, 3]
        return np.asarray(np.divide(self.weights[:, 2] ** 2, squares, out=np.zeros_like(squares), where=squares > 0))

    def together(self, other: "Log") -> "Log":
        """Return the counts of both logs."""
        weights = self.weights + other.weights
        weights[:, 4] = np.maximum(self.weights[:, 4], other.weights[:, 4])
        return Log(
            self.shown + other.shown,
            self.clicks + other.clicks,
            self.weighed_shown + other.weighed_shown,
            self.weighed_clicks + other.weighed_clicks,
            self.tried + other.tried,
            self.hit + other.hit,
            weights,
            self.keeps,
            [*self.clicked, *other.clicked],
        )


def new_log(shape: tuple[int, int, int], *, keeps: bool) -> Log:
    """Return an empty log of `shape` (R, I, k) that `keeps` the rows that were clicked, or not."""
    R, items, slots = shape
    shown, clicks, weighed_shown, weighed_clicks = (np.zeros((R, items)) for _ in range(4))
    tried, hit = (np.zeros((R, slots)) for _ in range(2))
    return Log(shown, clicks, weighed_shown, weighed_clicks, tried, hit, np.zeros((R, 5)), keeps)


@jit(nogil=True)
def _count(
    ends: tuple[int, int],
    by_item: tuple[Floats, Floats, Floats, Floats],
    by_row: tuple[Floats, Floats, Floats],
    logged: tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]],
    mine: NDArray[np.bool_],
    weighing: Weighing,
) -> None:
    """Add up rows; replications beside one another, users in their order."""
    shown, clicks, weighed_shown, weighed_clicks = by_item
    tried, hit, weights = by_row
    item, propensity, random, click = logged
    _, U, k = item.shape
    for r in range(ends[0], ends[1]):
        for u in range(U):
            if not mine[r, u]:
                continue
            for j in range(k):
                i = item[r, u, j]
                weight = min(1.0 / (propensity[r, u, j] * weighing.alive[r]), weighing.clip)
                shown[r, i] += 1.0
                weighed_shown[r, i] += weight
                weights[r, 0] += 1.0
                weights[r, 2] += weight
                weights[r, 3] += weight * weight
                weights[r, 4] = max(weights[r, 4], weight)
                if random[r, u, j]:
                    tried[r, j] += 1.0
                    weights[r, 1] += 1.0
                if click[r, u, j]:
                    clicks[r, i] += 1.0
                    weighed_clicks[r, i] += weight
                    if random[r, u, j]:
                        hit[r, j] += 1.0
