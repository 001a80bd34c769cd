"""A cross-encoder: a transformer reads query and document together, so that their words look at each other.

Nothing of a document can be worked out before the query is known, which makes it the costly last stage of a funnel:
a catalogue holds the documents' words, and each candidate takes a pass through the whole model.

Shapes: Q queries, L documents in a list, S and T tokens of a query and of a document, R = Q x L, V words, W width, F
rectified units, J layers, n candidates.
"""

from typing import ClassVar, final

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.optimizers import Schedule, descend
from simulator.rankers.text_encoder import token_rows
from simulator.rankers.text_lists import Lists, list_loss, train_and_held_out, word_count
from simulator.rankers.transformer import encode, encode_gradient, pretrain

__all__ = ["CrossEncoder", "loss_and_gradient"]

LISTS = 8
OTHERS = 3
LANGUAGE = Schedule(epochs=10, rate=5e-3)
RANKING = Schedule(epochs=8, rate=3e-3)

PAIRS_AT_ONCE = 128
"""Pairs scored at once: what their tokens hold in a layer, some 2 MiB, stays near the core."""


def loss_and_gradient(parameters: Parameters, batch: Lists) -> tuple[float, Parameters]:
    """Return the list loss of the pairs' scores, and its gradient by parameter.

    Parameters
    ----------
    parameters
        Those of a transformer with at least S + T places, and ``w`` (W,), which a score is read by.
    batch
        Q >= 1 lists.
    """
    Q, L, T = batch.documents.shape
    queries = np.repeat(batch.queries, L, axis=0)  # (R, S)
    y, passed = encode(parameters, *_pairs(queries, batch.documents.reshape(Q * L, T)))
    pooled = y.mean(axis=1)  # (R, W)
    loss, slope = list_loss((pooled @ parameters["w"]).reshape(Q, L), batch.clicks)
    by_score = slope.reshape(-1)  # (R,)
    dy = np.repeat(by_score[:, None, None] * parameters["w"] / y.shape[1], y.shape[1], axis=1)  # (R, S + T, W)
    return loss, encode_gradient(parameters, dy, passed) | {"w": by_score @ pooled}


def _pairs(queries: IntArray, documents: IntArray) -> tuple[IntArray, IntArray]:
    """Return the tokens of queries, then of documents, shape (R, S + T), and which text a place is of."""
    lengths = queries.shape[1], documents.shape[1]
    return np.hstack([queries, documents]), np.repeat(np.arange(2), lengths)


def _clicked_pairs(world: Learnable, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return training queries with a document clicked for each, as `_pairs` does: what belongs together."""
    train = world.splits.train
    clicked = rng.permutation(np.flatnonzero(train.click))
    _, one_each = np.unique(train.query[clicked], return_index=True)
    rows = clicked[one_each]
    return _pairs(world.user_features[train.user[rows]], world.item_features[train.item[rows]])


@final
class CrossEncoder(Ranker):
    """Learns to guess the words of clicked pairs first, one text from the other, then to tell what is clicked."""

    name: ClassVar[str] = "cross_encoder"
    learns_from: ClassVar[str] = "text"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, held_out = train_and_held_out(world, LISTS, OTHERS, rng)
        texts, segments = _clicked_pairs(world, rng)
        start = pretrain(texts, word_count(world), rng, LANGUAGE, segments)
        W = start["E"].shape[1]
        start = {**start, "w": rng.standard_normal(W) * W**-0.5}
        return descend(loss_and_gradient, start, train, held_out, RANKING)

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        del parameters  # the words as they are
        return item_features

    @property
    def flops_per_candidate(self) -> int:
        """J layers over S + T = K tokens: 2 K (4 W^2 + 2 W F) for the weights, 4 K^2 W for attention, and the score.

        Norms, softmax and offsets, a few operations a number, are left out.
        """
        W = self.parameters["w"].size
        K: int = self.users.shape[1] + self.items.shape[1]
        layers = [block.shape[1] for name, block in self.parameters.items() if name[0] == "f" and name[1:].isdigit()]
        total: int = sum(2 * K * (4 * W * W + 2 * W * F) + 4 * K * K * W for F in layers) + K * W + 2 * W
        return total

    def _vary(self, rows: FloatArray, rng: np.random.Generator) -> None:
        """Put each document's words, shape (n, T), in another order: what it is about stays."""
        rng.permuted(rows, axis=1, out=rows)

    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        query, documents = token_rows(user)[None], token_rows(rows)
        scores = np.empty(len(rows), dtype=rows.dtype)  # (n,)
        for start in range(0, len(rows), PAIRS_AT_ONCE):
            part = documents[start : start + PAIRS_AT_ONCE]
            y, _ = encode(self.parameters, *_pairs(np.repeat(query, len(part), axis=0), part))  # (n, S + T, W)
            scores[start : start + len(part)] = y.mean(axis=1) @ self.parameters["w"]
        return scores
