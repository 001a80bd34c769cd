"""PyTorch, another implementation by other people, as the judge of forward passes and gradients.

Both compute in double precision; 1e-5 relative is far above rounding and far below a wrong formula.
"""

import numpy as np
import pytest

from simulator.rankers import bilstm, cross_encoder, transformer, word2vec
from simulator.rankers.text_encoder import SHARPNESS, cosine_loss_and_gradient
from simulator.rankers.text_lists import Lists

torch = pytest.importorskip("torch")

WORDS, QUERY, DOCUMENT = 11, 4, 6


def numbers(parameters, rng):
    """Return the parameters moved at random, and as tensors that take gradients."""
    moved = {name: block + 0.2 * rng.normal(size=block.shape) for name, block in parameters.items()}
    return moved, {name: torch.tensor(block, requires_grad=True) for name, block in moved.items()}


def agree(ours, loss, tensors):
    """Assert that PyTorch's loss and gradients are ours to a relative 1e-5."""
    value, gradient = ours
    loss.backward()
    assert value == pytest.approx(loss.item(), rel=1e-5)
    for name, tensor in tensors.items():
        theirs = np.zeros_like(gradient[name]) if tensor.grad is None else tensor.grad.numpy()
        assert np.linalg.norm(gradient[name] - theirs) <= 1e-5 * np.linalg.norm(theirs) + 1e-12, name


def list_loss(scores, clicks):
    """Return the list loss in PyTorch."""
    aim = torch.tensor(clicks / clicks.sum(axis=1, keepdims=True))
    return torch.nn.functional.cross_entropy(scores, aim)


def lists(rng):
    """Return three lists of four documents."""
    clicks = np.array([[1.0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
    return Lists(rng.integers(WORDS, size=(3, QUERY)), rng.integers(WORDS, size=(3, 4, DOCUMENT)), clicks)


def cosine_scores(embed, batch):
    """Return the sharpened cosines of PyTorch embeddings, shape (Q, L)."""
    q = torch.nn.functional.normalize(embed(batch.queries), dim=-1)
    d = torch.nn.functional.normalize(embed(batch.documents.reshape(-1, DOCUMENT)), dim=-1)
    return SHARPNESS * (q[:, None] * d.reshape(*batch.clicks.shape, -1)).sum(-1)


@pytest.mark.parametrize("make", [word2vec.skip_gram_guesses, word2vec.cbow_guesses])
@pytest.mark.parametrize("negatives", [False, True])
def test_word2vec_agrees(make, negatives):
    """Skip-gram and CBOW, by the full softmax and by negatives, cost what PyTorch says."""
    rng = np.random.default_rng(0)
    batch = make(rng.integers(WORDS, size=9), 2)
    if negatives:
        batch = batch._replace(negatives=rng.integers(WORDS, size=4), weights=rng.random(4))
    p, t = numbers(word2vec.initial_parameters(WORDS, 5, rng), rng)
    seen = torch.tensor(batch.given >= 0)[:, :, None]
    h = (t["in"][np.maximum(batch.given, 0)] * seen).sum(1) / seen.sum(1)
    right = t["out"][batch.guessed]
    if negatives:
        against = torch.nn.functional.logsigmoid(-h @ t["out"][batch.negatives].T) @ torch.tensor(batch.weights)
        loss = -(torch.nn.functional.logsigmoid((h * right).sum(1)) + against).sum()
    else:
        loss = torch.nn.functional.cross_entropy(h @ t["out"].T, torch.tensor(batch.guessed), reduction="sum")
    agree(word2vec.loss_and_gradient(p, batch), loss / batch.places, t)


def torch_layers(t, texts, layers=2):
    """Return the word vectors and each LSTM layer's outputs, by direction, in its own time, each (R, T, H)."""
    out = []
    H = t["E"].shape[1]
    order = [0, 1, 3, 2]  # PyTorch has input, forget, candidate, output
    for direction, tokens in enumerate((texts, texts[:, ::-1].copy())):
        x = t["E"][tokens]
        levels = [x]
        for j in range(layers):
            wx, wh, b = (
                t[f"{kind}{j}"][direction].reshape(-1, 4, H)[:, order].reshape(-1, 4 * H).T for kind in ("x", "h", "b")
            )
            cell = {"weight_ih_l0": wx, "weight_hh_l0": wh, "bias_ih_l0": b[:, 0], "bias_hh_l0": torch.zeros(4 * H)}
            lstm = torch.nn.LSTM(H, H, batch_first=True, dtype=torch.float64)
            cell["bias_hh_l0"] = cell["bias_hh_l0"].double()
            x, _ = torch.func.functional_call(lstm, cell, (x,))
            levels.append(x)
        out.append(levels)
    return out


def test_the_lstms_language_models_agree():
    """Both directions' guesses of the next word cost what torch.nn.LSTM's do."""
    rng = np.random.default_rng(1)
    p, t = numbers(bilstm.initial_parameters(WORDS, 5, 2, rng), rng)
    texts = rng.integers(WORDS, size=(3, DOCUMENT))
    losses = []
    for tokens, levels in zip((texts, texts[:, ::-1].copy()), torch_layers(t, texts), strict=True):
        logits = levels[-1][:, :-1] @ t["out"] + t["out_b"]
        losses.append(torch.nn.functional.cross_entropy(logits.reshape(-1, WORDS), torch.tensor(tokens[:, 1:].ravel())))
    agree(bilstm.language_loss_and_gradient(p, texts), sum(losses) / 2, t)


def test_the_lstms_ranking_agrees():
    """Lists by the cosine of mixed layers cost what PyTorch says, and so do the contextual vectors agree."""
    rng = np.random.default_rng(2)
    p, t = numbers(bilstm.initial_parameters(WORDS, 5, 2, rng), rng)
    batch = lists(rng)

    def contextual(texts):
        forwards, backwards = torch_layers(t, texts)
        levels = [torch.cat([f, b.flip(1)], dim=-1) for f, b in zip(forwards, backwards, strict=True)]
        return torch.tensordot(torch.softmax(t["mix"], 0), torch.stack(levels), dims=1)

    theirs = contextual(batch.queries).detach().numpy()
    assert np.allclose(bilstm.contextual(p, batch.queries), theirs, rtol=1e-5, atol=1e-12)
    ours = cosine_loss_and_gradient(bilstm.embed, bilstm.embed_gradient, p, batch)
    agree(ours, list_loss(cosine_scores(lambda texts: contextual(texts).mean(1), batch), batch.clicks), t)


def torch_encode(t, tokens, segments=None):
    """Return the transformer's vectors, by PyTorch's norm and attention."""
    R, T = tokens.shape
    W = t["E"].shape[1]
    x = t["E"][tokens] + t["P"][:T] + t["S"][np.zeros(T, dtype=int) if segments is None else segments]

    def norm(x, name, j=""):
        return torch.nn.functional.layer_norm(x, (W,), t[f"{name}{j}"], t[f"{name}_b{j}"], eps=1e-5)

    for j in range(2):
        qkv = norm(x, "n", j) @ t[f"qkv{j}"] + t[f"qkv_b{j}"]
        q, k, v = (part.reshape(R, T, transformer.HEADS, -1).transpose(1, 2) for part in qkv.split(W, dim=-1))
        found = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(R, T, W)
        x = x + found @ t[f"o{j}"] + t[f"o_b{j}"]
        units = torch.relu(norm(x, "m", j) @ t[f"f{j}"] + t[f"f_b{j}"])
        x = x + units @ t[f"g{j}"] + t[f"g_b{j}"]
    return norm(x, "n")


def encoder(rng, places):
    """Return a transformer's parameters and tensors."""
    return numbers(transformer.initial_parameters(WORDS, places, 2, rng), rng)


def test_the_masked_words_agree():
    """Guesses of masked words cost what PyTorch says."""
    rng = np.random.default_rng(3)
    p, t = encoder(rng, DOCUMENT)
    batch = transformer.masked(rng.integers(WORDS, size=(5, DOCUMENT)), WORDS, rng)
    logits = torch_encode(t, batch.tokens)[batch.chosen] @ t["E"][:WORDS].T + t["out_b"]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch.words[batch.chosen]))
    agree(transformer.masked_loss_and_gradient(p, batch), loss, t)


def test_the_transformers_ranking_agrees():
    """Lists by the cosine of mean vectors cost what PyTorch says."""
    rng = np.random.default_rng(4)
    p, t = encoder(rng, DOCUMENT)
    batch = lists(rng)
    ours = cosine_loss_and_gradient(transformer.embed, transformer.embed_gradient, p, batch)
    agree(ours, list_loss(cosine_scores(lambda texts: torch_encode(t, texts).mean(1), batch), batch.clicks), t)


def test_the_cross_encoder_agrees():
    """Lists by the score of query and document read together cost what PyTorch says."""
    rng = np.random.default_rng(5)
    p, _ = encoder(rng, QUERY + DOCUMENT)
    p, t = numbers({**p, "w": rng.normal(size=p["E"].shape[1])}, rng)
    batch = lists(rng)
    together = np.concatenate([np.repeat(batch.queries[:, None], 4, axis=1), batch.documents], axis=2)
    y = torch_encode(t, together.reshape(12, -1), np.repeat([0, 1], [QUERY, DOCUMENT]))
    loss = list_loss((y.mean(1) @ t["w"]).reshape(3, 4), batch.clicks)
    agree(cross_encoder.loss_and_gradient(p, batch), loss, t)
