"""The two towers under each loss, and what each is worth when it ranks what was shown.

A loss that divides popularity out learns what is clicked once shown, which is what a list of shown items is judged by;
the logQ correction learns what is shown and clicked, and is for choosing from the whole catalogue as the log did.
"""

from typing import ClassVar

from simulator.data.features import FloatArray
from simulator.data.learnable import Judged
from simulator.rankers.metrics import ndcg_per_query
from simulator.rankers.two_tower import TwoTower

__all__ = ["TOWERS_BY_LOSS", "CorrectedTower", "LogLossTower", "MarginTower", "ndcg_by_loss"]


class LogLossTower(TwoTower):
    """Towers that tell clicked pairs from random ones by the log loss of their inner product."""

    name: ClassVar[str] = "two_tower_log_loss"
    pair_loss: ClassVar[str] = "log_loss"


class MarginTower(TwoTower):
    """Towers whose clicked pairs are to lead random ones by a margin."""

    name: ClassVar[str] = "two_tower_margin"
    pair_loss: ClassVar[str] = "margin"


class CorrectedTower(TwoTower):
    """Towers by sampled softmax with the logQ correction: what is shown often scores high for it."""

    name: ClassVar[str] = "two_tower_corrected"
    corrected: ClassVar[bool] = True


TOWERS_BY_LOSS: dict[str, type[TwoTower]] = {
    kind.name: kind for kind in (TwoTower, LogLossTower, MarginTower, CorrectedTower)
}
"""Every loss by the name of the towers that are trained by it."""


def ndcg_by_loss(world: Judged, seed: int, k: int) -> dict[str, FloatArray]:
    """Return the NDCG at k of each test query, shape (T,), by the name of the towers trained on `world`.

    All towers see the same queries, so two losses are compared query by query.
    """
    return {name: ndcg_per_query(kind.fit(world, seed).score, world, k) for name, kind in TOWERS_BY_LOSS.items()}
