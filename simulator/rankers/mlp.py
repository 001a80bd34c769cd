"""A neural network with two hidden layers: slower and better, the late stage of a funnel.

It is trained to order, not to foretell: a clicked item competes with a few that were shown and not clicked.

Shapes: A user columns, B item columns, C pair columns, F = A + B + C, H and K hidden units, P clicks, M items
beside each, R = P (1 + M) rows, n candidates.
"""

from typing import ClassVar, NamedTuple, final

import numpy as np
from scipy.special import logsumexp

from simulator.data.features import FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.optimizers import Schedule, descend

__all__ = ["MLP", "Contests", "contests", "initial_parameters", "loss_and_gradient"]

HIDDEN = 64, 32
L2 = 1e-3
BATCH = 256
RIVALS = 20
SCHEDULE = Schedule(epochs=5, rate=3e-3, least_steps=300)

ROWS_AT_ONCE = 2048
"""Candidates scored at once: their hidden units, 512 KiB, stay in a core's cache."""


class Contests(NamedTuple):
    """Clicked items among items that were not: `X` (R, F) holds 1 + M rows in turn for each, the clicked first."""

    X: FloatArray
    rivals: int


def initial_parameters(columns: int, hidden: tuple[int, int], rng: np.random.Generator) -> Parameters:
    """Return zero offsets and random weights that keep the size of what a layer of rectified units is given.

    Source: He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.
    """
    H, K = hidden
    return {
        "W1": rng.standard_normal((columns, H)) * (2 / columns) ** 0.5,
        "b1": np.zeros(H),
        "W2": rng.standard_normal((H, K)) * (2 / H) ** 0.5,
        "b2": np.zeros(K),
        "w3": rng.standard_normal(K) * (2 / K) ** 0.5,
    }


def loss_and_gradient(parameters: Parameters, batch: Contests) -> tuple[float, Parameters]:
    """Return the mean softmax loss plus L2/2 times the squared weights, and its gradient by parameter.

    The loss of a contest is minus the log of the share that the clicked item has among all 1 + M by the
    exponentials of their scores. What is the same for all of a contest cancels.

    Source: Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007, section 4,
    with the probability of the first place.

    Parameters
    ----------
    parameters
        ``W1`` (F, H), ``b1`` (H,), ``W2`` (H, K), ``b2`` (K,), ``w3`` (K,); offsets are not penalised.
    batch
        P >= 1 contests with M >= 1 rivals.
    """
    W1, W2, w3 = parameters["W1"], parameters["W2"], parameters["w3"]
    h1 = np.maximum(batch.X @ W1 + parameters["b1"], 0.0)  # (R, H)
    h2 = np.maximum(h1 @ W2 + parameters["b2"], 0.0)  # (R, K)
    z = (h2 @ w3).reshape(-1, 1 + batch.rivals)  # (P, 1 + M)
    total = logsumexp(z, axis=1)  # (P,)
    penalty = 0.5 * L2 * sum(np.vdot(W, W) for W in (W1, W2, w3))
    loss = np.mean(total - z[:, 0]) + penalty

    share = np.exp(z - total[:, None])  # (P, 1 + M)
    share[:, 0] -= 1.0
    dz = share.ravel() / len(z)  # (R,)
    d2 = np.outer(dz, w3) * (h2 > 0)  # (R, K)
    d1 = (d2 @ W2.T) * (h1 > 0)  # (R, H)
    return float(loss), {
        "W1": batch.X.T @ d1 + L2 * W1,
        "b1": d1.sum(axis=0),
        "W2": h1.T @ d2 + L2 * W2,
        "b2": d2.sum(axis=0),
        "w3": h2.T @ dz + L2 * w3,
    }


@final
class MLP(Ranker):
    """Two layers of rectified units on the columns that the logistic regression sees too, trained by Adam."""

    name: ClassVar[str] = "mlp"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, validation = world.splits.train, world.splits.validation
        clicked = np.flatnonzero(train.click)

        def epoch() -> list[Contests]:
            order = rng.permutation(clicked)
            return [contests(world, train, order[start : start + BATCH], rng) for start in range(0, len(order), BATCH)]

        held_out = contests(world, validation, np.flatnonzero(validation.click), rng)
        start = initial_parameters(held_out.X.shape[1], HIDDEN, rng)
        return descend(loss_and_gradient, start, epoch, held_out, SCHEDULE)

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        del parameters  # the columns as they are
        return item_features

    @property
    def flops_per_candidate(self) -> int:
        """The comparisons, 2 (B + C) H, 2 H K and 2 K for the layers, 2 a unit for its offset and rectifier.

        What the user's own columns add to the first layer is worked out once a call.
        """
        H, K = self.parameters["b1"].size, self.parameters["b2"].size
        own_columns: int = self.items.shape[1] + len(self.features.pairs)
        return self.features.pair_flops + 2 * own_columns * H + 2 * H * K + 2 * K + 2 * (H + K)

    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        W1_user, W1_item, W1_pair = np.split(self.parameters["W1"], [user.size, user.size + rows.shape[1]])
        of_user = user @ W1_user + self.parameters["b1"]  # (H,)
        scores = np.empty(len(rows), dtype=rows.dtype)  # (n,)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = rows[start : start + ROWS_AT_ONCE]
            h1 = block @ W1_item  # (block, H)
            h1 += self.features.of_pairs(user, block) @ W1_pair
            h1 += of_user
            h2 = np.maximum(h1, 0.0, out=h1) @ self.parameters["W2"]  # (block, K)
            h2 += self.parameters["b2"]
            np.matmul(np.maximum(h2, 0.0, out=h2), self.parameters["w3"], out=scores[start : start + ROWS_AT_ONCE])
        return scores


def contests(world: Learnable, log: Impressions, clicked: IntArray, rng: np.random.Generator) -> Contests:
    """Return the contests of rows `clicked` of `log`, with rivals drawn from all its rows without a click."""
    others = np.flatnonzero(~log.click)
    drawn = log.item[others[rng.integers(len(others), size=(len(clicked), RIVALS))]]  # (P, M)
    items = np.column_stack([log.item[clicked], drawn]).ravel()  # (R,)
    users = np.repeat(log.user[clicked], 1 + RIVALS)
    return Contests(world.features.rows(world.user_features[users], world.item_features[items]), RIVALS)
