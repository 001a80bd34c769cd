"""A policy at work: it trains on its log, makes the lists of its users, explores, and says how likely each row was.

Shapes: R replications, U users, I items, k places of a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulator.bias.explore import explore, log_propensities
from simulator.bias.impressions import Impressions
from simulator.bias.lists import KnownLists, NewItems
from simulator.bias.log import Log
from simulator.bias.ranking import Asked, Ranking
from simulator.bias.recommenders.base import Now, learnt_from
from simulator.bias.recommenders.registry import RECOMMENDERS
from simulator.scenario.bias import Boost, Policy

__all__ = ["ActiveArm"]


@dataclass
class ActiveArm:
    """One policy in the course of a run.

    Attributes
    ----------
    policy
        How it makes lists.
    log
        The rows that it has shown.
    learns_from
        Further logs that it learns from.
    start_clicks
        What each item is counted with before the first click.
    """

    policy: Policy
    log: Log
    start_clicks: float
    learns_from: Sequence[Log] = ()
    _ranking: Ranking | None = field(default=None, repr=False)

    def rank(self, rows: Impressions, asked: Asked, now: Now, born: NDArray[np.int64]) -> Ranking:
        """Write the lists of the users that ask into `rows`, before any exploration, and return what made them.

        Parameters
        ----------
        asked
            Its streams are those of rankings.
        born
            The step in which each item comes, shape (R, I).
        """
        cold, every = self.policy.cold_start, self.policy.retrain
        since = now.step - cold.steps if cold and now.step >= cold.steps else now.step  # the rule began
        if self._ranking is None or since % every == 0:
            learnt = learnt_from(self._known, self.policy, self.start_clicks)
            self._ranking = RECOMMENDERS[self._rule(now.step)].train(learnt, self.policy, now)
        ranking = self._ranking
        if self.policy.boost and isinstance(ranking, KnownLists):
            ranking = replace(ranking, new=_new_items(self.policy.boost, self._known, now, born))
        ranking.fill(rows.item, asked)
        return ranking

    def explore(self, rows: Impressions, ranking: Ranking, asked: Asked, now: Now) -> None:
        """Put the random items of the users that ask into `rows`, and write all propensities.

        `asked` has the streams of exploration.
        """
        share = self.exploration(now.step)
        explore(rows, share, self.policy.explore, now.alive, asked)
        log_propensities(rows, ranking, (share, self.policy.explore), now.alive, asked)

    def exploration(self, step: int) -> float:
        """Return the share of traffic that is random in `step`."""
        return self.policy.exploration if self.ranks(step) else 1.0

    def ranks(self, step: int) -> bool:
        """Return whether anything is ranked in `step`, so that random items take a ranked one's place."""
        return self._rule(step) != "random"

    def _rule(self, step: int) -> str:
        """Return the recommender of `step`."""
        cold = self.policy.cold_start
        return cold.rule if cold and step < cold.steps else self.policy.recommender

    @property
    def _known(self) -> Log:
        """All that the policy learns from."""
        known = self.log
        for other in self.learns_from:
            known = known.together(other)
        return known


def _new_items(boost: Boost, log: Log, now: Now, born: NDArray[np.int64]) -> NewItems:
    """Return the items that came after the start and are still new."""
    items = born.shape[1]
    is_new = (born > 0) & (np.arange(items) < now.alive[:, None])
    if boost.steps is not None:
        is_new &= now.step - born < boost.steps
    if boost.impressions is not None:
        is_new &= log.shown < boost.impressions
    count = is_new.sum(axis=1)
    listed = np.argsort(~is_new, axis=1, kind="stable").astype(np.int32)  # the new ones first
    return NewItems(boost.slots, is_new, listed, count)
