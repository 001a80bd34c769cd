"""The newest items first."""

import numpy as np

from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Learnt, Now, best_lists
from simulator.scenario.bias import Policy

__all__ = ["Newest"]


class Newest:
    """Items by arrival, the latest first."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return one list for all."""
        del policy
        return best_lists(np.broadcast_to(np.arange(learnt.clicks.shape[1], dtype=float), learnt.clicks.shape), now)
