"""A filter of texts, spam or not, by the mean of their words' vectors; the vectors may come from elsewhere.

Shapes: V words, E width, R texts, L words of the longest text.
"""

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulator.data.features import FloatArray, IntArray
from simulator.data.randomness import generator
from simulator.errors import InputError
from simulator.rankers.base import Parameters
from simulator.rankers.optimizers import Schedule, descend

__all__ = ["TABLE", "Texts", "fit_filter", "loss_and_gradient", "utility", "wrong_share"]

TABLE = "table"
"""The parameter that holds the words' vectors: freeze it to keep them."""

L2 = 1e-3
BATCH = 64
STEPS = 600
LEAST_EPOCHS = 10
RATE = 2e-2
ABSENT = -1


class Texts(NamedTuple):
    """Words by their row of the vectors, shape (R, L), ABSENT (-1) after a text's end; and the labels, shape (R,)."""

    words: IntArray
    labels: NDArray[np.bool_]


def utility(parameters: Parameters, words: IntArray) -> FloatArray:
    """Return the log odds of the label of each text, shape (R,)."""
    return _pooled(parameters[TABLE], words) @ parameters["weights"] + parameters["offset"]


def loss_and_gradient(parameters: Parameters, batch: Texts) -> tuple[float, Parameters]:
    """Return the mean log loss plus L2/2 times the squared weights, and its gradient by parameter.

    Parameters
    ----------
    parameters
        ``table`` (V, E), ``weights`` (E,), ``offset`` (1,); only the weights are penalised.
    batch
        R >= 1 texts, each of at least one word.
    """
    weights = parameters["weights"]
    pooled = _pooled(parameters[TABLE], batch.words)  # (R, E)
    z = pooled @ weights + parameters["offset"]  # (R,)
    loss = np.mean(np.logaddexp(0.0, z) - batch.labels * z) + 0.5 * L2 * weights @ weights
    dz = (expit(z) - batch.labels) / len(z)  # (R,)
    present = batch.words != ABSENT  # (R, L)
    share = (dz / present.sum(axis=1))[:, None] * present  # (R, L)
    by_word = np.bincount(batch.words[present], share[present], minlength=len(parameters[TABLE]))  # (V,)
    gradient = {
        TABLE: by_word[:, None] * weights,
        "weights": pooled.T @ dz + L2 * weights,
        "offset": dz.sum(keepdims=True),
    }
    return float(loss), gradient


def fit_filter(
    vectors: FloatArray, train: Texts, held_out: Texts, seed: int, frozen: Collection[str] = ()
) -> Parameters:
    """Return the parameters of a filter that starts from `vectors` and is trained on `train`.

    Parameters
    ----------
    vectors
        One for each word, shape (V, E), from any source; random ones to learn from scratch. They are brought to a mean
        square of 1, so that the steps suit vectors of any length.
    train, held_out
        To fit, and to choose the epoch by.
    seed
        Of the order of texts.
    frozen
        (TABLE,) keeps the vectors as features; nothing fine-tunes them.

    Raises
    ------
    InputError
        Where there are no texts, one class only, vectors that are not finite, or a word without a vector.
    """
    _check(vectors, train)
    rng = generator(seed, "filter")

    def epoch() -> list[Texts]:
        order = rng.permutation(len(train.labels))
        parts = (order[start : start + BATCH] for start in range(0, len(order), BATCH))
        return [Texts(train.words[part], train.labels[part]) for part in parts]

    table = np.asarray(vectors / np.sqrt(np.mean(np.square(vectors, dtype=np.float64))))
    schedule = Schedule(max(LEAST_EPOCHS, math.ceil(STEPS * BATCH / len(train.labels))), RATE)
    start = {TABLE: table, "weights": np.zeros(vectors.shape[1]), "offset": np.zeros(1)}
    return descend(loss_and_gradient, start, epoch, held_out, schedule, frozen)


def wrong_share(parameters: Parameters, texts: Texts) -> float:
    """Return the share of texts that are put into the wrong class."""
    return float(np.mean((utility(parameters, texts.words) > 0) != texts.labels))


def _pooled(table: FloatArray, words: IntArray) -> FloatArray:
    """Return the mean vector of each text's words, shape (R, E)."""
    present = words != ABSENT  # (R, L)
    chosen = table[np.where(present, words, 0)] * present[:, :, None]  # (R, L, E)
    return np.asarray(chosen.sum(axis=1) / present.sum(axis=1, keepdims=True))


def _check(vectors: FloatArray, train: Texts) -> None:
    """Refuse what a filter cannot be learnt from."""
    count, ones = len(train.labels), int(np.count_nonzero(train.labels))
    if ones in {0, count}:
        raise InputError(f"a filter learns from both classes; got {ones} of {count} texts in one of them")
    if not (np.isfinite(vectors).all() and vectors.any()):
        raise InputError("expected finite word vectors that are not all zero, got others; leave out words without one")
    if train.words.max() >= len(vectors) or train.words.min() < ABSENT:
        raise InputError(
            f"expected words from 0 to {len(vectors) - 1}, which have vectors, or {ABSENT} after a text's end, "
            f"got {train.words.min()} to {train.words.max()}; leave other words out"
        )
    if (train.words == ABSENT).all(axis=1).any():
        raise InputError("expected at least one word in each text, got a text without; leave it out")
