"""Impressions as the rows of a table that a model of clicks learns from.

Shapes: A user columns, B item columns, C pair columns, F = A + B + C, R impressions.
"""

from typing import NamedTuple

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable

__all__ = ["Examples", "examples"]


class Examples(NamedTuple):
    """The columns of user, item and pair side by side, shape (R, F), and the clicks, 0 or 1, shape (R,)."""

    X: FloatArray
    y: FloatArray


def examples(world: Learnable, log: Impressions) -> Examples:
    """Return the rows of `log` as examples, in double precision."""
    X = world.features.rows(world.user_features[log.user], world.item_features[log.item])  # (R, F)
    return Examples(X, log.click.astype(np.float64))
