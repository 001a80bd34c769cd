"""A filter over words' vectors: its slope, what freezing keeps, and what it refuses."""

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.rankers.pooled_words import TABLE, Texts, fit_filter, loss_and_gradient, utility, wrong_share

STEP = 1e-5


def some_texts(rng, count=9):
    """Return texts of one to four of six words, some words twice, and labels."""
    words = rng.integers(6, size=(count, 4))
    words[np.arange(4) >= rng.integers(1, 5, size=count)[:, None]] = -1
    return Texts(words, np.arange(count) % 2 == 0)


def some_parameters(rng):
    """Return random parameters of six words in three dimensions."""
    return {TABLE: rng.normal(size=(6, 3)), "weights": rng.normal(size=3), "offset": rng.normal(size=1)}


@pytest.mark.parametrize("seed", range(3))
def test_every_block_of_the_gradient_is_the_slope_of_the_loss(seed):
    """Vectors, weights and offset have the slopes of central differences within 1e-6."""
    rng = np.random.default_rng(seed)
    parameters, texts = some_parameters(rng), some_texts(rng)
    _, gradient = loss_and_gradient(parameters, texts)
    assert gradient.keys() == parameters.keys()
    for name, block in parameters.items():
        slope = np.empty_like(block)
        for index in np.ndindex(block.shape):
            ends = []
            for sign in (1, -1):
                moved = block.copy()
                moved[index] += sign * STEP
                ends.append(loss_and_gradient({**parameters, name: moved}, texts)[0])
            slope[index] = (ends[0] - ends[1]) / (2 * STEP)
        assert np.linalg.norm(gradient[name] - slope) < 1e-6 * np.linalg.norm(slope), name


def test_torch_agrees():
    """PyTorch's mean of embeddings, log loss and automatic slopes agree to 1e-10."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    parameters, texts = some_parameters(rng), some_texts(rng)
    p = {name: torch.tensor(block, requires_grad=True) for name, block in parameters.items()}
    pooled = torch.stack([p[TABLE][torch.tensor(row[row >= 0])].mean(dim=0) for row in texts.words])
    z = pooled @ p["weights"] + p["offset"]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(texts.labels.astype(float)))
    loss = loss + 0.5e-3 * (p["weights"] ** 2).sum()
    loss.backward()
    found, gradient = loss_and_gradient(parameters, texts)
    assert found == pytest.approx(loss.item(), rel=1e-10)
    for name in parameters:
        assert gradient[name] == pytest.approx(p[name].grad.numpy(), rel=1e-10, abs=1e-14), name


def test_a_text_is_the_mean_of_its_words():
    """A word counts as often as it occurs, and what comes after a text's end does not count."""
    parameters = {TABLE: np.array([[1.0], [4.0]]), "weights": np.array([2.0]), "offset": np.array([0.5])}
    assert utility(parameters, np.array([[0, 0, 1], [1, -1, -1]])).tolist() == [2 * 2.0 + 0.5, 2 * 4.0 + 0.5]


def test_frozen_vectors_stay_and_others_move():
    """Frozen by name, the vectors are those given but for their length; fine-tuned they are not."""
    rng = np.random.default_rng(0)
    vectors, texts = rng.normal(size=(6, 3)), some_texts(rng, 40)
    start = vectors / np.sqrt(np.mean(vectors**2))
    assert np.array_equal(fit_filter(vectors, texts, texts, 0, (TABLE,))[TABLE], start)
    assert not np.allclose(fit_filter(vectors, texts, texts, 0)[TABLE], start)


def test_words_that_tell_are_learnt():
    """Where one word makes a text spam the filter puts nearly every text right, whatever the vectors' length."""
    rng = np.random.default_rng(1)
    words = rng.integers(6, size=(300, 4))
    texts = Texts(words, (words == 2).any(axis=1))
    for length in (1e-3, 1e3):
        found = fit_filter(length * rng.normal(size=(6, 3)), texts, texts, 0)
        assert wrong_share(found, texts) < 0.02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.ones(9, dtype=bool)}, "both classes; got 9 of 9"),
        ({"labels": np.zeros(9, dtype=bool)}, "both classes; got 0 of 9"),
        ({"words": np.full((9, 4), 6)}, "words from 0 to 5, which have vectors, .* got 6 to 6"),
        ({"words": np.full((9, 4), -1)}, "at least one word in each text"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change, message):
    """One class only, words without a vector and texts without a word are named."""
    rng = np.random.default_rng(0)
    texts = some_texts(rng)._replace(**change)
    with pytest.raises(InputError, match=message):
        fit_filter(rng.normal(size=(6, 3)), texts, texts, 0)


@pytest.mark.parametrize("vectors", [np.full((6, 3), np.nan), np.zeros((6, 3))])
def test_vectors_that_say_nothing_are_refused(vectors):
    """NaN among the vectors, or nothing but zeros, is named."""
    texts = some_texts(np.random.default_rng(0))
    with pytest.raises(InputError, match="finite word vectors that are not all zero"):
        fit_filter(vectors, texts, texts, 0)
