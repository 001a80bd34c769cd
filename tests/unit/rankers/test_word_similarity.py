"""Agreement with people: by hand, and of vectors learnt from news."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from simulator.data.vocabulary import Vocabulary
from simulator.errors import InputError
from simulator.rankers.optimizers import Schedule
from simulator.rankers.word2vec import Settings, learn
from simulator.rankers.word_similarity import word_similarity

FOUR = Vocabulary(("a", "b", "c", "d"))
ANGLES = np.array([0.0, 0.1, 0.5, 1.4])
VECTORS = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]) * [[1], [2], [3], [4]]

NEWS = Path(os.environ.get("LEE_NEWS", "no/such/folder"))
"""The folder of lee_background.cor and wordsim353.tsv, which ship with gensim 4.4.0 in gensim/test/test_data."""


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
@pytest.mark.skipif(not NEWS.is_dir(), reason="the news corpus is not here: set LEE_NEWS to its folder")
def test_vectors_learnt_from_news_agree_with_people():
    """On 300 news articles, skip-gram's cosines correlate with people's judgements at p < 0.01."""
    text = (NEWS / "lee_background.cor").read_text(encoding="utf-8")
    articles = [re.findall(r"[a-z]+", line.lower()) for line in text.splitlines()]
    lines = (NEWS / "wordsim353.tsv").read_text(encoding="utf-8").splitlines()
    judged = [line.split("\t") for line in lines if not line.startswith("#")]
    vocabulary = Vocabulary.of(articles, least=2)
    settings = Settings(width=50, window=10, batch=128, schedule=Schedule(epochs=9, rate=1e-2))
    vectors = learn([vocabulary.encode(a) for a in articles], len(vocabulary), settings, np.random.default_rng(0))["in"]
    found = word_similarity(vectors, vocabulary, [(a, b, float(y)) for a, b, y in judged])
    assert found.correlation > 0, found
    assert found.p_value < 0.01, found
    assert found.pairs > 100, found
