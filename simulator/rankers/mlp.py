"""A neural network with two hidden layers: slower and better, the late stage of a funnel.

Shapes: A user columns, B item columns, C pair columns, F = A + B + C, H and K hidden units, R examples, n
candidates.
"""

from typing import ClassVar, final

import numpy as np
from scipy.special import expit

from simulator.data.features import FloatArray
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.examples import Examples, examples
from simulator.rankers.optimizers import Schedule, descend

__all__ = ["MLP", "initial_parameters", "loss_and_gradient"]

HIDDEN = 64, 32
L2 = 1e-4
BATCH = 512
SCHEDULE = Schedule(epochs=10, rate=3e-3)

ROWS_AT_ONCE = 2048
"""Candidates scored at once: their hidden units, 512 KiB, stay in a core's cache."""


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
        "b3": np.zeros(1),
    }


def loss_and_gradient(parameters: Parameters, batch: Examples) -> tuple[float, Parameters]:
    """Return the mean log loss of `batch` plus L2/2 times the squared weights, and its gradient by parameter.

    Parameters
    ----------
    parameters
        ``W1`` (F, H), ``b1`` (H,), ``W2`` (H, K), ``b2`` (K,), ``w3`` (K,), ``b3`` (1,); offsets are not
        penalised.
    batch
        R examples, R >= 1.
    """
    W1, W2, w3 = parameters["W1"], parameters["W2"], parameters["w3"]
    h1 = np.maximum(batch.X @ W1 + parameters["b1"], 0.0)  # (R, H)
    h2 = np.maximum(h1 @ W2 + parameters["b2"], 0.0)  # (R, K)
    z = h2 @ w3 + parameters["b3"]  # (R,)
    penalty = 0.5 * L2 * sum(np.vdot(W, W) for W in (W1, W2, w3))
    loss = np.mean(np.logaddexp(0.0, z) - batch.y * z) + penalty

    dz = (expit(z) - batch.y) / len(z)  # (R,)
    d2 = np.outer(dz, w3) * (h2 > 0)  # (R, K)
    d1 = (d2 @ W2.T) * (h1 > 0)  # (R, H)
    return float(loss), {
        "W1": batch.X.T @ d1 + L2 * W1,
        "b1": d1.sum(axis=0),
        "W2": h1.T @ d2 + L2 * W2,
        "b2": d2.sum(axis=0),
        "w3": h2.T @ dz + L2 * w3,
        "b3": dz.sum(keepdims=True),
    }


@final
class MLP(Ranker):
    """Two layers of rectified units on the columns that the logistic regression sees too, trained by Adam."""

    name: ClassVar[str] = "mlp"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, held_out = examples(world, world.splits.train), examples(world, world.splits.validation)

        def epoch() -> list[Examples]:
            order = rng.permutation(len(train.y))
            parts = (order[start : start + BATCH] for start in range(0, len(order), BATCH))
            return [Examples(train.X[part], train.y[part]) for part in parts]

        start = initial_parameters(train.X.shape[1], HIDDEN, rng)
        return descend(loss_and_gradient, start, epoch, held_out, SCHEDULE)

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        del parameters  # the columns as they are
        return item_features

    @property
    def flops_per_candidate(self) -> int:
        """The comparisons, 2 (B + C) H, 2 H K and 2 K for the layers, 2 a unit for its offset and rectifier.

        What the user's own columns add to the first layer is worked out once a call. The last offset is 1
        more.
        """
        H, K = self.parameters["b1"].size, self.parameters["b2"].size
        own_columns: int = self.items.shape[1] + len(self.features.pairs)
        return self.features.pair_flops + 2 * own_columns * H + 2 * H * K + 2 * K + 2 * (H + K) + 1

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
        scores += self.parameters["b3"]
        return scores
