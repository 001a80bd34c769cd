"""What a recommender is told when it is trained, and what it gives back.

Shapes: R replications, I items.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.bias.lists import KnownLists, no_new_items
from simulator.bias.log import Log
from simulator.bias.luck import Luck
from simulator.bias.ranking import Ranking
from simulator.bias.world import BiasWorld
from simulator.scenario.bias import Policy

__all__ = ["Learnt", "Now", "Recommender", "best_lists", "learnt_from"]

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Now:
    """The state of the world that a training sees.

    Attributes
    ----------
    step
        From 0.
    alive
        How many items there are, the first of all, shape (R,).
    slots
        k, places of a list.
    luck
        Where draws come from.
    world
        The truth; only the oracle may look.
    """

    step: int
    alive: NDArray[np.int64]
    slots: int
    luck: Luck
    world: BiasWorld


@dataclass(frozen=True, eq=False)
class Learnt:
    """The log as a policy learns from it: weighed, where it says so.

    Attributes
    ----------
    clicks, shown
        By item, shape (R, I); clicks count `start_clicks` more for each.
    start_clicks
        What each item is counted with before the first.
    log
        All there is.
    """

    clicks: Floats
    shown: Floats
    start_clicks: float
    log: Log


def learnt_from(log: Log, policy: Policy, start_clicks: float) -> Learnt:
    """Return what `policy` learns from `log`."""
    weighed = policy.weights is not None
    clicks, shown = (log.weighed_clicks, log.weighed_shown) if weighed else (log.clicks, log.shown)
    return Learnt(clicks + start_clicks, shown, start_clicks, log)


class Recommender(Protocol):
    """Makes a ranking from a log."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return the ranking that is shown until the next training."""


def best_lists(score: Floats, now: Now) -> KnownLists:
    """Return the one list of the highest scores, shape (R, I), of the items there are; equals by their number."""
    known = np.where(np.arange(score.shape[-1]) < now.alive[:, None], score, -np.inf)
    best = np.argsort(-known, axis=-1, kind="stable")[:, None, : now.slots]  # (R, 1, k)
    return KnownLists(best.astype(np.int32), own=False, new=no_new_items(len(score)))
