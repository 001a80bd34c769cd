"""What is served of text is what was trained, and costs what is counted."""

import numpy as np
import pytest

from simulator.rankers import cross_encoder, transformer
from simulator.rankers.bilstm import BiLSTM
from simulator.rankers.bilstm import initial_parameters as lstms
from simulator.rankers.cross_encoder import CrossEncoder
from simulator.rankers.transformer import Transformer
from simulator.rankers.word2vec import Word2Vec

WORDS, QUERY, DOCUMENT = 20, 4, 6
RNG = np.random.default_rng


def texts(count, tokens, seed=0):
    """Return random texts, as a ranker keeps them."""
    return RNG(seed).integers(WORDS, size=(count, tokens)).astype(np.float32)


def single(parameters):
    """Return parameters as they are served."""
    return {name: block.astype(np.float32) for name, block in parameters.items()}


def encoder(places):
    """Return the parameters of a transformer."""
    return transformer.initial_parameters(WORDS, places, 2, RNG(1))


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (Word2Vec, {"in": RNG(2).normal(size=(WORDS, 5))}),
        (BiLSTM, lstms(WORDS, 5, 2, RNG(3))),
        (Transformer, encoder(DOCUMENT)),
    ],
)
def test_a_bi_encoder_serves_the_cosine_of_its_embeddings(kind, parameters):
    """Scores are within 1e-5 of the cosines in double precision, and cost 2 W a candidate."""
    documents, queries = texts(30, DOCUMENT), texts(3, QUERY, 1)
    served = single(parameters)
    ranker = kind(served, queries, kind._item_rows(parameters, documents).astype(np.float32))
    d, q = (kind.embed(parameters, rows.astype(int)) for rows in (documents, queries))
    cosines = (d @ q[1]) / (np.linalg.norm(d, axis=1) * np.linalg.norm(q[1]))
    assert np.abs(ranker.score(1, slice(None)) - cosines).max() < 1e-5
    assert ranker.flops_per_candidate == 2 * d.shape[1]


def cross(documents):
    """Return a cross-encoder over random documents."""
    parameters = {**encoder(QUERY + DOCUMENT), "w": RNG(4).normal(size=transformer.WIDTH)}
    return CrossEncoder(single(parameters), texts(3, QUERY, 1), texts(documents, DOCUMENT)), parameters


def test_a_cross_encoder_serves_what_was_trained():
    """Scores of more pairs than are worked on at once are within 1e-4 of the double-precision model's, one by one."""
    ranker, parameters = cross(2 * cross_encoder.PAIRS_AT_ONCE + 3)
    scores = ranker.score(2, slice(None))
    segments = np.repeat([0, 1], [QUERY, DOCUMENT])
    for item in range(0, len(scores), 37):
        together = np.concatenate([ranker.users[2], ranker.items[item]]).astype(int)[None]
        y, _ = transformer.encode(parameters, together, segments)
        assert scores[item] == pytest.approx(y[0].mean(axis=0) @ parameters["w"], abs=1e-4)


def test_a_cross_encoder_counted_by_hand():
    """Two layers over 10 tokens, width 32 and 64 units: 163,840 for weights and 12,800 for attention each, 384 more.

    Weights: 2 x 10 x (4 x 32^2 + 2 x 32 x 64); attention: 4 x 10^2 x 32; the mean and the score: 10 x 32 + 2 x 32.
    """
    assert (transformer.WIDTH, transformer.UNITS) == (32, 64)
    assert cross(5)[0].flops_per_candidate == 2 * (163_840 + 12_800) + 384


def test_a_resampled_document_has_the_words_of_one_in_another_order():
    """Documents of a larger catalogue are about what those of the source are about, and few are the same text."""
    ranker, _ = cross(40)
    items = ranker.for_catalogue(500, seed=1).items
    sources = {tuple(sorted(words)) for words in ranker.items.tolist()}
    assert all(tuple(sorted(words)) in sources for words in items.tolist())
    texts = {tuple(words) for words in ranker.items.tolist()}
    assert np.mean([tuple(words) in texts for words in items.tolist()]) < 0.1
    assert np.array_equal(items, items.astype(int))
