"""A transformer encoder that learns from masked words: each word's vector looks at all the others of its text.

A text is the mean of its words' vectors. Normalisation comes before each part rather than after it, which trains
without a slow start, and units are rectified.

Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3; Devlin et al., "BERT: pre-training of deep
bidirectional transformers for language understanding", NAACL 2019, section 3.1 (masked words); Xiong et al., "On layer
normalization in the transformer architecture", ICML 2020 (its place); Trockman & Kolter, "Mimetic initialization of
self-attention layers", ICML 2023 (queries and keys that start alike).

Shapes: V words, W width, A heads, F rectified units, R texts, T tokens of a text, J layers.
"""

from functools import partial
from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters
from simulator.rankers.layers import (
    cross_entropy,
    layer_norm,
    layer_norm_gradient,
    softmax_gradient,
    summed_by_number,
)
from simulator.rankers.optimizers import Schedule, descend
from simulator.rankers.text_encoder import TextEncoder, cosine_loss_and_gradient
from simulator.rankers.text_lists import shuffled_texts, train_and_held_out, word_count

__all__ = [
    "HEADS",
    "Masked",
    "Transformer",
    "encode",
    "encode_gradient",
    "initial_parameters",
    "masked",
    "masked_loss_and_gradient",
    "pretrain",
]

WIDTH = 32
HEADS = 4
UNITS = 64
LAYERS = 2
TEXTS = 64
LISTS = 32
OTHERS = 7
LANGUAGE = Schedule(epochs=60, rate=5e-3)
RANKING = Schedule(epochs=6, rate=4e-3)

NEARNESS = 0.5
"""How long the vector of a place is at first beside that of a word: what a word is counts for more than where it is."""

LONGEST = 100.0
"""How many times the longest wave of the places is as long as the shortest, of 2 pi places."""

HIDDEN_SHARE = 0.25
"""Of the words of a text, those to guess: more than BERT's 15%, as texts are short and passes few."""

Gradient = dict[str, FloatArray]
Kept = tuple[FloatArray, ...]


class Masked(NamedTuple):
    """`tokens` (R, T) with some changed, which were `chosen` (R, T), and the `words` (R, T) that stood there.

    `segments` (T,) says which text a place is of, as `encode` takes it.
    """

    tokens: IntArray
    chosen: NDArray[np.bool_]
    words: IntArray
    segments: IntArray | None = None


class _Passed(NamedTuple):
    """What a layer keeps for its gradient: of attention and of its rectified units."""

    attention: Kept
    normal_1: tuple[FloatArray, FloatArray]
    units: Kept
    normal_2: tuple[FloatArray, FloatArray]


class Passed(NamedTuple):
    """What `encode` keeps for its gradient."""

    tokens: IntArray
    segments: IntArray
    layers: list[_Passed]
    normal: tuple[FloatArray, FloatArray]


def initial_parameters(words: int, places: int, layers: int, rng: np.random.Generator) -> Gradient:
    """Return random weights and zero offsets, for texts of at most `places` tokens.

    At first a word looks most at words like itself and at those near it: queries are keys, and places are waves, which
    neighbours have in common. From places drawn at random two sentences of one text are not told apart for long.

    ``E`` (V + 1, W), of the words and the mask, ``P`` (places, W) and ``S`` (2, W), of the first text and of a second;
    for each layer j ``qkv{j}`` (W, 3 W), ``qkv_b{j}``, ``o{j}`` (W, W), ``o_b{j}``, ``f{j}`` (W, F), ``f_b{j}``,
    ``g{j}`` (F, W), ``g_b{j}`` and the norms' ``n{j}``, ``m{j}`` with offsets ``n_b{j}``, ``m_b{j}``; ``n`` and
    ``n_b`` of the last; ``out_b`` (V,), the words' offsets when they are guessed.
    """
    W, F = WIDTH, UNITS
    blocks = {"E": rng.standard_normal((words + 1, W)) * W**-0.5}
    blocks |= {"P": NEARNESS * _waves(places) * (2 / W) ** 0.5, "S": np.zeros((2, W))}
    for j in range(layers):
        shrunk = (2 * layers) ** -0.5  # the sum of all layers' parts keeps the size of one
        alike, values = rng.standard_normal((2, W, W)) * W**-0.5
        blocks |= {
            f"n{j}": np.ones(W),
            f"n_b{j}": np.zeros(W),
            f"qkv{j}": np.hstack([alike, alike, values]),
            f"qkv_b{j}": np.zeros(3 * W),
            f"o{j}": rng.standard_normal((W, W)) * W**-0.5 * shrunk,
            f"o_b{j}": np.zeros(W),
            f"m{j}": np.ones(W),
            f"m_b{j}": np.zeros(W),
            f"f{j}": rng.standard_normal((W, F)) * (2 / W) ** 0.5,
            f"f_b{j}": np.zeros(F),
            f"g{j}": rng.standard_normal((F, W)) * F**-0.5 * shrunk,
            f"g_b{j}": np.zeros(W),
        }
    return blocks | {"n": np.ones(W), "n_b": np.zeros(W), "out_b": np.zeros(words)}


def _waves(places: int) -> FloatArray:
    """Return sines and cosines of each place, shape (places, W), as Vaswani et al. have them, section 3.5."""
    angles = np.arange(places)[:, None] * LONGEST ** -np.linspace(0, 1, WIDTH // 2, endpoint=False)
    return np.hstack([np.sin(angles), np.cos(angles)])


def encode(parameters: Parameters, tokens: IntArray, segments: IntArray | None = None) -> tuple[FloatArray, Passed]:
    """Return the vector of each token in its text, shape (R, T, W), and what the gradient needs.

    Parameters
    ----------
    parameters
        As `initial_parameters` gives.
    tokens
        Shape (R, T), T at most the places there are; V stands for a mask.
    segments
        Whether each place belongs to the first text, 0, or to a second one, 1, shape (T,); all to the first if None.
    """
    T = tokens.shape[1]
    segments = np.zeros(T, dtype=np.int64) if segments is None else segments
    x = parameters["E"][tokens] + (parameters["P"][:T] + parameters["S"][segments])  # (R, T, W)
    layers = []
    for j in range(_layers(parameters)):
        normal, kept_1 = layer_norm(x, parameters[f"n{j}"], parameters[f"n_b{j}"])
        added, attention = _attend(parameters, j, normal)
        x = x + added
        normal, kept_2 = layer_norm(x, parameters[f"m{j}"], parameters[f"m_b{j}"])
        h = np.maximum(normal @ parameters[f"f{j}"] + parameters[f"f_b{j}"], 0.0)  # (R, T, F)
        x = x + (h @ parameters[f"g{j}"] + parameters[f"g_b{j}"])
        layers.append(_Passed(attention, kept_1, (normal, h), kept_2))
    y, kept = layer_norm(x, parameters["n"], parameters["n_b"])
    return y, Passed(tokens, segments, layers, kept)


def encode_gradient(parameters: Parameters, dy: FloatArray, passed: Passed) -> Gradient:
    """Return the gradient by parameter, zero for those that `encode` does not use, from that by vectors (R, T, W)."""
    dx, gradient = _norm_gradient(parameters, "n", dy, passed.normal)
    gradient["out_b"] = np.zeros_like(parameters["out_b"])
    for j in reversed(range(len(passed.layers))):
        layer = passed.layers[j]
        normal, h = layer.units
        d_h: FloatArray = (dx @ parameters[f"g{j}"].T) * (h > 0)
        gradient |= _weights(f"g{j}", h, dx) | _weights(f"f{j}", normal, d_h)
        d_normal: FloatArray = d_h @ parameters[f"f{j}"].T
        more, found = _norm_gradient(parameters, f"m{j}", d_normal, layer.normal_2)
        gradient |= found
        dx = dx + more
        d_normal, found = _attend_gradient(parameters, j, dx, layer.attention)
        gradient |= found
        more, found = _norm_gradient(parameters, f"n{j}", d_normal, layer.normal_1)
        gradient |= found
        dx = dx + more
    by_place = dx.sum(axis=0)  # (T, W)
    gradient["E"] = summed_by_number(passed.tokens, dx.reshape(-1, dx.shape[-1]), len(parameters["E"]))
    gradient["P"] = np.zeros_like(parameters["P"])
    gradient["P"][: len(by_place)] = by_place
    gradient["S"] = summed_by_number(passed.segments, by_place, 2)
    return gradient


def _layers(parameters: Parameters) -> int:
    """Return J."""
    return sum(name.startswith("qkv_b") for name in parameters)


def _attend(parameters: Parameters, j: int, x: FloatArray) -> tuple[FloatArray, Kept]:
    """Return what each token gathers from its text, shape (R, T, W), and what the gradient needs."""
    R, T, W = x.shape
    qkv = (x @ parameters[f"qkv{j}"] + parameters[f"qkv_b{j}"]).reshape(R, T, 3, HEADS, W // HEADS)
    q, k, v = qkv.transpose(2, 0, 3, 1, 4)  # each (R, A, T, W / A)
    p = softmax((q @ k.swapaxes(2, 3)) * (W // HEADS) ** -0.5, axis=-1)  # (R, A, T, T)
    gathered = (p @ v).swapaxes(1, 2).reshape(R, T, W)
    return gathered @ parameters[f"o{j}"] + parameters[f"o_b{j}"], (x, q, k, v, p, gathered)


def _attend_gradient(parameters: Parameters, j: int, dy: FloatArray, kept: Kept) -> tuple[FloatArray, Gradient]:
    """Return the gradients by the tokens, shape (R, T, W), and by the parameters of attention."""
    x, q, k, v, p, gathered = kept
    R, T, W = x.shape
    d_gathered = (dy @ parameters[f"o{j}"].T).reshape(R, T, HEADS, -1).swapaxes(1, 2)  # (R, A, T, W / A)
    d_scores = softmax_gradient(p, d_gathered @ v.swapaxes(2, 3)) * (W // HEADS) ** -0.5
    d_heads = np.stack([d_scores @ k, d_scores.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ d_gathered])
    d_qkv = d_heads.transpose(1, 3, 0, 2, 4).reshape(R, T, 3 * W)
    return d_qkv @ parameters[f"qkv{j}"].T, _weights(f"o{j}", gathered, dy) | _weights(f"qkv{j}", x, d_qkv)


def _norm_gradient(
    parameters: Parameters, name: str, dy: FloatArray, kept: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, Gradient]:
    """Return the gradients by what a norm was given, shape (R, T, W), and by its gain and offset."""
    dx, d_gain, d_offset = layer_norm_gradient(dy, parameters[name], kept)
    return dx, {name: d_gain, _offset(name): d_offset}


def _offset(name: str) -> str:
    """Return the name of the offset that goes with a gain or with weights, such as qkv_b0 of qkv0."""
    kind = name.rstrip("0123456789")
    return f"{kind}_b{name[len(kind) :]}"


def _weights(name: str, x: FloatArray, dy: FloatArray) -> Gradient:
    """Return the gradients by the weights and offsets of y = x w + b, from those by y, shape (R, T, ...)."""
    a, b = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    return {name: a.T @ b, _offset(name): b.sum(axis=0)}


def masked(texts: IntArray, words: int, rng: np.random.Generator) -> Masked:
    """Return `texts`, shape (R, T), with a quarter of the words chosen to be guessed, at least one.

    Of these 80% become the mask, `words`; 10% become any word and 10% stay, so that a word that is seen is not always
    what stood there.
    """
    chosen = rng.random(texts.shape) < HIDDEN_SHARE
    chosen[0, 0] |= not chosen.any()
    fate = rng.random(texts.shape)
    tokens = np.where(chosen & (fate < 0.8), words, texts)
    tokens = np.where(chosen & (fate >= 0.9), rng.integers(words, size=texts.shape), tokens)
    return Masked(tokens, chosen, texts)


def masked_loss_and_gradient(parameters: Parameters, batch: Masked) -> tuple[float, Parameters]:
    """Return the mean of -log p(word) over the chosen places, at least one, and its gradient by parameter.

    A word is guessed by the inner product with its own vector in ``E`` plus its ``out_b``.
    """
    y, passed = encode(parameters, batch.tokens, batch.segments)
    table = parameters["E"][: len(parameters["out_b"])]  # (V, W)
    guesses = y[batch.chosen]
    loss, slope = cross_entropy(guesses @ table.T + parameters["out_b"], batch.words[batch.chosen])
    slope /= len(guesses)
    dy = np.zeros_like(y)
    dy[batch.chosen] = slope @ table
    gradient = encode_gradient(parameters, dy, passed)
    gradient["E"][: len(table)] += slope.T @ guesses
    return loss / len(guesses), gradient | {"out_b": slope.sum(axis=0)}


def embed(parameters: Parameters, texts: IntArray) -> tuple[FloatArray, Passed]:
    """Return the mean of the tokens' vectors, shape (R, W), and what its gradient needs."""
    y, passed = encode(parameters, texts)
    return y.mean(axis=1), passed


def embed_gradient(parameters: Parameters, d_embedding: FloatArray, passed: Passed) -> Gradient:
    """Return the gradient by parameter from that by embeddings, shape (R, W)."""
    T = passed.tokens.shape[1]
    dy = np.repeat(d_embedding[:, None] / T, T, axis=1)  # (R, T, W)
    return encode_gradient(parameters, dy, passed)


def pretrain(
    texts: IntArray, words: int, rng: np.random.Generator, schedule: Schedule, segments: IntArray | None = None
) -> Parameters:
    """Return the parameters after learning to guess masked words of `texts`, shape (R, T), R >= 2.

    There are as many places as the texts have; `segments`, shape (T,), is as `encode` takes it.
    """
    epoch, held_out = shuffled_texts(texts, TEXTS, rng)

    def hidden(batch: IntArray) -> Masked:
        return masked(batch, words, rng)._replace(segments=segments)

    def hidden_epoch() -> list[Masked]:
        return [hidden(batch) for batch in epoch()]

    start = initial_parameters(words, texts.shape[1], LAYERS, rng)
    return descend(masked_loss_and_gradient, start, hidden_epoch, hidden(held_out), schedule)


@final
class Transformer(TextEncoder):
    """Learns the language of the documents first, then to put a query beside the documents that were clicked."""

    name: ClassVar[str] = "transformer"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, held_out = train_and_held_out(world, LISTS, OTHERS, rng)
        start = pretrain(world.item_features, word_count(world), rng, LANGUAGE)
        loss = partial(cosine_loss_and_gradient, embed, embed_gradient)
        return descend(loss, start, train, held_out, RANKING)

    @staticmethod
    def embed(parameters: Parameters, texts: IntArray) -> FloatArray:
        """Return the mean of the tokens' vectors, shape (R, W)."""
        return embed(parameters, texts)[0]
