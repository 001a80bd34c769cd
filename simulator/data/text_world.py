"""A seeded world of queries and documents, in which half of the words mean one thing or another.

Shapes: U queries, I documents, S tokens of a query, T tokens of a document, K sentences in it, V words, L documents
in a list, R = U x L.

Topics come in twins that share words: "apple" is a word of fruit and of companies. Each topic has words of its
own besides, and some words belong to none. A document has two sentences, often on two twins: that it speaks of fruit
and has the word "apple" does not say that the apple is a fruit; only the words beside it tell.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulator.data.features import Features, IntArray
from simulator.data.impressions import Impressions
from simulator.data.randomness import generator
from simulator.data.splits import Splits, split_by_user
from simulator.data.text_truth import TextTruth
from simulator.errors import InputError

__all__ = ["DOCUMENT_TOKENS", "QUERY_TOKENS", "WORDS", "TextWorld", "make_text_world"]

TOPICS = 4
OWN = 12
SHARED = 12
COMMON = 16
"""Words of one topic, words that two twins share, and words of no topic."""

WORDS = TOPICS * OWN + TOPICS // 2 * SHARED + COMMON
"""V, the words there are: 88."""

PARTS = 2, 3, 1
"""Different words of a sentence: of its topic's own, shared, and of no topic."""

SENTENCES = 2
"""K, the sentences of a document; a query is one sentence."""

TWINS = 0.5
"""The share of documents whose sentences are on twins, besides those that are by chance."""

QUERY_TOKENS = sum(PARTS)
DOCUMENT_TOKENS = SENTENCES * QUERY_TOKENS

MATCHED = 1.0
"""What each word that a query and a document share adds to the log of the document's chance to be shown."""

QUERIES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class TextWorld:
    """Queries and documents as rows of words, the log of what was shown and clicked, and the truth behind it.

    Attributes
    ----------
    user_features, item_features
        The words of each query, shape (U, S), and of each document, shape (I, T), whole numbers below V. Each
        query is asked by a user of its own, so that those of the test are new.
    splits
        The log of the old system, which shows documents that share words with the query.
    truth
        What decides on clicks.
    """

    kind: ClassVar[str] = "text"
    features: ClassVar[Features] = Features((), (), ())

    user_features: IntArray
    item_features: IntArray
    splits: Splits
    truth: TextTruth


def make_text_world(*, queries: int = 6000, documents: int = 2000, seed: int = 0, shown: int = 20) -> TextWorld:
    """Return the text world of `seed`; equal arguments give equal worlds.

    Parameters
    ----------
    queries
        At least 3, so that each part of the log has one.
    documents
        At least `shown`.
    seed
        A whole number from 0.
    shown
        Different documents in the list of a query, at least 1.

    Raises
    ------
    InputError
        Where a number is too small; the message says which.
    """
    for name, value, least in (("queries", queries, 3), ("shown", shown, 1), ("documents", documents, shown)):
        if value < least:
            raise InputError(f"a text world needs {name} >= {least}; got {value}")
    rng = generator(seed, "text")
    asked, told = rng.integers(TOPICS, size=queries), rng.integers(TOPICS, size=(documents, SENTENCES))
    twins = rng.random(documents) < TWINS
    told[twins, 1] = told[twins, 0] ^ 1  # the topics 2 k and 2 k + 1 are twins
    questions, sentences = _write(asked, rng), _write(told.ravel(), rng)  # (U, S), (I K, S)
    holds = np.zeros((documents * SENTENCES, WORDS), dtype=bool)
    np.put_along_axis(holds, sentences, values=True, axis=1)
    own, shared, _ = PARTS
    truth = TextTruth(asked, told, questions[:, own : own + shared], holds.reshape(documents, SENTENCES, WORDS))
    log = _show(truth, questions, shown, generator(seed, "text log"))
    texts = rng.permuted(sentences, axis=1).reshape(documents, DOCUMENT_TOKENS)  # (I, T)
    splits = split_by_user(log, generator(seed, "text splits"))
    return TextWorld(rng.permuted(questions, axis=1), texts, splits, truth)


def _write(topics: IntArray, rng: np.random.Generator) -> IntArray:
    """Return a sentence on each of `topics`: its own words, shared ones, others, shape (sentences, sum(PARTS))."""
    own, shared, common = PARTS
    shared_from, common_from = TOPICS * OWN, WORDS - COMMON
    words = [
        OWN * topics[:, None] + _some_of(OWN, own, len(topics), rng),
        shared_from + SHARED * (topics[:, None] // 2) + _some_of(SHARED, shared, len(topics), rng),
        common_from + _some_of(COMMON, common, len(topics), rng),
    ]
    return np.hstack(words)


def _some_of(count: int, taken: int, texts: int, rng: np.random.Generator) -> IntArray:
    """Return `taken` different numbers below `count` for each text, shape (texts, taken)."""
    return rng.permuted(np.tile(np.arange(count), (texts, 1)), axis=1)[:, :taken]


def _show(truth: TextTruth, questions: IntArray, shown: int, rng: np.random.Generator) -> Impressions:
    """Return the log of one list for each query: documents drawn by the words they share with it."""
    documents, has = len(truth.holds), truth.holds.any(axis=1).T  # (V, I)
    lists = np.empty((len(questions), shown), dtype=np.int64)  # (U, L)
    for start in range(0, len(questions), QUERIES_AT_ONCE):
        part = questions[start : start + QUERIES_AT_ONCE]
        asked = np.zeros((len(part), WORDS), dtype=np.float32)
        np.put_along_axis(asked, part, values=1.0, axis=1)
        # The L largest of log chance + Gumbel noise are a weighted draw without replacement.
        keys = MATCHED * (asked @ has) + rng.gumbel(size=(len(part), documents))
        lists[start : start + len(part)] = np.argpartition(keys, documents - shown, axis=1)[:, documents - shown :]
    query = np.repeat(np.arange(len(questions)), shown)  # (R,)
    items = lists.ravel()
    return Impressions(query, query, items, rng.random(len(query)) < truth.click_probability(query, items))
