"""What is served is what was trained: scores against the plain double-precision formula on whole rows."""

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.rankers.examples import examples
from simulator.rankers.registry import RANKERS


@pytest.fixture(scope="module")
def world():
    """Return a world small enough to train on in a moment."""
    return make_world(users=120, items=300, seed=4)


def logistic(p, X, users, items):
    """Return the weighted sum of a row's columns."""
    return X @ p["w"] + p["b"]


def mlp(p, X, users, items):
    """Return the output of two rectified layers on a row's columns."""
    h1 = np.maximum(X @ p["W1"] + p["b1"], 0)
    return np.maximum(h1 @ p["W2"] + p["b2"], 0) @ p["w3"]


def two_tower(p, X, users, items):
    """Return the inner product of the two towers' outputs, row by row."""
    u = np.maximum(users @ p["user_W1"] + p["user_b1"], 0) @ p["user_W2"]
    return (u * (np.maximum(items @ p["item_W1"] + p["item_b1"], 0) @ p["item_W2"])).sum(axis=1)


@pytest.mark.parametrize("formula", [logistic, mlp, two_tower])
def test_serving_computes_the_formula_that_was_trained(world, formula):
    """Every score of a test user's items is within 1e-4 of the formula in double precision."""
    ranker = RANKERS[formula.__name__].fit(world, seed=0)
    p = {name: block.astype(float) for name, block in ranker.parameters.items()}
    log = world.splits.test
    X = examples(world, log).X
    expected = formula(p, X, world.user_features[log.user], world.item_features[log.item])
    served = np.concatenate([ranker.score(user, items) for user, items in log.lists()])
    assert np.abs(served - expected).max() < 1e-4
