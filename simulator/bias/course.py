"""What a run is measured by, step after step.

Shapes: R replications, U users, I items, n users that are asked about regret, k places of a list, C steps measured.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.bias.log import Log
from simulator.bias.measures import average_popularity, coverage, entropy, gini, jaccard, kendall, top_share
from simulator.bias.recommenders.base import Now

__all__ = ["MEASURES", "Course", "Seen"]

Floats = NDArray[np.floating]

MEASURES = {
    "click_rate": "clicks per request, of this step",
    "regret": "clicks per request that the best lists would bring more, of this step",
    "exploration_cost": "clicks per request that random items cost, of this step",
    "exposure_gini": "how unevenly items were shown so far",
    "click_gini": "how unevenly they were clicked so far",
    "coverage": "share of items shown so far",
    "entropy": "of what was shown so far, over that of an even share: 1 is even",
    "top_share": "share of what was shown so far that the most shown 1% of items have",
    "popularity": "mean of how many times as often as the average item what is shown in this step was shown before",
    "kendall": "Kendall's tau of how good items are and how often they were shown so far",
    "jaccard": "how alike two users' lists are in this step",
    "discovered": "share of items with enough clicks to be known",
}
"""By name, what it says; the order of reports."""

TOP = 0.01
RANKS = 60
COMPARED = 50
"""Users whose lists are compared, where there are more."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One step of one arm.

    Attributes
    ----------
    item
        What was shown, shape (R, U, k).
    clicks
        Clicks per request, shape (R,).
    expected, ranked, best
        Expected clicks per request of n users on what they were shown, on what was ranked before exploration, and on
        the best lists, shape (R,).
    known
        Clicks from which an item counts as discovered.
    """

    item: NDArray[np.int32]
    clicks: Floats
    expected: Floats
    ranked: Floats
    best: Floats
    known: float


@dataclass(eq=False)
class Course:
    """The measures of one arm.

    Attributes
    ----------
    steps
        Which steps were measured, C of them.
    values
        By measure, C arrays of shape (R,).
    clicks
        Clicks per request of every step, shape (R,) each.
    by_rank
        Of each step measured: the step, ranks from 1, and the mean share of what was shown so far that the item of that
        rank has.
    discovered_at
        The step in which each item had enough clicks, shape (R, I); -1 if never.
    """

    discovered_at: NDArray[np.int64]
    steps: list[int] = field(default_factory=list)
    values: dict[str, list[Floats]] = field(default_factory=lambda: {name: [] for name in MEASURES})
    clicks: list[Floats] = field(default_factory=list)
    by_rank: list[tuple[int, NDArray[np.int64], Floats]] = field(default_factory=list)

    def measure(self, log: Log, before: Floats, seen: Seen, now: Now) -> None:
        """Take the measures of a step.

        Parameters
        ----------
        log
            With the step's rows.
        before
            How often items were shown before the step, shape (R, I).
        """
        self.steps.append(now.step)
        of_step = {
            "click_rate": seen.clicks,
            "regret": seen.best - seen.expected,
            "exploration_cost": seen.ranked - seen.expected,
            "jaccard": jaccard(seen.item[:, :COMPARED].astype(np.int64))
            if seen.item.shape[1] > 1
            else np.full(len(seen.item), np.nan),
        }
        appeal = now.world.appeal(now.step)
        parts = [_of_items(log, before[r], appeal[r], seen, (r, int(now.alive[r]))) for r in range(len(now.alive))]
        of_step |= {name: np.array([part[name] for part in parts]) for name in parts[0]}
        for name, values in of_step.items():
            self.values[name].append(values)
        self.by_rank.append((now.step, *_by_rank(log)))


def _by_rank(log: Log) -> tuple[NDArray[np.int64], Floats]:
    """Return ranks from 1, evenly on a logarithmic scale, and the mean share of impressions of the item of each."""
    items = log.shown.shape[1]
    ranks = np.unique(np.geomspace(1, items, RANKS).round().astype(np.int64))
    falling = -np.sort(-log.shown, axis=1)[:, ranks - 1]  # (R, ranks)
    return ranks, np.mean(falling / log.shown.sum(axis=1, keepdims=True), axis=0)


def _of_items(
    log: Log, before: Floats, appeal: NDArray[np.float32], seen: Seen, where: tuple[int, int]
) -> dict[str, float]:
    """Return the measures of one replication's items, of those that there are."""
    r, alive = where
    shown, clicks = log.shown[r, :alive], log.clicks[r, :alive]
    now_shown = np.bincount(seen.item[r].ravel(), minlength=alive)[:alive]
    mean = before[:alive].mean()
    return {
        "exposure_gini": float(gini(shown)),
        "click_gini": float(gini(clicks)),
        "coverage": float(coverage(shown)),
        "entropy": float(entropy(shown) / np.log(alive)) if alive > 1 else np.nan,
        "top_share": float(top_share(shown, TOP)),
        "popularity": float(average_popularity(now_shown, before[:alive] / mean)) if mean > 0 else np.nan,
        "kendall": float(kendall(appeal[:alive], shown)) if alive > 1 else np.nan,
        "discovered": float(np.mean(clicks >= seen.known)),
    }
