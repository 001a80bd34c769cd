"""Word vectors learnt from what stands near what, and texts as the mean of their words' vectors.

Two tasks: skip-gram guesses each word of the window from the word in the middle, CBOW the word in the middle from
the mean of its window. Two losses: the full softmax where words are few, negative sampling where they are many.

Source: Mikolov et al., "Efficient estimation of word representations in vector space", 2013, section 3 (the
tasks); Mikolov et al., "Distributed representations of words and phrases and their compositionality", NeurIPS 2013,
section 2 (negative sampling and subsampling).

Shapes: V words, W width, n tokens of a sentence, E examples, C words that an example guesses from, M sampled
negatives, R texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple, final

import numpy as np
from scipy.special import expit

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Learnable
from simulator.errors import InputError
from simulator.rankers.base import Parameters
from simulator.rankers.layers import cross_entropy, summed_by_number
from simulator.rankers.optimizers import Schedule, descend
from simulator.rankers.text_encoder import TextEncoder
from simulator.rankers.text_lists import word_count

__all__ = [
    "Guesses",
    "Settings",
    "Word2Vec",
    "cbow_guesses",
    "initial_parameters",
    "learn",
    "loss_and_gradient",
    "skip_gram_guesses",
    "subsampled",
]

NOTHING = -1
"""Fills the rows of words that have fewer neighbours than others."""

SOFTMAX_UP_TO = 500
"""Words for which the full softmax is worked out; beyond, negatives are sampled."""

NEGATIVES_AT_ONCE = 64
NEGATIVE_POWER = 0.75
HELD_OUT = 0.05


class Guesses(NamedTuple):
    """What is guessed from what.

    Attributes
    ----------
    given
        The words that are seen, shape (E, C), NOTHING where there are fewer; at least one in each row.
    guessed
        The word to guess, shape (E,).
    places
        The places in the text that the examples come from: the loss is a mean over places.
    negatives, weights
        Words to tell from what is guessed and how much each counts in every example, shape (M,); the weights add up
        to the negatives an example has. With M = 0 the loss is the full softmax.
    """

    given: IntArray
    guessed: IntArray
    places: int
    negatives: IntArray = np.empty(0, dtype=np.int64)
    weights: FloatArray = np.empty(0)


@dataclass(frozen=True)
class Settings:
    """How to learn word vectors.

    Attributes
    ----------
    task
        "skip-gram" or "cbow".
    width, window
        W, and how many words to each side are near, both at least 1.
    negatives
        Words an example is told from, where the vocabulary is too large for the full softmax.
    rare
        The share of the text below which a word is never left out; frequent words are, see `subsampled`.
    batch
        Places of the text in a step.
    schedule
        How long and how fast.
    """

    task: Literal["skip-gram", "cbow"] = "skip-gram"
    width: int = 32
    window: int = 5
    negatives: int = 5
    rare: float = 1e-3
    batch: int = 512
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=10, rate=1e-2))


def skip_gram_guesses(sentence: IntArray, window: int) -> Guesses:
    """Return each word near another as an example, C = 1: 2 n c - c (c + 1) of them for n > c = `window`."""
    near = _near(sentence, window)  # (n, 2 c)
    centre, side = np.nonzero(near != NOTHING)
    return Guesses(sentence[centre, None], near[centre, side], len(sentence))


def cbow_guesses(sentence: IntArray, window: int) -> Guesses:
    """Return each word with its neighbours as an example, C = 2 `window`; a word alone gives none."""
    near = _near(sentence, window)
    accompanied = (near != NOTHING).any(axis=1)
    return Guesses(near[accompanied], sentence[accompanied], len(sentence))


def _near(sentence: IntArray, window: int) -> IntArray:
    """Return the neighbours of each token, shape (n, 2 window), NOTHING beyond the ends."""
    if window < 1:
        raise InputError(f"a window has at least 1 word to each side; got {window}")
    padded = np.pad(sentence, window, constant_values=NOTHING)
    beside = np.delete(np.arange(2 * window + 1), window)
    near: IntArray = padded[np.arange(len(sentence))[:, None] + beside]
    return near


def subsampled(sentence: IntArray, shares: FloatArray, rare: float, rng: np.random.Generator) -> IntArray:
    """Return `sentence` without some of its frequent words: a word of share f stays with chance sqrt(rare / f).

    `shares` are those of the words in the text, shape (V,); words of share at most `rare` always stay.
    """
    return sentence[rng.random(len(sentence)) ** 2 * shares[sentence] < rare]


def initial_parameters(words: int, width: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return small random vectors of given words, `in` (V, W), and of guessed words, `out` (V, W)."""
    return {name: rng.standard_normal((words, width)) * width**-0.5 * 0.5 for name in ("in", "out")}


def loss_and_gradient(parameters: Parameters, batch: Guesses) -> tuple[float, Parameters]:
    """Return the loss of the guesses, a mean over places, and its gradient by parameter.

    The softmax gives CBOW's -log p(w_t | context) and, as the words of a context count one by one, skip-gram's
    -log p(context | w_t). Negative sampling gives -log s(x) - sum over negatives of weight log s(-x), s being the
    logistic function and x the inner product of a given and a guessed vector.

    Parameters
    ----------
    parameters
        ``in`` and ``out``, shape (V, W).
    batch
        E >= 1 examples.
    """
    seen = batch.given != NOTHING  # (E, C)
    share = seen / seen.sum(axis=1, keepdims=True)
    given = np.where(seen, batch.given, 0)
    h = np.einsum("ec,ecw->ew", share, parameters["in"][given])  # (E, W)
    loss, dh, d_out = (_by_negatives if batch.negatives.size else _by_softmax)(h, parameters["out"], batch)
    d_given = (share[:, :, None] * dh[:, None, :]).reshape(given.size, -1)  # (E C, W)
    d_in = summed_by_number(given, d_given, len(parameters["in"]))
    return loss / batch.places, {"in": d_in / batch.places, "out": d_out / batch.places}


def _by_softmax(h: FloatArray, out: FloatArray, batch: Guesses) -> tuple[float, FloatArray, FloatArray]:
    """Return the summed loss against all words, and its gradients by h, shape (E, W), and by `out`."""
    loss, slope = cross_entropy(h @ out.T, batch.guessed)  # (E, V)
    return loss, slope @ out, slope.T @ h


def _by_negatives(h: FloatArray, out: FloatArray, batch: Guesses) -> tuple[float, FloatArray, FloatArray]:
    """Return the summed loss against the negatives, and its gradients by h, shape (E, W), and by `out`."""
    right, wrong = out[batch.guessed], out[batch.negatives]  # (E, W), (M, W)
    x, y = np.einsum("ew,ew->e", h, right), h @ wrong.T  # (E,), (E, M)
    loss = np.logaddexp(0.0, -x).sum() + (np.logaddexp(0.0, y) @ batch.weights).sum()
    dx, dy = -expit(-x)[:, None], expit(y) * batch.weights
    d_out = summed_by_number(batch.guessed, dx * h, len(out)) + summed_by_number(batch.negatives, dy.T @ h, len(out))
    return float(loss), dx * right + dy @ wrong, d_out


def learn(sentences: Sequence[IntArray], words: int, settings: Settings, rng: np.random.Generator) -> Parameters:
    """Return `in` and `out` vectors, shape (V, W), of the words of `sentences`, each an array of tokens, shape (n,).

    One sentence in twenty is held out to choose the epoch by.

    Raises
    ------
    InputError
        Where there are fewer than two sentences of two words or more.
    """
    usable = [sentence for sentence in sentences if len(sentence) > 1]
    if len(usable) < 2:
        raise InputError(f"word vectors need at least 2 sentences of 2 words or more; got {len(usable)}")
    order = rng.permutation(len(usable))
    aside = max(1, round(HELD_OUT * len(usable)))
    held_out, train = ([usable[i] for i in part] for part in (order[:aside], order[aside:]))
    counts = np.bincount(np.concatenate(usable), minlength=words).astype(np.float64)  # (V,)
    text = _Text(counts, settings, rng)
    start = initial_parameters(words, settings.width, rng)
    return descend(loss_and_gradient, start, lambda: text.batches(train), text.all_of(held_out), settings.schedule)


@dataclass(frozen=True, eq=False)
class _Text:
    """Makes examples of sentences, with negatives where there are too many words for the softmax."""

    counts: FloatArray
    settings: Settings
    rng: np.random.Generator

    def batches(self, sentences: list[IntArray]) -> list[Guesses]:
        """Return one pass over `sentences` in random order, in steps of about `batch` places."""
        shares, rare = self.counts / self.counts.sum(), self.settings.rare
        kept = [subsampled(sentences[i], shares, rare, self.rng) for i in self.rng.permutation(len(sentences))]
        kept = [sentence for sentence in kept if len(sentence) > 1]
        if not kept:
            return [self.all_of(sentences)]
        ends = np.cumsum([len(sentence) for sentence in kept])
        steps = np.unique(np.searchsorted(ends, np.arange(self.settings.batch, ends[-1], self.settings.batch)))
        bounds = [0, *(steps[steps > 0]).tolist(), len(kept)]
        return [self.all_of(kept[a:b]) for a, b in pairwise(bounds)]

    def all_of(self, sentences: list[IntArray]) -> Guesses:
        """Return the examples of `sentences` as one batch."""
        make = skip_gram_guesses if self.settings.task == "skip-gram" else cbow_guesses
        parts = [make(sentence, self.settings.window) for sentence in sentences]
        joined = Guesses(
            np.vstack([part.given for part in parts]),
            np.concatenate([part.guessed for part in parts]),
            sum(part.places for part in parts),
        )
        if len(self.counts) <= SOFTMAX_UP_TO:
            return joined
        chance = self.counts**NEGATIVE_POWER / (self.counts**NEGATIVE_POWER).sum()
        negatives = self.rng.choice(len(chance), NEGATIVES_AT_ONCE, p=chance)
        # The examples of a batch share their negatives: one matrix product, and the same loss on average.
        weights = np.full(NEGATIVES_AT_ONCE, self.settings.negatives / NEGATIVES_AT_ONCE)
        return joined._replace(negatives=negatives, weights=weights)


@final
class Word2Vec(TextEncoder):
    """A text is the mean of its words' vectors, which are learnt from the documents, clicks aside."""

    name: ClassVar[str] = "word2vec"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        return {"in": learn(list(world.item_features), word_count(world), Settings(), rng)["in"]}

    @staticmethod
    def embed(parameters: Parameters, texts: IntArray) -> FloatArray:
        """Return the mean of the words' vectors, shape (R, W)."""
        return np.asarray(parameters["in"][texts].mean(axis=1))
