"""A scikit-learn model as a ranker: `simulator calibrate sklearn_ranker:SklearnRanker`, run in this folder.

Needs scikit-learn. Replace the training by loading a model of your own; without `fit` it is measured and not judged.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from simulator.data.world import World, make_world

__all__ = ["SklearnRanker"]


class SklearnRanker:
    """A logistic regression on the columns of the user, of the item, and of how the two compare."""

    def __init__(self) -> None:
        self.fit(make_world(users=300, items=200))  # to be measured, it has to have learnt something

    def fit(self, world: World) -> None:
        """Learn from the log of the world that the funnel is judged by."""
        log = world.splits.train
        self.features = world.features
        X = self.features.rows(world.user_features[log.user], world.item_features[log.item])
        self.model = LogisticRegression(max_iter=1000).fit(X, log.click)

    def score(self, query: NDArray[np.float32], candidates: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return one number for each candidate: the chance of a click."""
        return self.model.predict_proba(self.features.rows(query, candidates))[:, 1]
