"""Who is shown lists and what they are of: users with tastes, items with quality and age, items that arrive later.

Items are numbered by arrival, so those that are there at any time are the first so many.

Shapes: R replications, U users, I items that ever arrive, D tastes, k places of a list.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, roots_hermitenorm

from simulator.bias.luck import Luck
from simulator.bias.parts import in_parts
from simulator.kernels import jit

__all__ = ["Arrivals", "BiasWorld", "LikedItems", "TasteWorld", "arrivals", "make_taste_world"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

TASTES = 8


class BiasWorld(Protocol):
    """Users and items, and how likely a click is."""

    @property
    def users(self) -> int:
        """U."""

    def probability(self, item: NDArray[np.int32], step: int) -> Floats:
        """Return the probability that each of the first users clicks what is shown, if looked at, shape (R, U, k)."""

    def everything(self, r: int, users: Ints, step: int) -> Floats:
        """Return that probability of every item for `users`, shape (n,), of replication `r`: shape (n, I)."""

    def appeal(self, step: int) -> Floats:
        """Return how much each item appeals to users as a whole, shape (R, I); larger is more."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """When items come.

    Attributes
    ----------
    alive
        How many items there are in each step, shape (T, R).
    born
        The step in which each item comes, shape (R, I); 0 for those of the start.
    """

    alive: Ints
    born: Ints


def arrivals(items: int, per_step: float, steps: int, luck: Luck) -> Arrivals:
    """Return `items` at the start and `per_step` more on average in each later step, all whole numbers.

    The fraction of `per_step` is one more item with that probability.
    """
    whole, fraction = divmod(per_step, 1.0)
    draws = luck.uniforms("arrivals", steps).T  # (T, R)
    came = int(whole) + (draws < fraction)
    came[0] = 0
    alive = items + np.cumsum(came, axis=0)  # (T, R)
    number = np.arange(alive[-1].max())
    born = np.stack([np.searchsorted(alive[:, r], number, side="right") for r in range(luck.replications)])
    return Arrivals(alive, born)


@dataclass(frozen=True, eq=False)
class TasteWorld:
    """Log odds of a click: a level, plus the item's quality, plus the inner product of tastes and topics.

    Attributes
    ----------
    level
        The log odds of an item of quality 0 for a user without tastes.
    tastes, topics
        Of users, shape (R, U, D), and items, shape (R, I, D).
    quality
        Of items, shape (R, I).
    born
        The step in which each item comes, shape (R, I).
    half_life
        Steps in which the probability of a click on an item halves; infinite where items do not age.
    """

    level: float
    tastes: Floats
    topics: Floats
    quality: Floats
    born: Ints
    half_life: float

    @property
    def users(self) -> int:
        """U."""
        return int(self.tastes.shape[1])

    def probability(self, item: NDArray[np.int32], step: int) -> Floats:
        """Return the probability that each of the first users clicks what is shown, if looked at, shape (R, U, k)."""
        out = np.empty(item.shape, np.float32)
        cells = item.shape[0] * item.shape[1]
        in_parts(_probability, cells, self.tastes, self.topics, self._odds(), item, out)
        if np.isfinite(self.half_life):
            out *= self._freshness(step)[np.arange(len(item))[:, None, None], item]
        return out

    def everything(self, r: int, users: Ints, step: int) -> Floats:
        """Return that probability of every item for `users`, shape (n,), of replication `r`: shape (n, I)."""
        odds = self.tastes[r, users] @ self.topics[r].T + self._odds()[r]  # (n, I)
        return np.asarray(expit(odds) * self._freshness(step)[r])

    def appeal(self, step: int) -> Floats:
        """Return the probability of a click by a user without tastes, shape (R, I)."""
        return np.asarray(expit(self._odds()) * self._freshness(step))

    def _odds(self) -> Floats:
        """Return the log odds for a user without tastes, shape (R, I)."""
        return self.quality + np.float32(self.level)

    def _freshness(self, step: int) -> Floats:
        """Return by how much age lowers the probability of a click, shape (R, I)."""
        return np.asarray(0.5 ** (np.maximum(step - self.born, 0) / self.half_life), dtype=np.float32)


def make_taste_world(
    sizes: tuple[int, float], spreads: tuple[float, float], click_rate: float, coming: Arrivals, luck: Luck
) -> TasteWorld:
    """Return a world of normal qualities, tastes and topics.

    Parameters
    ----------
    sizes
        U, and the half-life of items in steps, or infinity.
    spreads
        Standard deviations of the log odds of a click by quality and by taste.
    click_rate
        The mean probability of a click on an item that is looked at, above 0; 1 means that all is clicked.
    coming
        When items come.
    luck
        Its seed draws all.
    """
    users, half_life = sizes
    by_quality, by_taste = spreads
    items = coming.born.shape[1]
    scale = by_taste**0.5 * TASTES**-0.25  # of each side, so that products of D have the wanted spread
    return TasteWorld(
        level=_level(click_rate, float(np.hypot(by_quality, by_taste))),
        tastes=_normal(luck, "tastes", (users, TASTES), scale),
        topics=_normal(luck, "topics", (items, TASTES), scale),
        quality=_normal(luck, "quality", (items,), by_quality),
        born=coming.born,
        half_life=half_life,
    )


def _normal(luck: Luck, purpose: str, shape: tuple[int, ...], spread: float) -> Floats:
    """Return normal numbers of standard deviation `spread`, shape (R, *shape); the first do not depend on how many."""
    out = np.empty((luck.replications, *shape), np.float32)
    for mine, rng in zip(out, luck.generators(purpose), strict=True):
        rng.standard_normal(out=mine, dtype=np.float32)
    out *= np.float32(spread)
    return out


def _level(click_rate: float, spread: float) -> float:
    """Return the level at which normal log odds of `spread` around it have a mean probability of `click_rate`."""
    if click_rate >= 1.0:
        return 100.0
    points, weights = roots_hermitenorm(64)
    weights = weights / weights.sum()

    def excess(level: float) -> float:
        return float(weights @ expit(level + spread * points)) - click_rate

    return float(brentq(excess, -60.0 - 5 * spread, 60.0 + 5 * spread))


@jit(nogil=True)
def _probability(
    ends: tuple[int, int], tastes: Floats, topics: Floats, odds: Floats, item: NDArray[np.int32], out: Floats
) -> None:
    """Write the probability of a click on each shown item."""
    _, U, k = item.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        taste = tastes[r, u]
        for j in range(k):
            shown = item[r, u, j]
            topic, total = topics[r, shown], odds[r, shown]
            for d in range(TASTES):
                total += taste[d] * topic[d]
            out[r, u, j] = np.float32(1.0) / (np.float32(1.0) + np.exp(-total))


@dataclass(frozen=True, eq=False)
class LikedItems:
    """A world of real users: a click is sure on what the data say that a user likes, and impossible on all else.

    Attributes
    ----------
    liked
        Whether a user likes an item, shape (U, I).
    replications
        R; the world is the same in all.
    """

    liked: NDArray[np.bool_]
    replications: int

    @property
    def users(self) -> int:
        """U."""
        return len(self.liked)

    def probability(self, item: NDArray[np.int32], step: int) -> Floats:
        """Return 1 where what is shown is liked, else 0, shape (R, U, k)."""
        del step  # films do not age here
        return self.liked[np.arange(item.shape[1])[None, :, None], item].astype(np.float32)

    def everything(self, r: int, users: Ints, step: int) -> Floats:
        """Return 1 where one of `users`, shape (n,), likes an item, else 0, shape (n, I)."""
        del r, step
        return self.liked[users].astype(np.float32)

    def appeal(self, step: int) -> Floats:
        """Return the share of users that like each item, shape (R, I)."""
        del step
        return np.tile(self.liked.mean(axis=0, dtype=np.float32), (self.replications, 1))
