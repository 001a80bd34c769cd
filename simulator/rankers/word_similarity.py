"""How well word vectors agree with what people say about the similarity of words."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.vocabulary import Vocabulary
from simulator.errors import InputError
from simulator.rankers.layers import unit

__all__ = ["Agreement", "word_similarity"]


class Agreement(NamedTuple):
    """Spearman's rank correlation, the two-sided p-value of none, and the n pairs whose words are both known."""

    correlation: float
    p_value: float
    pairs: int


def word_similarity(vectors: FloatArray, vocabulary: Vocabulary, judged: Iterable[tuple[str, str, float]]) -> Agreement:
    """Return how the cosines of word vectors agree with people's judgements of pairs of words.

    Parameters
    ----------
    vectors
        One for each word of `vocabulary`, shape (V, W).
    judged
        Two words and how similar people find them; letters in upper case count as in lower case.

    Raises
    ------
    InputError
        Where fewer than three pairs have both words in the vocabulary.
    """
    from scipy.stats import spearmanr  # loads slowly, and only this needs it

    known = vocabulary.number
    covered = [(known[a.lower()], known[b.lower()], y) for a, b, y in judged if {a.lower(), b.lower()} <= known.keys()]
    if len(covered) < 3:
        raise InputError(f"a correlation needs at least 3 pairs of known words; got {len(covered)}")
    first, second, similarity = (np.array(column) for column in zip(*covered, strict=True))
    normal, _ = unit(vectors)
    found = spearmanr(np.einsum("nw,nw->n", normal[first], normal[second]), similarity)
    return Agreement(float(found.statistic), float(found.pvalue), len(covered))
