"""How much data of its own a task needs before what was learnt elsewhere no longer helps: a measured sweep.

An arm is a way to learn a task: from scratch, with embeddings of another task frozen, or with them fine-tuned. Each is
given the same amounts of the task's data under the same seeds, so arms are compared pair by pair.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product

import numpy as np

from simulator.data.features import FloatArray
from simulator.engine.replications import Progress
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["Arm", "SweepRow", "crossing_of", "losses_of", "rows_of", "sweep"]

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
    return rows_of(tuple(arms), amounts, losses_of(arms, amounts, seeds))


def losses_of(
    arms: Mapping[str, Arm],
    amounts: Sequence[int],
    seeds: Sequence[int],
    on_progress: Progress | None = None,
) -> FloatArray:
    """Return what each arm loses with each amount and seed, shape (arms, amounts, seeds).

    `on_progress` is called with (runs done, runs in all).
    """
    from threadpoolctl import threadpool_limits  # only where something is trained

    losses = np.empty((len(arms), len(amounts), len(seeds)))
    with threadpool_limits(1):  # small models: several threads wait for each other, and round differently each time
        for done, (place, (arm, amount, seed)) in enumerate(
            zip(np.ndindex(losses.shape), product(arms.values(), amounts, seeds), strict=True), start=1
        ):
            losses[place] = arm(amount, seed)
            if on_progress is not None:
                on_progress(done, losses.size)
    return losses


def rows_of(names: Sequence[str], amounts: Sequence[int], losses: FloatArray) -> tuple[SweepRow, ...]:
    """Return a row for each amount from the losses of the arms of `names`, shape (arms, amounts, seeds)."""
    return tuple(_row(names, amount, losses[:, i]) for i, amount in enumerate(amounts))


def _row(names: Sequence[str], amount: int, losses: FloatArray) -> SweepRow:
    """Return what the arms lose with one amount, shape (arms, seeds)."""
    lost = dict(zip(names, losses, strict=True))
    apart = {(one, other): estimate((lost[one] - lost[other]).tolist()) for one, other in permutations(names, 2)}
    winners = [one for one in names if all(apart[one, other].high < 0 for other in names if other != one)]
    means = {name: estimate(found.tolist()) for name, found in lost.items()}
    return SweepRow(amount, means, apart, winners[0] if winners else None)


def crossing_of(rows: Sequence[SweepRow], one: str, other: str) -> Estimate | None:
    """Return the amount from which `other` loses less than `one`, None where that does not happen within the sweep.

    Between two amounts a difference is taken to be straight over the amount's logarithm. The 95% interval holds the
    amounts at which the difference is not told from none (Fieller's way to invert a test); an end of it that lies
    beyond the sweep is NaN.
    """
    apart = [row.apart[one, other] for row in rows]
    amounts = [row.amount for row in rows]
    found = _rises(amounts, [difference.value for difference in apart])
    if not found:
        return None
    begins = _rises(amounts, [difference.high for difference in apart]) if apart[0].high <= 0 else []
    ends = _rises(amounts, [difference.low for difference in apart]) if apart[-1].low > 0 else []
    return Estimate(found[0], begins[0] if begins else math.nan, ends[-1] if ends else math.nan)


def _rises(amounts: Sequence[int], differences: Sequence[float]) -> list[float]:
    """Return the amounts at which a difference rises above zero."""
    found = []
    for (before, low), (after, high) in pairwise(zip(amounts, differences, strict=True)):
        if low <= 0 < high:
            share = -low / (high - low)
            found.append(math.exp((1 - share) * math.log(before) + share * math.log(after)))
    return found
