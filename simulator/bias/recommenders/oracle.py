"""The best list that anybody could show: what regret is counted from.

Shapes: R replications, U users, k places of a list.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.bias.lists import KnownLists, no_new_items
from simulator.bias.ranking import Ranking, keep
from simulator.bias.recommenders.base import Learnt, Now
from simulator.kernels import jit
from simulator.scenario.bias import Policy

__all__ = ["Oracle", "chances_of", "true_best"]

USERS_AT_ONCE = 32


class Oracle:
    """Each user's likeliest clicks first, by the truth."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return each user's own list."""
        del policy
        return KnownLists(true_best(now, now.world.users), own=True, new=no_new_items(len(learnt.clicks)))


def true_best(now: Now, users: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.int32]]:
    """Return the best lists of the first `users` users, shape (R, users, k)."""
    R = len(now.alive)
    best = np.empty((R, users, now.slots), dtype=np.int32)
    for r in range(R):
        for some, chance in chances_of(now, r, users):
            _best(chance[:, : now.alive[r]], best[r, some[0] :])
    return best


@jit()
def _best(chance: NDArray[np.float32], out: NDArray[np.int32]) -> None:
    """Write each user's likeliest items, equals by their number."""
    for u in range(len(chance)):
        found, shown = np.full(out.shape[1], -np.inf, np.float32), out[u]
        for item in range(chance.shape[1]):
            keep(found, shown, chance[u, item], item)


def chances_of(now: Now, r: int, users: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield a few of the first `users` users at a time, and how likely they click on every item, shape (n, I).

    Rows of all users at once are more than memory holds.
    """
    for first in range(0, users, USERS_AT_ONCE):
        some = np.arange(first, min(first + USERS_AT_ONCE, users))
        yield some, now.world.everything(r, some, now.step)
