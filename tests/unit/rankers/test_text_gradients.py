"""Analytic gradients of the models of text against central differences, block by block."""

from functools import partial

import numpy as np
import pytest

from simulator.rankers import bilstm, cross_encoder, transformer, word2vec
from simulator.rankers.text_encoder import cosine_loss_and_gradient
from simulator.rankers.text_lists import Lists
from tests.unit.rankers.differences import central_differences, shaken

WORDS = 6


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Make transformers small enough for a loop over every number."""
    for name, size in (("WIDTH", 4), ("HEADS", 2), ("UNITS", 3)):
        monkeypatch.setattr(transformer, name, size)


def lists(rng):
    """Return three lists of four documents, one or two of them clicked."""
    clicks = np.array([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
    return Lists(rng.integers(WORDS, size=(3, 4)), rng.integers(WORDS, size=(3, 4, 5)), clicks)


def vectors(rng):
    """Return random word vectors."""
    return shaken(word2vec.initial_parameters(WORDS, 3, rng), rng)


def skip_gram_softmax(rng):
    """Return skip-gram with the full softmax."""
    return word2vec.loss_and_gradient, vectors(rng), word2vec.skip_gram_guesses(rng.integers(WORDS, size=7), 2)


def cbow_softmax(rng):
    """Return CBOW with the full softmax, with windows cut short at both ends."""
    return word2vec.loss_and_gradient, vectors(rng), word2vec.cbow_guesses(rng.integers(WORDS, size=7), 2)


def cbow_negatives(rng):
    """Return CBOW with negatives of different weights, one of them drawn twice."""
    batch = word2vec.cbow_guesses(rng.integers(WORDS, size=7), 2)
    sampled = {"negatives": np.array([0, 3, 3, 5]), "weights": np.array([0.5, 1.0, 2.0, 0.25])}
    return word2vec.loss_and_gradient, vectors(rng), batch._replace(**sampled)


def two_lstms(rng):
    """Return language models of two layers, and their parameters."""
    return shaken(bilstm.initial_parameters(WORDS, 3, 2, rng), rng)


def lstm_language(rng):
    """Return the language models' own loss."""
    return bilstm.language_loss_and_gradient, two_lstms(rng), rng.integers(WORDS, size=(3, 5))


def lstm_ranking(rng):
    """Return the loss of lists by the LSTMs' embeddings."""
    return partial(cosine_loss_and_gradient, bilstm.embed, bilstm.embed_gradient), two_lstms(rng), lists(rng)


def encoder(rng, places=5):
    """Return the parameters of a transformer of two layers."""
    return shaken(transformer.initial_parameters(WORDS, places, 2, rng), rng)


def masked_words(rng):
    """Return the loss of masked words."""
    batch = transformer.masked(rng.integers(WORDS, size=(3, 5)), WORDS, rng)
    return transformer.masked_loss_and_gradient, encoder(rng), batch


def transformer_ranking(rng):
    """Return the loss of lists by the transformer's embeddings."""
    loss = partial(cosine_loss_and_gradient, transformer.embed, transformer.embed_gradient)
    return loss, encoder(rng), lists(rng)


def cross_ranking(rng):
    """Return the loss of lists by the cross-encoder's scores."""
    return cross_encoder.loss_and_gradient, {**encoder(rng, 9), "w": rng.normal(size=4)}, lists(rng)


PROBLEMS = [
    skip_gram_softmax,
    cbow_softmax,
    cbow_negatives,
    lstm_language,
    lstm_ranking,
    masked_words,
    transformer_ranking,
    cross_ranking,
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_block_of_the_gradient_is_the_slope_of_the_loss(problem, seed):
    """Each block's gradient is within 1e-6 of central differences, relative to the whole gradient's size."""
    loss_and_gradient, parameters, batch = problem(np.random.default_rng(seed))
    _, gradient = loss_and_gradient(parameters, batch)
    assert gradient.keys() == parameters.keys()
    slopes = {
        name: central_differences(lambda p: loss_and_gradient(p, batch)[0], parameters, name) for name in parameters
    }
    size = max(np.linalg.norm(slope) for slope in slopes.values())
    for name, slope in slopes.items():
        assert gradient[name].shape == parameters[name].shape
        # Some blocks have no slope at all: what they are off by is judged by the largest block.
        assert np.linalg.norm(gradient[name] - slope) < 1e-6 * max(np.linalg.norm(slope), 1e-2 * size), name
