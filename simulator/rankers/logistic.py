"""Logistic regression: a weighted sum of the columns, the fast early stage of a funnel.

Shapes: A user columns, B item columns, C pair columns, F = A + B + C, R examples, n candidates.
"""

from typing import ClassVar, final

import numpy as np
from scipy.special import expit

from simulator.data.features import FloatArray
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.examples import Examples, examples

__all__ = ["Logistic", "fitted", "loss_and_gradient"]

L2 = 1e-4


def loss_and_gradient(parameters: Parameters, batch: Examples) -> tuple[float, Parameters]:
    """Return the mean log loss of `batch` plus L2/2 times the squared weights, and its gradient by parameter.

    Parameters
    ----------
    parameters
        ``w``, shape (F,), and ``b``, shape (1,); the intercept is not penalised.
    batch
        R examples, R >= 1.
    """
    w, b = parameters["w"], parameters["b"]
    z = batch.X @ w + b  # (R,)
    loss = np.mean(np.logaddexp(0.0, z) - batch.y * z) + 0.5 * L2 * w @ w
    residual = (expit(z) - batch.y) / len(z)  # (R,)
    return float(loss), {"w": batch.X.T @ residual + L2 * w, "b": residual.sum(keepdims=True)}  # (F,), (1,)


def _curvature(parameters: Parameters, X: FloatArray) -> FloatArray:
    """Return the second derivatives of the loss on rows `X`, shape (F + 1, F + 1), the intercept last."""
    share = expit(X @ parameters["w"] + parameters["b"])  # (R,)
    weight = share * (1.0 - share) / len(X)  # (R,)
    weighted = X * weight[:, None]  # (R, F)
    by_intercept = weighted.sum(axis=0)  # (F,)
    own = X.T @ weighted + L2 * np.eye(X.shape[1])  # (F, F)
    return np.block([[own, by_intercept[:, None]], [by_intercept[None, :], np.array([[weight.sum()]])]])


def fitted(batch: Examples) -> Parameters:
    """Return the parameters of least loss on `batch`, by Newton's method."""
    from scipy.optimize import minimize  # a quarter of a second to load, and only training needs it

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = loss_and_gradient({"w": flat[:-1], "b": flat[-1:]}, batch)
        return loss, np.concatenate([gradient["w"], gradient["b"]])

    def curvature(flat: FloatArray) -> FloatArray:
        return _curvature({"w": flat[:-1], "b": flat[-1:]}, batch.X)

    start = np.zeros(batch.X.shape[1] + 1)
    # A few steps that know the curvature cost less than hundreds that do not: columns are few and alike.
    found = minimize(objective, start, method="trust-exact", jac=True, hess=curvature)
    return {"w": found.x[:-1], "b": found.x[-1:]}


@final
class Logistic(Ranker):
    """A linear model of clicks on dense columns, fitted by Newton's method to its one optimum."""

    name: ClassVar[str] = "logistic"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        del rng  # the loss is strictly convex in the weights: there is nothing to draw
        return fitted(examples(world, world.splits.train))

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        del parameters  # the columns as they are
        return item_features

    @property
    def flops_per_candidate(self) -> int:
        """The comparisons for the pair's columns, 2 (B + C) for the weighted sum, 1 to add the user's part."""
        own_columns: int = self.items.shape[1] + len(self.features.pairs)
        return self.features.pair_flops + 2 * own_columns + 1

    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        w_user, w_item, w_pair = np.split(self.parameters["w"], [user.size, user.size + rows.shape[1]])
        scores = rows @ w_item  # (n,)
        scores += self.features.of_pairs(user, rows) @ w_pair
        scores += user @ w_user + self.parameters["b"]
        return scores
