"""Better rankers rank better, on users that none of them was trained on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from simulator.data.randomness import generator
from simulator.data.world import make_world
from simulator.rankers.base import Ranker
from simulator.rankers.examples import examples
from simulator.rankers.logistic import Logistic, loss_and_gradient
from simulator.rankers.metrics import mean_ndcg, ndcg_per_query
from simulator.rankers.registry import RANKERS
from simulator.scenario.ranker_names import BUILT_IN


@pytest.fixture(scope="module")
def world():
    """Return the default world."""
    return make_world(seed=0)


@pytest.fixture(scope="module")
def ndcgs(world):
    """Return the NDCG at 10 of each test query, by ranker and by two rules."""
    rng = generator(0, "random order")
    rules = {
        "popularity": lambda user, items: world.popularity[items],
        "random": lambda user, items: rng.random(len(items)),
    }
    learners = {name: ranker for name, ranker in RANKERS.items() if ranker.learns_from == world.kind}
    scorers = rules | {name: ranker.fit(world, seed=0).score for name, ranker in learners.items()}
    return {name: ndcg_per_query(score, world, k=10) for name, score in scorers.items()}


def lowest(better, worse):
    """Return the lower end of the 95% Student-t interval of the mean difference, query by query."""
    apart = better - worse
    return apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart)


@pytest.mark.parametrize(
    ("better", "worse", "margin"),
    [
        ("mlp", "logistic", 0.01),
        ("logistic", "two_tower", 0.0),
        ("two_tower", "popularity", 0.1),
        ("popularity", "random", 0.1),
    ],
)
def test_each_ranker_beats_the_cheaper_one_beyond_its_interval(ndcgs, better, worse, margin):
    """The whole 95% interval of the paired difference in NDCG@10 lies above the margin."""
    assert lowest(ndcgs[better], ndcgs[worse]) > margin


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_mlp_beats_logistic_in_every_world(seed):
    """The order of the two does not hang on one seed."""
    world = make_world(seed=seed)
    values = {name: ndcg_per_query(RANKERS[name].fit(world, seed).score, world, k=10) for name in ("logistic", "mlp")}
    assert lowest(values["mlp"], values["logistic"]) > 0.01


def test_the_logistic_regression_is_at_its_optimum(world):
    """No component of the loss's gradient at the trained weights is above 1e-3."""
    found = Logistic.fit(world, seed=0).parameters
    weights = {name: block.astype(float) for name, block in found.items()}
    _, gradient = loss_and_gradient(weights, examples(world, world.splits.train))
    assert max(np.abs(block).max() for block in gradient.values()) < 1e-3


@pytest.mark.slow
def test_more_users_to_learn_from_rank_better():
    """A network trained on 2,000 users beats one trained on 100 on the same test users."""
    world = make_world(users=3000, items=500, seed=3)
    mlp = RANKERS["mlp"]
    few = few_users(world, 100)
    assert mean_ndcg(mlp.fit(world, 0).score, world, 10) > mean_ndcg(mlp.fit(few, 0).score, world, 10) + 0.01


def few_users(world, count):
    """Return the same world with the training log cut to its first `count` users."""
    train = world.splits.train
    kept = np.isin(train.user, np.unique(train.user)[:count])
    return replace(world, splits=replace(world.splits, train=train.where(kept)))


def test_the_registry_knows_each_ranker_by_its_own_name():
    """Names in the registry are those that the classes carry."""
    text = {"word2vec", "bilstm", "transformer", "cross_encoder"}
    assert set(RANKERS) == set(BUILT_IN)
    assert {name for name, ranker in RANKERS.items() if ranker.learns_from == "text"} == text
    assert all(issubclass(ranker, Ranker) and ranker.name == name for name, ranker in RANKERS.items())
