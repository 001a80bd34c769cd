"""The best list that anybody could show: what regret is counted from.

Shapes: R replications, U users, k places of a list.
"""

import numpy as np

from simulator.bias.lists import KnownLists, no_new_items
from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Learnt, Now
from simulator.scenario.bias import Policy

__all__ = ["Oracle", "true_best"]

USERS_AT_ONCE = 256


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
        for first in range(0, users, USERS_AT_ONCE):
            some = np.arange(first, min(first + USERS_AT_ONCE, users))
            chance = now.world.everything(r, some, now.step)[:, : now.alive[r]]  # (n, alive)
            best[r, some] = np.argsort(-chance, axis=1, kind="stable")[:, : now.slots]
    return best
