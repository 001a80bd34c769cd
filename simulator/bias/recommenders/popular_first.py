"""The most clicked items first: what most systems begin with, and how the rich get richer."""

import numpy as np

from simulator.bias.ranking import Ranking
from simulator.bias.recommenders.base import Floats, Learnt, Now, best_lists
from simulator.bias.tied import tied_lists
from simulator.scenario.bias import Policy

__all__ = ["PopularFirst", "rates"]


class PopularFirst:
    """Items by their clicks, or by their clicks per time shown, with a bonus for what was shown little."""

    def train(self, learnt: Learnt, policy: Policy, now: Now) -> Ranking:
        """Return one list for all, or for each request one with equals in a new order.

        The bonus is that of UCB1 (Auer, Cesa-Bianchi & Fischer, Machine Learning 47, 2002) times
        `policy.upper_confidence`.
        """
        score = learnt.clicks if policy.by == "clicks" else rates(learnt)
        if policy.upper_confidence > 0:
            everything = np.maximum(learnt.shown.sum(axis=1, keepdims=True), 1.0)
            score = score + policy.upper_confidence * np.sqrt(2 * np.log(everything) / np.maximum(learnt.shown, 1.0))
        if policy.ties == "per_user":
            return tied_lists(score, now.alive)
        return best_lists(score, now)


def rates(learnt: Learnt) -> Floats:
    """Return clicks per time shown, shape (R, I), each drawn to the rate of all as if shown once more at it."""
    clicks = learnt.clicks - learnt.start_clicks
    shown = learnt.shown.sum(axis=1, keepdims=True)
    overall = np.where(shown > 0, clicks.sum(axis=1, keepdims=True) / np.maximum(shown, 1e-300), 1.0)
    return np.asarray((clicks + overall) / (learnt.shown + 1.0))
