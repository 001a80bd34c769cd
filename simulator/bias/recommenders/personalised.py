"""Each user's own list, from factors learnt from all clicks: who clicked alike is shown what the other clicked.

Source: Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.

Shapes: R replications, U users, I items, F factors, n clicks, k places of a list.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.bias.lists import KnownLists, no_new_items
from simulator.bias.parts import in_parts
from simulator.bias.ranking import Ranking, keep
from simulator.bias.recommenders.base import Learnt, Now
from simulator.kernels import jit
from simulator.scenario.bias import Policy

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Personalised", "factors_of", "top_lists"]

Floats = NDArray[np.float32]

CONFIDENCE = 10.0
"""How much more a click says than none."""
L2 = 10.0
ROUNDS = 5
ROWS_A_THREAD = 2_000


class Personalised:
    """Lists by the inner product of a user's and an item's factors, equals by clicks."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return each user's own list; a user without a click gets the most clicked items."""
        R = len(learnt.clicks)
        users = now.world.users
        rows = [np.concatenate(part) for part in zip(*learnt.log.clicked, strict=True)] if learnt.log.clicked else []
        lists = np.empty((R, users, now.slots), np.int32)
        for r, rng in enumerate(now.luck.generators("factors")):
            popular = np.argsort(-learnt.clicks[r, : now.alive[r]], kind="stable")
            if not rows or not (mine := rows[0] == r).any():
                lists[r] = popular[: now.slots]
                continue
            weight = rows[3][mine] if policy.weights else np.ones(int(mine.sum()), np.float32)
            start = rng.standard_normal((len(popular), policy.factors))
            of_users, of_items = factors_of((rows[1][mine], rows[2][mine], weight), (users, start * 0.1))
            lists[r] = popular[top_lists(of_users, of_items[popular], now.slots)]
        return KnownLists(lists, own=True, new=no_new_items(R))


def factors_of(
    clicks: tuple[NDArray[np.int64], NDArray[np.int32], Floats], start: tuple[int, NDArray[np.float64]]
) -> tuple[Floats, Floats]:
    """Return factors of users, shape (U, F), and of items, shape (I, F), by alternating least squares.

    Parameters
    ----------
    clicks
        User, item and weight of each, shape (n,).
    start
        U, and the factors of items to start from, shape (I, F).
    """
    from scipy.sparse import coo_array  # only personalised ranking needs it

    user, item, weight = clicks
    users, of_items = start[0], start[1].astype(np.float32)
    by_user = coo_array((weight, (user, item)), shape=(users, len(of_items))).tocsr()  # repeated clicks add up
    by_item = by_user.T.tocsr()
    of_users = _solved(by_user, of_items)
    for _ in range(ROUNDS):
        of_items = _solved(by_item, of_users)
        of_users = _solved(by_user, of_items)
    return of_users, of_items


def _solved(clicks: "csr_array", fixed: Floats) -> Floats:
    """Return the least-squares factors of the side that the rows of `clicks` are, the other side's being `fixed`."""
    shared = fixed.T @ fixed + np.float32(L2) * np.eye(fixed.shape[1], dtype=np.float32)
    out = np.zeros((clicks.shape[0], fixed.shape[1]), np.float32)
    in_parts(_solve, len(out), (clicks.indptr, clicks.indices, clicks.data), fixed, shared, out, least=ROWS_A_THREAD)
    return out


@jit(nogil=True)
def _solve(
    ends: tuple[int, int],
    clicks: tuple[NDArray[np.int32], NDArray[np.int32], Floats],
    fixed: Floats,
    shared: Floats,
    out: Floats,
) -> None:
    """Write the factors of each row; those of a row without clicks stay 0."""
    begin, other, weight = clicks
    F = fixed.shape[1]
    for row in range(ends[0], ends[1]):
        if begin[row] == begin[row + 1]:
            continue
        matrix = shared.copy()
        target = np.zeros(F, np.float32)
        for n in range(begin[row], begin[row + 1]):
            vector = fixed[other[n]]
            confidence = np.float32(CONFIDENCE) * weight[n]
            for a in range(F):
                target[a] += (np.float32(1.0) + confidence) * vector[a]
                for b in range(F):
                    matrix[a, b] += confidence * vector[a] * vector[b]
        out[row] = np.linalg.solve(matrix, target)


def top_lists(of_users: Floats, of_items: Floats, slots: int) -> NDArray[np.int32]:
    """Return the `slots` items of largest inner product for each user, shape (U, k); equals by their number."""
    out = np.empty((len(of_users), slots), np.int32)
    in_parts(_top, len(out), of_users, of_items, out, least=ROWS_A_THREAD)
    return out


@jit(nogil=True)
def _top(ends: tuple[int, int], of_users: Floats, of_items: Floats, out: NDArray[np.int32]) -> None:
    """Write the best items of each user."""
    items, slots = len(of_items), out.shape[1]
    for u in range(ends[0], ends[1]):
        best, shown = np.full(slots, -np.inf, np.float32), out[u]
        for i in range(items):
            score = np.float32(0.0)
            for f in range(of_users.shape[1]):
                score += of_users[u, f] * of_items[i, f]
            keep(best, shown, score, i)
