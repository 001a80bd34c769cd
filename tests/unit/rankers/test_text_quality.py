"""Rankers that read a word in its sentence rank better than the mean of word vectors, on queries new to all."""

import numpy as np
import pytest
from scipy import stats

from simulator.data.text_world import make_text_world
from simulator.rankers.metrics import ndcg, ndcg_per_query
from simulator.rankers.registry import RANKERS

pytestmark = pytest.mark.slow

QUERIES = 60


@pytest.fixture(scope="module")
def world():
    """Return the default text world."""
    return make_text_world(seed=0)


@pytest.fixture(scope="module")
def scorers(world):
    """Return what scores documents, by ranker, and by random order."""
    rng = np.random.default_rng(0)
    trained = {name: kind.fit(world, seed=0).score for name, kind in RANKERS.items() if kind.learns_from == "text"}
    return trained | {"random": lambda user, items: rng.random(len(items))}


@pytest.fixture(scope="module")
def among_shown(scorers, world):
    """Return the NDCG at 10 of each test query among the documents it was shown, by what scores them."""
    return {name: ndcg_per_query(score, world, k=10) for name, score in scorers.items()}


@pytest.fixture(scope="module")
def among_all(scorers, world):
    """Return the NDCG at 10 of QUERIES test queries among all documents, by what scores them."""
    users, items = np.unique(world.splits.test.user)[:QUERIES], np.arange(len(world.item_features))
    truths = {user: world.truth.click_probability(int(user), items) for user in users}
    return {
        name: np.array([ndcg(truths[user], score(int(user), items), 10) for user in users])
        for name, score in scorers.items()
    }


def assert_better(ndcgs, better, worse, margin):
    """The whole 95% interval of the paired difference lies above the margin."""
    apart = ndcgs[better] - ndcgs[worse]
    lowest = apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart)
    assert lowest > margin, {name: values.mean() for name, values in ndcgs.items()}


@pytest.mark.parametrize(
    ("better", "worse", "margin"),
    [
        ("bilstm", "transformer", 0.05),
        ("cross_encoder", "transformer", 0.05),
        ("transformer", "word2vec", 0.02),
        ("word2vec", "random", 0.1),
    ],
)
def test_each_ranker_beats_the_other_beyond_its_interval(among_shown, better, worse, margin):
    """Among the documents that the old system showed, the whole interval of the difference lies above the margin."""
    assert_better(among_shown, better, worse, margin)


@pytest.mark.parametrize("worse", ["transformer", "word2vec"])
def test_a_cross_encoder_is_a_last_stage(among_all, worse):
    """Among all documents, shown or not, it beats by 0.1 what would come before it in a funnel."""
    assert_better(among_all, "cross_encoder", worse, 0.1)
