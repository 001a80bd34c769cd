"""Rankers that read a word in its sentence rank better than the mean of word vectors, on queries new to all."""

import numpy as np
import pytest
from scipy import stats

from simulator.data.text_world import make_text_world
from simulator.rankers.metrics import ndcg_per_query
from simulator.rankers.registry import RANKERS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ndcgs():
    """Return the NDCG at 10 of each test query of the default text world, by ranker and by random order."""
    world = make_text_world(seed=0)
    rng = np.random.default_rng(0)
    scorers = {"random": lambda user, items: rng.random(len(items))}
    scorers |= {name: kind.fit(world, seed=0).score for name, kind in RANKERS.items() if kind.learns_from == "text"}
    return {name: ndcg_per_query(score, world, k=10) for name, score in scorers.items()}


@pytest.mark.parametrize(
    ("better", "worse", "margin"),
    [
        ("bilstm", "transformer", 0.05),
        ("transformer", "word2vec", 0.0),
        ("word2vec", "random", 0.1),
        ("cross_encoder", "random", 0.1),
    ],
)
def test_each_ranker_beats_the_other_beyond_its_interval(ndcgs, better, worse, margin):
    """The whole 95% interval of the paired difference in NDCG@10 lies above the margin."""
    apart = ndcgs[better] - ndcgs[worse]
    lowest = apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart)
    assert lowest > margin, {name: values.mean() for name, values in ndcgs.items()}
