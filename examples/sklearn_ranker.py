"""A scikit-learn model as a ranker: `simulator calibrate sklearn_ranker:SklearnRanker`, run in this folder.

Needs scikit-learn. Replace the training by loading a model of your own.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from simulator.data.world import make_world

__all__ = ["SklearnRanker"]


class SklearnRanker:
    """A logistic regression on the columns of the user and of the item."""

    def __init__(self) -> None:
        world = make_world(users=300, items=200)
        log = world.splits.train
        X = np.hstack([world.user_features[log.user], world.item_features[log.item]])
        self.model = LogisticRegression(max_iter=1000).fit(X, log.click)

    def score(self, query: NDArray[np.float32], candidates: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return one number for each candidate: the chance of a click."""
        X = np.hstack([np.tile(query, (len(candidates), 1)), candidates])
        return self.model.predict_proba(X)[:, 1]
