"""Random lists for all traffic."""

import numpy as np

from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Learnt, Now, best_lists
from simulator.scenario.bias import Policy

__all__ = ["Random"]


class Random:
    """Every list is drawn evenly from all items; what is ranked beneath is never seen."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return any lists."""
        del policy
        return best_lists(np.zeros_like(learnt.clicks), now)
