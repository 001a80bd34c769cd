"""Two LSTM language models, one reading forwards and one backwards: a word's vector depends on its sentence.

The layers, the word's own vector among them, are mixed by weights that the task learns. A text is the mean of its
words' mixed vectors.

Source: Peters et al., "Deep contextualized word representations", NAACL 2018, sections 3.1 and 3.2; its scale gamma is
left out, as no cosine depends on it.

Shapes: V words, H width of word vectors and of hidden units, D = 2 directions, the second in reversed time, R texts, T
tokens of a text, J layers of an LSTM.
"""

from functools import partial
from typing import ClassVar, NamedTuple, final

import numpy as np
from scipy.special import expit, softmax

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters
from simulator.rankers.layers import cross_entropy, softmax_gradient, summed_by_number
from simulator.rankers.optimizers import Schedule, descend
from simulator.rankers.text_encoder import TextEncoder, cosine_loss_and_gradient
from simulator.rankers.text_lists import shuffled_texts, train_and_held_out, word_count

__all__ = [
    "BiLSTM",
    "contextual",
    "embed",
    "embed_gradient",
    "initial_parameters",
    "language_loss_and_gradient",
    "pretrain",
]

WIDTH = 32
LAYERS = 1
TEXTS = 64
LISTS = 16
OTHERS = 7
LANGUAGE = Schedule(epochs=10, rate=1e-2)
RANKING = Schedule(epochs=6, rate=1e-2)

Gradient = dict[str, FloatArray]


class _Layer(NamedTuple):
    """What one layer went through, in the time of each direction.

    Its inputs `x` (T, D, R, H), the `gates` (T, D, R, 4 H), input, forget and output ones and the candidates, its
    `cells` and its outputs `h` (T, D, R, H).
    """

    x: FloatArray
    gates: FloatArray
    cells: FloatArray
    h: FloatArray


def initial_parameters(words: int, width: int, layers: int, rng: np.random.Generator) -> Gradient:
    """Return random weights, and offsets that let a cell keep half of what it holds and a bit more.

    ``E`` (V, H); for each layer j ``x{j}`` and ``h{j}`` (D, H, 4 H), ``b{j}`` (D, 1, 4 H); ``out`` (H, V) and
    ``out_b`` (V,), which both directions guess by; ``mix`` (J + 1,).
    """
    H = width
    blocks = {"E": rng.standard_normal((words, H)) * H**-0.5}
    for j in range(layers):
        blocks[f"x{j}"] = rng.standard_normal((2, H, 4 * H)) * H**-0.5
        blocks[f"h{j}"] = rng.standard_normal((2, H, 4 * H)) * H**-0.5
        blocks[f"b{j}"] = np.zeros((2, 1, 4 * H))
        blocks[f"b{j}"][..., H : 2 * H] = 1.0
    blocks["out"] = rng.standard_normal((H, words)) * H**-0.5
    return blocks | {"out_b": np.zeros(words), "mix": np.zeros(layers + 1)}


def language_loss_and_gradient(parameters: Parameters, texts: IntArray) -> tuple[float, Parameters]:
    """Return the mean of -log p(next word) forwards and backwards, and its gradient by parameter.

    Parameters
    ----------
    parameters
        As `initial_parameters` gives; ``mix`` plays no part.
    texts
        Shape (R, T), R >= 1, T >= 2.
    """
    tokens, layers = _read(parameters, texts)  # (T, D, R)
    H = parameters["E"].shape[1]
    h = layers[-1].h[:-1].reshape(-1, H)  # ((T - 1) D R, H)
    loss, slope = cross_entropy(h @ parameters["out"] + parameters["out_b"], tokens[1:].ravel())
    slope /= len(h)
    dh = np.zeros_like(layers[-1].h)
    dh[:-1] = (slope @ parameters["out"].T).reshape(dh[:-1].shape)
    by_layer = [np.zeros_like(layer.h) for layer in layers[:-1]] + [dh]
    gradient = _read_gradient(parameters, tokens, layers, (0.0, by_layer))
    gradient |= {"out": h.T @ slope, "out_b": slope.sum(axis=0), "mix": np.zeros_like(parameters["mix"])}
    return loss / len(h), gradient


def contextual(parameters: Parameters, texts: IntArray) -> FloatArray:
    """Return the vector of each token in its text, layers mixed, shape (R, T, 2 H)."""
    tokens, layers = _read(parameters, texts)
    mix = softmax(parameters["mix"])
    # In its own time the second direction reads from the end: turned round, places agree.
    mixed = mix[0] * parameters["E"][tokens] + sum(s * layer.h for s, layer in zip(mix[1:], layers, strict=True))
    return np.concatenate([mixed[:, 0], mixed[::-1, 1]], axis=-1).swapaxes(0, 1)


def embed(parameters: Parameters, texts: IntArray) -> tuple[FloatArray, tuple[IntArray, list[_Layer], FloatArray]]:
    """Return the mean of the tokens' vectors, shape (R, 2 H), and what its gradient needs."""
    tokens, layers = _read(parameters, texts)
    levels = [parameters["E"][tokens], *(layer.h for layer in layers)]  # each (T, D, R, H)
    means = np.stack([level.mean(axis=0) for level in levels])  # (J + 1, D, R, H)
    mixed = np.tensordot(softmax(parameters["mix"]), means, axes=1)  # (D, R, H)
    return np.concatenate([mixed[0], mixed[1]], axis=1), (tokens, layers, means)


def embed_gradient(
    parameters: Parameters, d_embedding: FloatArray, kept: tuple[IntArray, list[_Layer], FloatArray]
) -> Gradient:
    """Return the gradient by parameter from the gradient by embeddings, shape (R, 2 H)."""
    tokens, layers, means = kept
    d_mixed = np.stack(np.split(d_embedding, 2, axis=1))  # (D, R, H)
    mix = softmax(parameters["mix"])
    d_mix = softmax_gradient(mix, np.tensordot(means, d_mixed, axes=3))
    T = len(tokens)
    d_levels = [np.broadcast_to(s / T * d_mixed, (T, *d_mixed.shape)) for s in mix]
    gradient = _read_gradient(parameters, tokens, layers, (d_levels[0], d_levels[1:]))
    still = {name: np.zeros_like(parameters[name]) for name in ("out", "out_b")}
    return gradient | still | {"mix": d_mix}


def _read(parameters: Parameters, texts: IntArray) -> tuple[IntArray, list[_Layer]]:
    """Return the tokens in the time of each direction, shape (T, D, R), and what the layers made of them."""
    forwards = texts.T  # (T, R)
    tokens = np.stack([forwards, forwards[::-1]], axis=1)  # (T, D, R)
    x, layers = parameters["E"][tokens], []
    for j in range(len(parameters["mix"]) - 1):
        layers.append(_run(parameters, j, x))
        x = layers[-1].h
    return tokens, layers


def _run(parameters: Parameters, j: int, x: FloatArray) -> _Layer:
    """Return what layer j makes of its inputs, shape (T, D, R, H).

    Source: Hochreiter & Schmidhuber, "Long short-term memory", 1997, with the forget gate of Gers et al., 2000.
    """
    gates = x @ parameters[f"x{j}"] + parameters[f"b{j}"]  # (T, D, R, 4 H)
    H = x.shape[-1]
    cells, outputs = np.empty_like(x), np.empty_like(x)
    c = h = np.zeros_like(x[0])  # (D, R, H)
    for t in range(len(x)):
        z = gates[t]
        z += h @ parameters[f"h{j}"]
        expit(z[..., : 3 * H], out=z[..., : 3 * H])
        np.tanh(z[..., 3 * H :], out=z[..., 3 * H :])
        i, f, o, g = np.split(z, 4, axis=-1)
        c = f * c + i * g
        h = o * np.tanh(c)
        cells[t], outputs[t] = c, h
    return _Layer(x, gates, cells, outputs)


def _read_gradient(
    parameters: Parameters,
    tokens: IntArray,
    layers: list[_Layer],
    slopes: tuple[FloatArray | float, list[FloatArray]],
) -> Gradient:
    """Return the gradient of what reading takes, from those by the words' vectors and by each layer's outputs."""
    gradient: Gradient = {}
    d_words, by_layer = slopes
    d_next = np.zeros_like(layers[-1].h)
    for j in reversed(range(len(layers))):
        d_next, found = _run_gradient(parameters, j, layers[j], by_layer[j] + d_next)
        gradient |= found
    d_words = d_next + d_words
    V, H = parameters["E"].shape
    return {"E": summed_by_number(tokens, d_words.reshape(-1, H), V)} | gradient


def _run_gradient(parameters: Parameters, j: int, layer: _Layer, dh_all: FloatArray) -> tuple[FloatArray, Gradient]:
    """Return the gradients by a layer's inputs, shape (T, D, R, H), and by its parameters."""
    x, gates, cells, outputs = layer
    dz_all = np.empty_like(gates)
    dh = dc = np.zeros_like(x[0])  # (D, R, H)
    back = parameters[f"h{j}"].swapaxes(1, 2)  # (D, 4 H, H)
    for t in reversed(range(len(x))):
        i, f, o, g = np.split(gates[t], 4, axis=-1)
        dh = dh_all[t] + dh
        squashed = np.tanh(cells[t])
        dc = dc + dh * o * (1 - squashed * squashed)
        before = cells[t - 1] if t else np.zeros_like(dc)
        steps = dc * g * i * (1 - i), dc * before * f * (1 - f), dh * squashed * o * (1 - o), dc * i * (1 - g * g)
        dz_all[t] = np.concatenate(steps, axis=-1)
        dh, dc = dz_all[t] @ back, dc * f

    def over_time(inputs: FloatArray, slopes: FloatArray) -> FloatArray:
        """Sum the outer products over time and texts, shape (D, H, 4 H)."""
        a, b = (part.swapaxes(0, 1).reshape(2, -1, part.shape[-1]) for part in (inputs, slopes))
        return np.asarray(a.swapaxes(1, 2) @ b)

    return dz_all @ parameters[f"x{j}"].swapaxes(1, 2), {
        f"x{j}": over_time(x, dz_all),
        f"h{j}": over_time(outputs[:-1], dz_all[1:]),
        f"b{j}": dz_all.sum(axis=(0, 2))[:, None],
    }


def pretrain(texts: IntArray, words: int, rng: np.random.Generator, schedule: Schedule = LANGUAGE) -> Parameters:
    """Return the parameters after learning to guess the words of `texts`, shape (R, T), R >= 2."""
    epoch, held_out = shuffled_texts(texts, TEXTS, rng)
    start = initial_parameters(words, WIDTH, LAYERS, rng)
    return descend(language_loss_and_gradient, start, epoch, held_out, schedule)


@final
class BiLSTM(TextEncoder):
    """Learns the language of the documents first, then to put a query beside the documents that were clicked."""

    name: ClassVar[str] = "bilstm"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, held_out = train_and_held_out(world, LISTS, OTHERS, rng)
        start = pretrain(world.item_features, word_count(world), rng)
        loss = partial(cosine_loss_and_gradient, embed, embed_gradient)
        return descend(loss, start, train, held_out, RANKING)

    @staticmethod
    def embed(parameters: Parameters, texts: IntArray) -> FloatArray:
        """Return the mean of the tokens' vectors, layers mixed, shape (R, 2 H)."""
        return embed(parameters, texts)[0]
