"""One word, two meanings: apple is a fruit in one sentence and a company in another."""

import numpy as np
import pytest

from simulator.data.senses import AMBIGUOUS, make_senses
from simulator.rankers import bilstm, transformer, word2vec
from simulator.rankers.optimizers import Schedule

LEARNT_FROM = 1500


@pytest.fixture(scope="module")
def corpus():
    """Return 2,000 sentences, of which the last 500 are held out."""
    return make_senses(2000, seed=0)


def by_lstms(corpus, rng):
    """Return the language models' vectors of every token."""
    found = bilstm.pretrain(corpus.sentences[:LEARNT_FROM], len(corpus.vocabulary), rng, Schedule(4, 1e-2))
    return bilstm.contextual(found, corpus.sentences)


def by_transformer(corpus, rng):
    """Return the transformer's vectors of every token."""
    found = transformer.pretrain(corpus.sentences[:LEARNT_FROM], len(corpus.vocabulary), rng, Schedule(12, 5e-3))
    return transformer.encode(found, corpus.sentences)[0]


@pytest.mark.parametrize("model", [by_lstms, by_transformer])
def test_contextual_vectors_tell_the_senses_apart(corpus, model):
    """The nearest of two centroids gives the sense of at least 95% of 500 sentences that were not learnt from."""
    vectors = model(corpus, np.random.default_rng(0))
    of_word = vectors[np.arange(len(vectors)), corpus.place]
    learnt, held_out = slice(LEARNT_FROM), slice(LEARNT_FROM, None)
    centroids = np.stack([of_word[learnt][corpus.sense[learnt] == sense].mean(axis=0) for sense in (0, 1)])
    apart = np.linalg.norm(of_word[held_out][:, None] - centroids, axis=2)
    assert np.mean(apart.argmin(axis=1) == corpus.sense[held_out]) >= 0.95


def test_a_word_vector_is_one_for_both_senses(corpus):
    """Word2vec has one vector for the word, near words of either sense: within 0.25 of equal in mean cosine."""
    settings = word2vec.Settings(schedule=Schedule(4, 1e-2))
    vectors = word2vec.learn(list(corpus.sentences), len(corpus.vocabulary), settings, np.random.default_rng(0))["in"]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert len(unit) == len(corpus.vocabulary)  # one row for a word, whatever it means
    apple = unit[corpus.vocabulary.number[AMBIGUOUS]]
    fruit, company = (
        unit[[corpus.vocabulary.number[word] for word in words]] @ apple
        for words in (("juicy", "orchard", "pie", "pear"), ("shares", "phone", "software", "profit"))
    )
    assert abs(fruit.mean() - company.mean()) < 0.25


def test_the_corpus_is_balanced_and_each_sentence_has_the_word_once(corpus):
    """Half of the sentences mean the fruit, and the word stands where it is said to stand."""
    assert corpus.sense.sum() == len(corpus.sense) / 2
    number = corpus.vocabulary.number[AMBIGUOUS]
    assert ((corpus.sentences == number).sum(axis=1) == 1).all()
    assert (corpus.sentences[np.arange(len(corpus.place)), corpus.place] == number).all()
