"""What a pair that was observed is to win against pairs drawn at random: four losses on inner products.

Shapes: P observed pairs, M items drawn for each of them.

Let p(i | u) be the chance that user u's pair is with item i, and q(i) the chance that i is drawn. With room for every
score s(u, i) and hits left in, the losses are least at

    log_loss           s = log p(i | u) / q(i)
    sampled softmax    s = log p(i | u) / q(i) + a constant of the user: what is popular has won nothing by it
    ... with logQ      s = log p(i | u) + a constant of the user
    margin             of two items the one of larger p(i | u) / q(i) leads by the margin: an order, not a size

The bare difference of the inner products, drawn less observed, has no least value: longer vectors are always better.
The log loss and the margin are its two forms that have one.

Sources: Levy & Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014, section 3.1 (log loss);
Bengio & Senecal, "Adaptive importance sampling to accelerate training of a neural probabilistic language model", IEEE
TNN 19(4), 2008 (sampled softmax); Yi et al., "Sampling-bias-corrected neural modeling for large corpus item
recommendations", RecSys 2019, section 3 (logQ); Weston et al., "WSABIE", IJCAI 2011, section 3 (margin).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logsumexp

from simulator.data.features import FloatArray

__all__ = ["LOSSES", "MARGIN", "PairLoss", "Slopes", "log_loss", "margin", "sampled_softmax"]

MARGIN = 1.0


class Slopes(NamedTuple):
    """A mean loss over P pairs and its slope by each score: `own` (P,) of the pairs, `others` (P, M) of the drawn."""

    loss: float
    own: FloatArray
    others: FloatArray


PairLoss = Callable[[FloatArray, FloatArray], Slopes]
"""From the scores of pairs, (P,), and of what was drawn against them, (P, M), at least one for each; -inf takes out."""


def log_loss(own: FloatArray, others: FloatArray) -> Slopes:
    """Return the loss of telling observed pairs from random ones, each pair weighing as much as all drawn against it.

    The mean of log(1 + e^-s) over observed pairs plus that of log(1 + e^s) over those drawn against each.
    """
    P, counts = len(own), np.isfinite(others).sum(axis=1, keepdims=True)  # (P, 1)
    weights = 1 / (P * np.maximum(counts, 1))
    loss = np.mean(np.logaddexp(0.0, -own)) + np.sum(weights * np.logaddexp(0.0, others))
    return Slopes(float(loss), -expit(-own) / P, weights * expit(others))


def margin(own: FloatArray, others: FloatArray) -> Slopes:
    """Return the mean shortfall of own - other from MARGIN, over all drawn against a pair, and over pairs."""
    P, counts = len(own), np.isfinite(others).sum(axis=1, keepdims=True)  # (P, 1)
    short = np.maximum(MARGIN - own[:, None] + others, 0.0)  # (P, M)
    weights = 1 / (P * np.maximum(counts, 1))
    slope = weights * (short > 0)
    return Slopes(float(np.sum(weights * short)), -slope.sum(axis=1), slope)


def sampled_softmax(own: FloatArray, others: FloatArray) -> Slopes:
    """Return the mean log loss of picking the observed pair out of itself and those drawn against it.

    For the logQ correction give scores less log q of their items.
    """
    P = len(own)
    total = logsumexp(np.column_stack([own, others]), axis=1)  # (P,)
    return Slopes(float(np.mean(total - own)), (np.exp(own - total) - 1.0) / P, np.exp(others - total[:, None]) / P)


LOSSES: dict[str, PairLoss] = {"log_loss": log_loss, "margin": margin, "sampled_softmax": sampled_softmax}
"""Every loss by its name."""
