"""How much data of its own a task needs before what was learnt elsewhere no longer helps: a measured sweep.

An arm is a way to learn a task: from scratch, with embeddings of another task frozen, or with them fine-tuned. Each is
given the same amounts of the task's data under the same seeds, so arms are compared pair by pair.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from simulator.statistics.intervals import Estimate, estimate

__all__ = ["Arm", "SweepRow", "crossing_of", "sweep"]

Arm = Callable[[int, int], float]
"""From an amount of the task's data and a seed to what is lost on data kept apart: an error, a risk, 1 - NDCG."""


@dataclass(frozen=True)
class SweepRow:
    """What each arm loses with one amount of the task's data.

    Attributes
    ----------
    amount
        Examples, users, whatever the arms count.
    losses
        By arm, with 95% intervals over seeds.
    apart
        By pair of arms, the first's loss less the second's, seed by seed.
    winner
        The arm that loses less than every other by more than the interval; None where two are too close to tell.
    """

    amount: int
    losses: dict[str, Estimate]
    apart: dict[tuple[str, str], Estimate]
    winner: str | None


def sweep(arms: Mapping[str, Arm], amounts: Sequence[int], seeds: Sequence[int]) -> tuple[SweepRow, ...]:
    """Return a row for each amount of data.

        feed = make_world(seed=0)
        arms = user_arms(TwoTower.fit(feed, seed=0), feed, items=300)
        sweep(arms, amounts=[30, 100, 300, 1000], seeds=range(10))

    Parameters
    ----------
    arms
        At least one, by name.
    amounts
        Amounts of data, each enough for every arm.
    seeds
        Independent repetitions, at least 2 for an interval.
    """
    from threadpoolctl import threadpool_limits  # only where something is trained

    with threadpool_limits(1):  # small models: several threads wait for each other, and round differently each time
        return tuple(_row(arms, amount, seeds) for amount in amounts)


def _row(arms: Mapping[str, Arm], amount: int, seeds: Sequence[int]) -> SweepRow:
    """Return what the arms lose with one amount."""
    lost = {name: [arm(amount, seed) for seed in seeds] for name, arm in arms.items()}
    apart = {
        (one, other): estimate([a - b for a, b in zip(lost[one], lost[other], strict=True)])
        for one in arms
        for other in arms
        if one != other
    }
    winners = [one for one in arms if all(apart[one, other].high < 0 for other in arms if other != one)]
    losses = {name: estimate(values) for name, values in lost.items()}
    return SweepRow(amount, losses, apart, winners[0] if winners else None)


def crossing_of(rows: Sequence[SweepRow], one: str, other: str) -> float | None:
    """Return the amount from which `other` loses less than `one`, None where that does not happen within the sweep.

    Between two amounts the difference is taken to be straight over the amount's logarithm.
    """
    for before, after in pairwise(rows):
        low, high = before.apart[one, other].value, after.apart[one, other].value
        if low <= 0 < high:
            share = -low / (high - low)
            return math.exp((1 - share) * math.log(before.amount) + share * math.log(after.amount))
    return None
