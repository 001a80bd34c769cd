"""Freeze embeddings that were learnt elsewhere, fine-tune them, or learn from scratch: the answer at the data at hand.

Shapes: N arms, P amounts of data, S seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import simulator.data
import simulator.rankers
from simulator.data.features import FloatArray
from simulator.data.kept import kept, sources_key
from simulator.data.world import World, make_world
from simulator.engine.replications import Progress
from simulator.rankers.two_tower import TwoTower
from simulator.scenario.training import Transfer
from simulator.statistics.intervals import Estimate
from simulator.training.transfer import Arm, SweepRow, crossing_of, losses_of, rows_of
from simulator.training.transfer_tasks import user_arms
from simulator.version import __version__

__all__ = ["TransferAnswer", "answer_of", "transfer_answer"]

ADS = 300
"""Items of the task that the users' embeddings are carried to."""

FEED_SEED = 0
FROZEN, TUNED, SCRATCH = "frozen", "fine_tuned", "scratch"


@dataclass(frozen=True)
class TransferAnswer:
    """What the sweep says.

    Attributes
    ----------
    rows
        By rising amount of the task's data: users whose ads are learnt from.
    tuned_from, scratch_from
        The amount from which fine-tuning loses less than frozen embeddings, and from which learning from scratch loses
        less than fine-tuning, by the means, with its interval; None where they do not cross within the sweep that way
        and once.
    have
        The amount at hand; None where none is said.
    at_hand
        What to do with it; None where two ways are too close to tell, or nothing is said of what is at hand.
    advice
        All of it in words.
    """

    rows: tuple[SweepRow, ...]
    tuned_from: Estimate | None
    scratch_from: Estimate | None
    have: int | None
    at_hand: str | None
    advice: str


class _Lead(NamedTuple):
    """Where in a sweep one arm loses less than another: from which amount on, if it begins once, and in words."""

    begins: Estimate | None
    said: str

    @classmethod
    def of(cls, rows: Sequence[SweepRow], behind: str, ahead: str) -> Self:
        """Return where `ahead` loses less than `behind`, by the means."""
        begins, ends = crossing_of(rows, behind, ahead), crossing_of(rows, ahead, behind)
        if begins is not None and ends is not None:
            return cls(None, "now and then, the means cross more than once")
        if begins is not None:
            return cls(begins, f"from {begins.value:,.0f} users on ({_interval(begins)})")
        if ends is not None:
            return cls(None, f"up to {ends.value:,.0f} users ({_interval(ends)})")
        throughout = rows[0].apart[behind, ahead].value > 0
        return cls(None, "throughout the sweep" if throughout else "never within the sweep")


def _interval(crossing: Estimate) -> str:
    """Return the interval of a crossing in words."""
    match math.isnan(crossing.low), math.isnan(crossing.high):
        case False, False:
            return f"95% interval {crossing.low:,.0f} to {crossing.high:,.0f}"
        case True, False:
            return f"95% interval up to {crossing.high:,.0f}"
        case False, True:
            return f"95% interval {crossing.low:,.0f} or more"
    return "the sweep is too short or too noisy for an interval"


def transfer_answer(section: Transfer, seed: int, on_progress: Progress | None = None) -> TransferAnswer:
    """Return what `section` asks, from training every arm on every amount; what was trained is kept in the cache.

    Parameters
    ----------
    seed
        Of the first run; the others are the next ones.
    on_progress
        Called with (runs done, runs in all).

    Raises
    ------
    InputError
        Where an amount is more than the users there are.
    """
    seeds = range(seed, seed + section.seeds)
    folders = [Path(path) for package in (simulator.data, simulator.rankers) for path in package.__path__]
    key = sources_key(folders, __version__, section.amounts, seed, section.seeds, ADS)

    def make() -> FloatArray:
        return losses_of(_arms(), section.amounts, seeds, on_progress)

    losses = kept("transfer", key, make)  # (N, P, S)
    return answer_of(rows_of((SCRATCH, FROZEN, TUNED), section.amounts, losses), section.have)


def answer_of(rows: Sequence[SweepRow], have: int | None) -> TransferAnswer:
    """Return what the rows of a sweep of the three arms say."""
    tuned, scratch = _Lead.of(rows, FROZEN, TUNED), _Lead.of(rows, TUNED, SCRATCH)
    at_hand = None if have is None else _winner_at(rows, have)
    said = [
        f"fine-tuning loses less than frozen embeddings: {tuned.said}",
        f"learning from scratch loses less than fine-tuning: {scratch.said}",
    ]
    if have is not None:
        what = {FROZEN: "freeze the embeddings", TUNED: "fine-tune the embeddings", SCRATCH: "learn from scratch"}
        verdict = what[at_hand] if at_hand else "the best two ways are too close to tell: take the simpler one"
        outside = not rows[0].amount <= have <= rows[-1].amount
        said.insert(0, f"with {have:,} users at hand, {verdict}" + (", read beyond the sweep" if outside else ""))
    return TransferAnswer(tuple(rows), tuned.begins, scratch.begins, have, at_hand, "; ".join(said))


def _winner_at(rows: Sequence[SweepRow], have: int) -> str | None:
    """Return the winner of the row at `have`, or of both rows around it where they agree."""
    below = [row for row in rows if row.amount <= have][-1:]
    above = [row for row in rows if row.amount >= have][:1]
    winners = {row.winner for row in (*below, *above)}
    return winners.pop() if len(winners) == 1 else None


@cache
def _feed() -> World:
    """Return the world in which users are known."""
    return make_world(seed=FEED_SEED)


def _arms() -> Mapping[str, Arm]:
    """Return the three arms, in the order that losses are kept in."""
    arms = user_arms(TwoTower.fit(_feed(), FEED_SEED), _feed(), ADS)
    return {name: arms[name] for name in (SCRATCH, FROZEN, TUNED)}
