"""Each item in proportion to its clicks, or to a power of them: an urn, where chance at the start decides for long."""

import numpy as np

from simulator.bias.proportional import proportional_lists
from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Learnt, Now
from simulator.scenario.bias import Policy

__all__ = ["Proportional"]


class Proportional:
    """A list that shows each item in proportion to its clicks to a power; at power 1 and one place, Polya's urn."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return such lists; items lie along the line of the sample in an order drawn for this step."""
        items = learnt.clicks.shape[1]
        there = np.arange(items) < now.alive[:, None]
        most = np.max(np.where(there, learnt.clicks, 0.0), axis=1, keepdims=True)
        weight = np.where(there, np.maximum(learnt.clicks / np.maximum(most, 1e-300), 1e-300) ** policy.power, 0.0)
        weight = np.where(there, np.maximum(weight, 1e-300), 0.0)  # what cannot be told from 0 is still there
        return proportional_lists(weight, now.slots, now.luck.uniforms("order of the line", items, now.step))
