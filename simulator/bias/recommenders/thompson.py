"""Thompson sampling: items as good as a draw from what is believed of them, so doubt itself explores.

Source: Chapelle & Li, "An empirical evaluation of Thompson sampling", NIPS 2011; Russo et al., "A tutorial on
Thompson sampling", 2018, section 3, with beliefs Beta(1 + clicks, 1 + shown without a click).

Shapes: R replications, I items, M draws, k places of a list.
"""

import numpy as np

from simulator.bias.lists import KnownLists, no_new_items
from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Learnt, Now
from simulator.scenario.bias import Policy

__all__ = ["DRAWS", "Thompson"]

DRAWS = 64


class Thompson:
    """Lists by draws of each item's click rate: M a training, of which each request gets one by even chance.

    So a propensity is exact: the share of the M lists that show the item in that place.
    """

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return the lists of M draws, shape (R, M, k)."""
        del policy
        R = len(learnt.clicks)
        clicks = learnt.clicks - learnt.start_clicks
        missed = np.maximum(learnt.shown - clicks, 0.0)
        lists = np.empty((R, DRAWS, now.slots), np.int32)
        for r, rng in enumerate(now.luck.generators(f"thompson {now.step}")):
            there = now.alive[r]
            belief = rng.beta(1.0 + clicks[r, :there], 1.0 + missed[r, :there], size=(DRAWS, there))
            top = np.argpartition(-belief, now.slots - 1, axis=1)[:, : now.slots]  # (M, k)
            order = np.argsort(-np.take_along_axis(belief, top, axis=1), axis=1, kind="stable")
            lists[r] = np.take_along_axis(top, order, axis=1)
        return KnownLists(lists, own=False, new=no_new_items(R))
