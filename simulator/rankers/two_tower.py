"""Two towers, the user's and the item's, that meet in an inner product: the first stage of a funnel.

The items' tower runs once, when the catalogue is built. A call runs the user's tower once and multiplies the
matrix of item embeddings by the vector it gives, which is the least that work per candidate can be.

Shapes: A user columns, B item columns, H hidden units, E embedding width, P clicked pairs, M sampled
negatives, n candidates.
"""

from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from simulator.data.features import FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.optimizers import Schedule, descend

__all__ = ["Pairs", "TwoTower", "initial_parameters", "loss_and_gradient"]

HIDDEN = 32
WIDTH = 32
L2 = 1e-5
BATCH = 256
NEGATIVES = 256
SCHEDULE = Schedule(epochs=8, rate=3e-3)


class Pairs(NamedTuple):
    """Clicked pairs of user and item, and items to tell them from.

    `users` (P, A) and `items` (P, B) are the columns of the pairs, `negatives` (M, B) those of the sampled
    items, and `hits` (P, M) says where a sampled item is the clicked one itself.
    """

    users: FloatArray
    items: FloatArray
    negatives: FloatArray
    hits: NDArray[np.bool_]


def initial_parameters(columns: tuple[int, int], layers: tuple[int, int], rng: np.random.Generator) -> Parameters:
    """Return random weights and zero offsets of both towers, for (A, B) columns and layers of (H, E)."""
    H, E = layers
    blocks: dict[str, FloatArray] = {}
    for tower, width in zip(("user", "item"), columns, strict=True):
        blocks[f"{tower}_W1"] = rng.standard_normal((width, H)) * (2 / width) ** 0.5
        blocks[f"{tower}_b1"] = np.zeros(H)
        blocks[f"{tower}_W2"] = rng.standard_normal((H, E)) * (1 / H) ** 0.5 * E**-0.25
    return blocks


def loss_and_gradient(parameters: Parameters, batch: Pairs) -> tuple[float, Parameters]:
    """Return the mean sampled-softmax loss plus L2/2 times the squared weights, and its gradient.

    A clicked item competes with itself and the M negatives. Negatives are drawn as the log shows items without
    a click, so the correction of sampled softmax, minus the log of an item's chance to be drawn, cancels against
    its chance to be shown, and what is learnt is how much oftener than others an item is clicked than *shown in
    vain*: popular items win nothing by being shown often, but by being clicked when all are shown evenly.

    Source: Jean et al., "On using very large target vocabulary for neural machine translation", ACL 2015,
    section 3.

    Parameters
    ----------
    parameters
        For ``user`` and ``item`` each ``_W1`` (A or B, H), ``_b1`` (H,), ``_W2`` (H, E).
    batch
        P >= 1 pairs, M >= 1 negatives.
    """
    P = len(batch.users)
    candidates = np.vstack([batch.items, batch.negatives])  # (P + M, B)
    user_h, u = _tower(parameters, "user", batch.users)  # (P, H), (P, E)
    item_h, v = _tower(parameters, "item", candidates)  # (P + M, H), (P + M, E)
    own = np.einsum("pe,pe->p", u, v[:P])  # (P,)
    others = np.where(batch.hits, -np.inf, u @ v[P:].T)  # (P, M)
    total = logsumexp(np.column_stack([own, others]), axis=1)  # (P,)
    penalty = 0.5 * L2 * sum(np.vdot(W, W) for name, W in parameters.items() if "_W" in name)

    d_own = (np.exp(own - total) - 1.0)[:, None] / P  # (P, 1)
    d_others = np.exp(others - total[:, None]) / P  # (P, M)
    du = d_own * v[:P] + d_others @ v[P:]  # (P, E)
    dv = np.vstack([d_own * u, d_others.T @ u])  # (P + M, E)
    gradient = _tower_gradient(parameters, "user", (batch.users, user_h, du))
    gradient |= _tower_gradient(parameters, "item", (candidates, item_h, dv))
    return float(np.mean(total - own) + penalty), gradient


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


@final
class TwoTower(Ranker):
    """Embeddings whose inner product says how likely a click is, trained on clicks and sampled negatives."""

    name: ClassVar[str] = "two_tower"

    @classmethod
    def _train(cls, world: Learnable, rng: np.random.Generator) -> Parameters:
        train, validation = world.splits.train, world.splits.validation
        clicked = np.flatnonzero(train.click)

        def epoch() -> list[Pairs]:
            order = rng.permutation(clicked)
            parts = (order[start : start + BATCH] for start in range(0, len(order), BATCH))
            return [_pairs(world, train, part, rng) for part in parts]

        held_out = _pairs(world, validation, np.flatnonzero(validation.click), rng)
        columns = world.user_features.shape[1], world.item_features.shape[1]
        start = initial_parameters(columns, (HIDDEN, WIDTH), rng)
        return descend(loss_and_gradient, start, epoch, held_out, SCHEDULE)

    @classmethod
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        return _tower(parameters, "item", item_features)[1]

    @property
    def flops_per_candidate(self) -> int:
        """2 E, the inner product: the user's tower runs once a call, the items' before any call."""
        width: int = self.items.shape[1]
        return 2 * width

    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        return rows @ _tower(self.parameters, "user", user)[1]


def _pairs(world: Learnable, log: Impressions, clicked: IntArray, rng: np.random.Generator) -> Pairs:
    """Return the pairs at rows `clicked` of `log`, with negatives drawn from all its rows without a click."""
    others = np.flatnonzero(~log.click)
    item, drawn = log.item[clicked], log.item[others[rng.integers(len(others), size=NEGATIVES)]]
    return Pairs(
        users=world.user_features[log.user[clicked]],
        items=world.item_features[item],
        negatives=world.item_features[drawn],
        hits=item[:, None] == drawn,
    )
