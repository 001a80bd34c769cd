"""Agreement with people: by hand, and of vectors learnt from news."""

import re

import numpy as np
import pytest

from simulator.data.fetch import cached
from simulator.data.lee_news import load_documents, load_word_pairs
from simulator.data.vocabulary import Vocabulary
from simulator.errors import InputError
from simulator.rankers.optimizers import Schedule
from simulator.rankers.word2vec import Settings, learn
from simulator.rankers.word_similarity import word_similarity

FOUR = Vocabulary(("a", "b", "c", "d"))
ANGLES = np.array([0.0, 0.1, 0.5, 1.4])
VECTORS = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]) * [[1], [2], [3], [4]]


def test_agreement_by_hand():
    """Similarities in the order of the cosines agree fully, and an unknown word's pair is not counted."""
    judged = [("A", "b", 9.0), ("a", "c", 5.0), ("b", "d", 1.0), ("a", "zebra", 7.0)]
    found = word_similarity(VECTORS, FOUR, judged)
    assert found.correlation == pytest.approx(1)
    assert found.pairs == 3


def test_too_few_known_pairs_are_refused():
    """Two covered pairs would always agree or disagree fully."""
    with pytest.raises(InputError, match="at least 3 pairs of known words; got 2"):
        word_similarity(VECTORS, FOUR, [("a", "b", 1.0), ("a", "c", 2.0), ("x", "y", 3.0)])


@pytest.mark.slow
@pytest.mark.skipif(cached("lee-news") is None, reason="not in the cache: simulator data get lee-news")
def test_vectors_learnt_from_news_agree_with_people():
    """On 300 news articles, skip-gram's cosines correlate with people's judgements at p < 0.01."""
    articles = [re.findall(r"[a-z]+", document.lower()) for document in load_documents()]
    vocabulary = Vocabulary.of(articles, least=2)
    settings = Settings(width=50, window=10, batch=128, schedule=Schedule(epochs=9, rate=1e-2))
    vectors = learn([vocabulary.encode(a) for a in articles], len(vocabulary), settings, np.random.default_rng(0))["in"]
    found = word_similarity(vectors, vocabulary, load_word_pairs())
    assert found.correlation > 0, found
    assert found.p_value < 0.01, found
    assert found.pairs > 100, found
