"""Freeze embeddings that were learnt elsewhere, fine-tune them, or learn from scratch: the answer at the data at hand.

Shapes: N arms, P amounts of data, S seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import simulator.data
import simulator.rankers
from simulator import __version__
from simulator.data.features import FloatArray
from simulator.data.kept import kept, sources_key
from simulator.data.world import World, make_world
from simulator.rankers.two_tower import TwoTower
from simulator.scenario.training import Transfer
from simulator.training.transfer import Arm, SweepRow, crossing_of, losses_of, rows_of
from simulator.training.transfer_tasks import user_arms

__all__ = ["TransferAnswer", "answer_of", "transfer_answer"]

ADS = 300
"""Items of the task that the users' embeddings are carried to."""

FEED_SEED = 0
FROZEN, TUNED, SCRATCH = "frozen", "fine_tuned", "scratch"
OnProgress = Callable[[float, float], None]


@dataclass(frozen=True)
class TransferAnswer:
    """What the sweep says.

    Attributes
    ----------
    rows
        By rising amount of the task's data: users whose ads are learnt from.
    frozen_until, scratch_from
        The amount from which fine-tuning loses less than frozen embeddings, and from which learning from scratch loses
        less than fine-tuning; None where no change happens within the sweep.
    have
        The amount at hand; None where none is said.
    at_hand
        What to do with it; None where two ways are too close to tell, or nothing is said of what is at hand.
    advice
        All of it in words.
    """

    rows: tuple[SweepRow, ...]
    frozen_until: float | None
    scratch_from: float | None
    have: int | None
    at_hand: str | None
    advice: str


def transfer_answer(section: Transfer, seed: int, on_progress: OnProgress | None = None) -> TransferAnswer:
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
    until, beyond = crossing_of(rows, FROZEN, TUNED), crossing_of(rows, TUNED, SCRATCH)
    at_hand = None if have is None else _winner_at(rows, have)
    said = [
        _crossing(rows, FROZEN, TUNED, "fine-tuning loses less than frozen embeddings"),
        _crossing(rows, TUNED, SCRATCH, "learning from scratch loses less than fine-tuning"),
    ]
    if have is not None:
        what = {FROZEN: "freeze the embeddings", TUNED: "fine-tune the embeddings", SCRATCH: "learn from scratch"}
        verdict = what[at_hand] if at_hand else "the best two ways are too close to tell: take the simpler one"
        outside = not rows[0].amount <= have <= rows[-1].amount
        said.insert(0, f"with {have:,} users at hand, {verdict}" + (", read beyond the sweep" if outside else ""))
    return TransferAnswer(tuple(rows), until, beyond, have, at_hand, "; ".join(said))


def _winner_at(rows: Sequence[SweepRow], have: int) -> str | None:
    """Return the winner of the row at `have`, or of both rows around it where they agree."""
    below = [row for row in rows if row.amount <= have][-1:]
    above = [row for row in rows if row.amount >= have][:1]
    winners = {row.winner for row in (*below, *above)}
    return winners.pop() if len(winners) == 1 else None


def _crossing(rows: Sequence[SweepRow], one: str, other: str, what: str) -> str:
    """Return in words where in the sweep `other` loses less than `one`, by the means."""
    begins, ends = crossing_of(rows, one, other), crossing_of(rows, other, one)
    if begins is not None and ends is not None:
        return f"{what}: now and then, the means cross more than once"
    if begins is not None:
        return f"{what}: from {begins:,.0f} users on"
    if ends is not None:
        return f"{what}: up to {ends:,.0f} users"
    return f"{what}: " + ("throughout the sweep" if rows[0].apart[one, other].value > 0 else "never within the sweep")


@cache
def _feed() -> World:
    """Return the world in which users are known."""
    return make_world(seed=FEED_SEED)


def _arms() -> Mapping[str, Arm]:
    """Return the three arms, in the order that losses are kept in."""
    arms = user_arms(TwoTower.fit(_feed(), FEED_SEED), _feed(), ADS)
    return {name: arms[name] for name in (SCRATCH, FROZEN, TUNED)}
