"""Where a transformer's learning starts: what its words look at before they have learnt anything."""

import numpy as np
import pytest

from simulator.rankers.transformer import encode, initial_parameters

WORDS, PLACES = 50, 18


@pytest.fixture(scope="module")
def parameters():
    """Return random parameters of one layer."""
    return initial_parameters(WORDS, PLACES, 1, np.random.default_rng(0))


def looks(parameters, texts):
    """Return how much each place looks at each, a mean over heads, shape (R, T, T)."""
    _, passed = encode(parameters, texts)
    return passed.layers[0].attention[4].mean(axis=1)


def test_a_word_looks_most_at_those_near_it(parameters):
    """Among equal words, which only their places tell apart, one looks less and less 0, 2, 4 and 8 places off."""
    p = looks(parameters, np.repeat(np.arange(WORDS)[:, None], PLACES, axis=1)).mean(axis=0)
    by_distance = [np.diagonal(p, distance).mean() for distance in (0, 2, 4, 8)]
    assert (np.diff(by_distance) < 0).all(), by_distance


def test_a_word_looks_most_at_itself_elsewhere(parameters):
    """Of other places it looks most at the one that has its word, in most of 500 texts, however far that is."""
    rng = np.random.default_rng(1)
    texts = rng.permuted(np.tile(np.arange(WORDS), (500, 1)), axis=1)[:, :PLACES]
    texts[:, -1] = texts[:, 0]
    assert np.mean(looks(parameters, texts)[:, 0, 1:].argmax(axis=1) == PLACES - 2) > 0.9
