"""Text as hashed columns: what they hold, and that models of columns learn from them."""

import numpy as np
import pytest
from scipy import stats

from simulator.data.text_columns import text_columns
from simulator.data.text_world import make_text_world
from simulator.data.world import make_world
from simulator.errors import InputError
from simulator.rankers.logistic import Logistic
from simulator.rankers.metrics import ndcg_per_query
from simulator.rankers.mlp import MLP


@pytest.fixture(scope="module")
def text():
    """Return a world of text, small enough to learn from in a moment."""
    return make_text_world(queries=1500, documents=500, seed=3)


@pytest.fixture(scope="module")
def world(text):
    """Return it as columns."""
    return text_columns(text)


def test_the_pair_column_is_the_cosine_of_two_texts(text):
    """With buckets for all words, a query and a document meet in the idf of the words they share, over both lengths."""
    columns = text_columns(text, 1 << 14)
    words = len(np.unique(text.item_features))
    assert np.count_nonzero(columns.item_features.any(axis=0)) == words  # no two share a bucket
    query, document = set(text.user_features[0].tolist()), text.item_features[3].tolist()
    having = np.array([(text.item_features == word).any(axis=1).sum() for word in range(88)])
    idf = 1 + np.log((1 + len(text.item_features)) / (1 + having))
    counts = np.bincount(document, minlength=88) * idf
    asked = np.isin(np.arange(88), list(query)) * idf
    expected = counts @ asked / np.linalg.norm(counts) / np.linalg.norm(asked)
    assert expected > 0  # they share words
    cosine = columns.features.of_pairs(columns.user_features[0], columns.item_features[3:4])
    assert cosine == pytest.approx(np.array([[expected]]), rel=1e-12)


def test_each_column_has_its_name(world):
    """There is a name for each column of a row of examples, the cosine's last."""
    rows = world.features.rows(world.user_features[0], world.item_features[:2])
    assert len(set(world.features.names)) == rows.shape[1]
    assert world.features.names[-1] == "cosine"


def test_a_world_of_columns_has_no_words_to_hash():
    """Columns of numbers are refused by the kind of their world."""
    with pytest.raises(InputError, match="expected a world of text to hash the words of, got one of columns"):
        text_columns(make_world(users=30, items=30))


@pytest.mark.parametrize("kind", [Logistic, MLP])
def test_a_model_of_columns_learns_from_text(world, kind):
    """On queries new to it, its NDCG@10 is above that of clicks counted, and of chance, beyond the 95% interval."""
    train = world.splits.train
    counts = np.bincount(train.item, weights=train.click, minlength=len(world.item_features))
    rng = np.random.default_rng(0)
    learnt = ndcg_per_query(kind.fit(world, seed=0).score, world, k=10)
    for rival in (lambda _, items: counts[items], lambda _, items: rng.random(len(items))):
        apart = learnt - ndcg_per_query(rival, world, k=10)
        assert apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart) > 0, apart.mean()
