"""Word vectors: what is guessed, what it costs, and what the vectors are in the end."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from simulator.errors import InputError
from simulator.rankers.optimizers import Schedule
from simulator.rankers.word2vec import (
    Guesses,
    Settings,
    cbow_guesses,
    initial_parameters,
    learn,
    loss_and_gradient,
    skip_gram_guesses,
    subsampled,
)

RNG = np.random.default_rng


@pytest.mark.parametrize(("tokens", "window"), [(10, 3), (7, 6), (50, 5), (2, 1), (12, 1)])
def test_a_sentence_has_so_many_pairs(tokens, window):
    """A sentence of n tokens has 2 n c - c (c + 1) pairs of a token and one within c < n of it."""
    pairs = skip_gram_guesses(np.arange(tokens), window)
    assert len(pairs.guessed) == 2 * tokens * window - window * (window + 1)
    assert set(np.abs(pairs.given[:, 0] - pairs.guessed)) == set(range(1, window + 1))


def test_a_window_beyond_the_sentence_pairs_everything():
    """Of 4 tokens with a window of 9, each is paired with each of the 3 others."""
    assert len(skip_gram_guesses(np.arange(4), 9).guessed) == 4 * 3


def log_p(parameters, given):
    """Return log p of every word, given one vector."""
    return log_softmax(parameters["out"] @ given)


def test_the_skip_gram_loss_is_that_of_the_context_given_the_word():
    """The loss is the mean over places of -log p(context | w_t), the sum over the context's words, token by token."""
    sentence, window = np.array([0, 3, 1, 1, 2, 4]), 2
    parameters = initial_parameters(5, 3, RNG(1))
    total = 0.0
    for t, word in enumerate(sentence):
        for u in range(max(0, t - window), min(len(sentence), t + window + 1)):
            total -= log_p(parameters, parameters["in"][word])[sentence[u]] if u != t else 0.0
    loss, _ = loss_and_gradient(parameters, skip_gram_guesses(sentence, window))
    assert loss == pytest.approx(total / len(sentence), rel=1e-12)


def test_the_cbow_loss_is_that_of_the_word_given_its_context():
    """The loss is the mean over places of -log p(w_t | context), from the mean of the context's vectors."""
    sentence, window = np.array([0, 3, 1, 1, 2, 4]), 2
    parameters = initial_parameters(5, 3, RNG(2))
    total = 0.0
    for t, word in enumerate(sentence):
        near = [sentence[u] for u in range(max(0, t - window), min(len(sentence), t + window + 1)) if u != t]
        total -= log_p(parameters, parameters["in"][near].mean(axis=0))[word]
    loss, _ = loss_and_gradient(parameters, cbow_guesses(sentence, window))
    assert loss == pytest.approx(total / len(sentence), rel=1e-12)


def test_negative_sampling_by_hand():
    """With zero vectors a pair costs log 2 for itself and log 2 for each negative's weight."""
    zero = {"in": np.zeros((4, 2)), "out": np.zeros((4, 2))}
    batch = Guesses(np.array([[0]]), np.array([1]), 1, np.array([2, 3, 3]), np.array([1.0, 2.0, 2.5]))
    assert loss_and_gradient(zero, batch)[0] == pytest.approx(np.log(2) * 6.5)


def test_sampled_negatives_meet_pmi_less_log_k():
    """At the optimum of negative sampling the inner products are PMI - ln k.

    Source: Levy & Goldberg, "Neural word embedding as implicit matrix factorization", NeurIPS 2014, equation 7. The
    negatives are all words by their shares, so nothing is left to chance, and vectors as wide as the table can meet
    any optimum. The slope by an inner product is (p(w, c) + k p(w) p(c)) (s(x) - s(x*)), so that x is off by at most
    the slope over that factor and the least s' between x and x*: this, from what the minimiser left, is the tolerance.
    """
    k, counts = 3.0, RNG(3).integers(1, 30, size=(5, 5))
    words, contexts = (np.repeat(axis.ravel(), counts.ravel()) for axis in np.indices(counts.shape))
    share = counts / counts.sum()
    by_word, by_context = share.sum(axis=1), share.sum(axis=0)
    batch = Guesses(words[:, None], contexts, len(words), np.arange(5), k * by_context)
    start = {name: 3 * block for name, block in initial_parameters(5, 5, RNG(4)).items()}

    def objective(flat):
        loss, gradient = loss_and_gradient({"in": flat[:25].reshape(5, 5), "out": flat[25:].reshape(5, 5)}, batch)
        return loss, np.concatenate([gradient["in"].ravel(), gradient["out"].ravel()])

    flat = np.concatenate([start["in"].ravel(), start["out"].ravel()])
    found = minimize(objective, flat, method="BFGS", jac=True, options={"gtol": 1e-9, "maxiter": 5000}).x
    x = found[:25].reshape(5, 5) @ found[25:].reshape(5, 5).T
    limit = np.log(share / np.outer(by_word, by_context)) - np.log(k)
    # The slope by `in` is the one by the products times `out`.
    slope = objective(found)[1][:25].reshape(5, 5) @ np.linalg.inv(found[25:].reshape(5, 5))
    steepness = np.minimum(*(expit(z) * expit(-z) for z in (x, limit)))
    tolerance = np.abs(slope).max() / ((share + k * np.outer(by_word, by_context)) * steepness)
    assert tolerance.max() < 1e-4  # converged well enough to say something
    assert (np.abs(x - limit) <= tolerance + 1e-12).all()


def test_frequent_words_are_left_out_by_the_square_root_of_their_share():
    """Words of share 0.4 stay with chance sqrt(0.1 / 0.4) = 1/2 within five standard errors; rare ones all stay."""
    sentence = np.repeat([0, 1], [40_000, 5000])
    kept = subsampled(sentence, np.array([0.4, 0.1]), 0.1, RNG(5))
    assert np.count_nonzero(kept == 0) == pytest.approx(20_000, abs=5 * (40_000 / 4) ** 0.5)
    assert np.count_nonzero(kept == 1) == 5000


@pytest.mark.parametrize("task", ["skip-gram", "cbow"])
@pytest.mark.parametrize("words", [40, 600])
def test_words_that_stand_together_come_together(task, words):
    """Words of one topic expect each other more than words of two, by full softmax (40) and by negatives (600)."""
    rng = RNG(6)
    half = words // 2
    sentences = [rng.integers(half, size=10) + half * (i % 2) for i in range(600)]
    settings = Settings(task=task, width=8, rare=1.0, batch=64, schedule=Schedule(epochs=5, rate=0.03))
    found = learn(sentences, words, settings, rng)
    x = found["in"] @ found["out"].T
    within = np.concatenate([x[:half, :half].ravel(), x[half:, half:].ravel()])
    assert within.mean() > np.concatenate([x[:half, half:].ravel(), x[half:, :half].ravel()]).mean() + 1


def test_too_little_text_is_refused():
    """A single sentence, or ones of a single word, leave nothing to learn from."""
    with pytest.raises(InputError, match="at least 2 sentences of 2 words or more; got 1"):
        learn([np.array([0, 1]), np.array([1])], 2, Settings(), RNG(0))


def test_a_window_of_nothing_is_refused():
    """A window without words is named."""
    with pytest.raises(InputError, match="at least 1 word to each side; got 0"):
        skip_gram_guesses(np.arange(3), 0)
