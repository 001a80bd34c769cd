"""Two towers, the user's and the item's, that meet in an inner product: the first stage of a funnel.

The items' tower runs once, when the catalogue is built. A call runs the user's tower once and multiplies the
matrix of item embeddings by the vector it gives, which is the least that work per candidate can be.

Shapes: A user columns, B item columns, H hidden units, E embedding width, P clicked pairs, M sampled
negatives, n candidates.
"""

from collections.abc import Collection
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from simulator.data.features import FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable
from simulator.data.randomness import generator
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.optimizers import Schedule, descend
from simulator.rankers.pair_losses import LOSSES, PairLoss, sampled_softmax

__all__ = ["USER_TOWER", "Pairs", "TwoTower", "initial_parameters", "loss_and_gradient", "pairs_of"]

USER_TOWER = "user_W1", "user_b1", "user_W2"
"""The parameters that make a user's embedding."""

HIDDEN = 128
WIDTH = 32
L2 = 3e-3
BATCH = 256
NEGATIVES = 512
SCHEDULE = Schedule(epochs=8, rate=3e-3)


class Pairs(NamedTuple):
    """Clicked pairs of user and item, and items to tell them from.

    `users` (P, A) and `items` (P, B) are the columns of the pairs, `negatives` (M, B) those of the sampled
    items, and `hits` (P, M) says where a sampled item is the clicked one itself. `own_log_q` (P,) and `drawn_log_q`
    (M,), or 0, are what the logQ correction takes off the scores: the log of an item's chance to be drawn.
    """

    users: FloatArray
    items: FloatArray
    negatives: FloatArray
    hits: NDArray[np.bool_]
    own_log_q: FloatArray | float = 0.0
    drawn_log_q: FloatArray | float = 0.0


def initial_parameters(columns: tuple[int, int], layers: tuple[int, int], rng: np.random.Generator) -> Parameters:
    """Return random weights and zero offsets of both towers, for (A, B) columns and layers of (H, E)."""
    H, E = layers
    blocks: dict[str, FloatArray] = {}
    for tower, width in zip(("user", "item"), columns, strict=True):
        blocks[f"{tower}_W1"] = rng.standard_normal((width, H)) * (2 / width) ** 0.5
        blocks[f"{tower}_b1"] = np.zeros(H)
        blocks[f"{tower}_W2"] = rng.standard_normal((H, E)) * (1 / H) ** 0.5 * E**-0.25
    return blocks


def loss_and_gradient(
    parameters: Parameters, batch: Pairs, pair_loss: PairLoss = sampled_softmax
) -> tuple[float, Parameters]:
    """Return the mean loss of clicked pairs against sampled items plus L2/2 times squared weights, and its gradient.

    A clicked item competes with the M negatives, itself left out. Negatives are drawn as the log shows items without a
    click, so an item's chance to be drawn cancels, in all but the corrected softmax, against its chance to be shown,
    and what is learnt is how much oftener an item is clicked than *shown in vain*: popular items win nothing by being
    shown often, but by being clicked when all are shown evenly.

    Parameters
    ----------
    parameters
        For ``user`` and ``item`` each ``_W1`` (A or B, H), ``_b1`` (H,), ``_W2`` (H, E).
    batch
        P >= 1 pairs, M >= 1 negatives.
    pair_loss
        What the inner products are to satisfy.
    """
    P = len(batch.users)
    candidates = np.vstack([batch.items, batch.negatives])  # (P + M, B)
    user_h, u = _tower(parameters, "user", batch.users)  # (P, H), (P, E)
    item_h, v = _tower(parameters, "item", candidates)  # (P + M, H), (P + M, E)
    own = np.einsum("pe,pe->p", u, v[:P]) - batch.own_log_q  # (P,)
    others = np.where(batch.hits, -np.inf, u @ v[P:].T - batch.drawn_log_q)  # (P, M)
    slopes = pair_loss(own, others)
    penalty = 0.5 * L2 * sum(np.vdot(W, W) for name, W in parameters.items() if "_W" in name)

    d_own = slopes.own[:, None]  # (P, 1)
    du = d_own * v[:P] + slopes.others @ v[P:]  # (P, E)
    dv = np.vstack([d_own * u, slopes.others.T @ u])  # (P + M, E)
    gradient = _tower_gradient(parameters, "user", (batch.users, user_h, du))
    gradient |= _tower_gradient(parameters, "item", (candidates, item_h, dv))
    return float(slopes.loss + penalty), gradient


def _tower(parameters: Parameters, tower: str, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the hidden units, shape (..., H), and embeddings, shape (..., E), of rows of columns."""
    hidden = np.maximum(rows @ parameters[f"{tower}_W1"] + parameters[f"{tower}_b1"], 0.0)
    return hidden, hidden @ parameters[f"{tower}_W2"]


def _tower_gradient(
    parameters: Parameters, tower: str, passed: tuple[FloatArray, FloatArray, FloatArray]
) -> dict[str, FloatArray]:
    """Return a tower's gradient from its (rows, hidden units, gradient by embedding)."""
    rows, hidden, d_out = passed
    W1, W2 = parameters[f"{tower}_W1"], parameters[f"{tower}_W2"]
    d_hidden = (d_out @ W2.T) * (hidden > 0)
    return {
        f"{tower}_W1": rows.T @ d_hidden + L2 * W1,
        f"{tower}_b1": d_hidden.sum(axis=0),
        f"{tower}_W2": hidden.T @ d_out + L2 * W2,
    }


class TwoTower(Ranker):
    """Embeddings whose inner product says how likely a click is, trained on clicks and sampled negatives."""

    name: ClassVar[str] = "two_tower"
    pair_loss: ClassVar[str] = "sampled_softmax"
    """What the inner products are trained by, a name in pair_losses.LOSSES."""
    corrected: ClassVar[bool] = False
    """Whether scores are corrected by the log of an item's chance to be drawn, so that popularity is learnt too."""

    @classmethod
    def fit_from(cls, source: "TwoTower", world: Learnable, seed: int, frozen: Collection[str] = ()) -> Self:
        """Return the model of `world` whose users' tower starts as that of `source`, learnt in another world.

        Parameters
        ----------
        source
            Trained where users have the same columns.
        world
            The task to learn now; its items may have other columns.
        seed
            Of the items' tower and of the order of learning.
        frozen
            Parameters, such as USER_TOWER, that stay as they are; the others are fine-tuned.

        Raises
        ------
        InputError
            As `fit` does.
        ValueError
            Where the users' columns differ in number, or a name of `frozen` is none of a parameter.
        """
        carried = {name: source.parameters[name].astype(np.float64) for name in USER_TOWER}
        columns = world.user_features.shape[1]
        if len(carried["user_W1"]) != columns:
            raise ValueError(f"users of {len(carried['user_W1'])} columns, as the source has; got {columns}")
        cls._check(world)
        return cls._serving(_train(cls, world, generator(seed, f"train {cls.name}"), carried, frozen), world)

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        return _train(cls, world, rng, {}, ())

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        return _tower(parameters, "item", item_features)[1]

    @property
    def flops_per_candidate(self) -> int:
        """2 E, the inner product: the user's tower runs once a call, the items' before any call."""
        width: int = self.items.shape[1]
        return 2 * width

    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        return rows @ self.embedding(user)

    def embedding(self, user: FloatArray) -> FloatArray:
        """Return the embeddings, shape (..., E), of users' columns, shape (..., A)."""
        return _tower(self.parameters, "user", user)[1]


def _train(
    kind: type[TwoTower], world: Learnable, rng: np.random.Generator, carried: Parameters, frozen: Collection[str]
) -> Parameters:
    """Return the parameters of a `kind` of towers, from random ones but for those that are `carried` over."""
    train, validation = world.splits.train, world.splits.validation
    clicked = np.flatnonzero(train.click)
    log_q = _log_chance(train.where(~train.click), len(world.item_features)) if kind.corrected else None
    pair_loss = LOSSES[kind.pair_loss]

    def epoch() -> list[Pairs]:
        order = rng.permutation(clicked)
        parts = (order[start : start + BATCH] for start in range(0, len(order), BATCH))
        return [pairs_of(world, train, part, log_q, rng) for part in parts]

    held_out = pairs_of(world, validation, np.flatnonzero(validation.click), log_q, rng)
    columns = world.user_features.shape[1], world.item_features.shape[1]
    start = {**initial_parameters(columns, (HIDDEN, WIDTH), rng), **carried}
    return descend(lambda p, batch: loss_and_gradient(p, batch, pair_loss), start, epoch, held_out, SCHEDULE, frozen)


def _log_chance(log: Impressions, items: int) -> FloatArray:
    """Return the log of each item's share of the rows of `log`, shape (N,); what is not in it counts as one row."""
    shown = np.maximum(np.bincount(log.item, minlength=items), 1)  # (N,)
    return np.asarray(np.log(shown / len(log)))


def pairs_of(
    world: Learnable, log: Impressions, clicked: IntArray, log_q: FloatArray | None, rng: np.random.Generator
) -> Pairs:
    """Return the pairs at rows `clicked` of `log`, with negatives drawn from all its rows without a click."""
    others = np.flatnonzero(~log.click)
    item, drawn = log.item[clicked], log.item[others[rng.integers(len(others), size=NEGATIVES)]]
    return Pairs(
        users=world.user_features[log.user[clicked]],
        items=world.item_features[item],
        negatives=world.item_features[drawn],
        hits=item[:, None] == drawn,
        own_log_q=0.0 if log_q is None else log_q[item],
        drawn_log_q=0.0 if log_q is None else log_q[drawn],
    )
