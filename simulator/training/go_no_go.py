"""Whether a new model is worth an A/B test: chosen on one part of a log, held against today's on another; the leaks.

The model and its step size are chosen on the validation part, so what that part says of the chosen one is too good; the
test part is looked at once. Queries of one person are not independent: they count as their mean.

Shapes: P persons of the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.film_world import FilmWorld, make_film_world
from simulator.data.impressions import Impressions
from simulator.data.movielens import load_movielens
from simulator.engine.replications import Progress
from simulator.rankers.base import Ranker
from simulator.rankers.metrics import ndcg
from simulator.rankers.optimizers import at_rate, losses_watched
from simulator.rankers.registry import RANKERS
from simulator.scenario.training import Splits
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["GoAnswer", "GoRow", "decide", "decide_on", "verdict_of"]

K = 10
Verdict = Literal["go", "no_go", "undecided"]


@dataclass(frozen=True)
class GoRow:
    """What one way to part the log says.

    Attributes
    ----------
    split
        How the log is parted.
    unseen, later
        Leaks: the share of the test rows whose person was not learnt from, 1 where no person is in both; and the share
        of the rows learnt from that are later than the first test row, 0 where nothing of the future is.
    validation, rates
        By candidate: NDCG@10 on the validation part, and the multiple of its step size that is best there; the baseline
        keeps its own.
    chosen
        The candidate that is best there.
    baseline, candidate
        NDCG@10 of today's model and of the chosen one on the test part.
    difference
        The chosen one's less today's, person by person.
    verdict
        "go" where the whole interval is above 0, "no_go" where it is below, else "undecided".
    """

    split: str
    unseen: float
    later: float
    validation: dict[str, float]
    rates: dict[str, float]
    chosen: str
    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    verdict: Verdict


@dataclass(frozen=True)
class GoAnswer:
    """A row for each way to part the log, in the order asked."""

    rows: tuple[GoRow, ...]


def decide(section: Splits, seed: int, on_progress: Progress | None = None) -> GoAnswer:
    """Return whether the best candidate is worth an A/B test, by each split that `section` asks.

    Parameters
    ----------
    seed
        Of training.
    on_progress
        Called with (splits done, splits in all).

    Raises
    ------
    InputError
        Where MovieLens is not in the cache.
    """
    rows = []
    for split in section.by:
        world = make_film_world(load_movielens(), split)
        rows.append(decide_on(world, split, section, seed))
        if on_progress is not None:
            on_progress(len(rows), len(section.by))
    return GoAnswer(tuple(rows))


def decide_on(world: FilmWorld, split: str, section: Splits, seed: int) -> GoRow:
    """Return what one world, in parts by `split`, says."""
    found: dict[str, _Trained] = {name: _best(name, section.rates, world, seed) for name in section.candidates}
    validation: dict[str, float] = {name: best.quality for name, best in found.items()}
    chosen = max(validation, key=lambda name: validation[name])
    models = (RANKERS[section.baseline].fit(world, seed), found[chosen].model)
    today, new = (_by_person(model, world, world.splits.test) for model in models)  # (P,)
    difference = estimate((new - today).tolist())
    return GoRow(
        split=split,
        unseen=world.unseen,
        later=world.later,
        validation=validation,
        rates={name: best.rate for name, best in found.items()},
        chosen=chosen,
        baseline=estimate(today.tolist()),
        candidate=estimate(new.tolist()),
        difference=difference,
        verdict=verdict_of(difference),
    )


class _Trained(NamedTuple):
    """A model, the multiple of its step size that it was trained with, and its NDCG@10 on the validation part."""

    model: Ranker
    rate: float
    quality: float


def _best(name: str, rates: Sequence[float], world: FilmWorld, seed: int) -> _Trained:
    """Return the model of the rate that is best on the validation part; of one that takes no steps, the only model."""
    found = []
    for rate in rates:
        with at_rate(rate), losses_watched() as courses:
            model = RANKERS[name].fit(world, seed)
        quality = float(np.mean(_by_person(model, world, world.splits.validation)))
        if not courses:
            return _Trained(model, 1.0, quality)
        found.append(_Trained(model, rate, quality))
    return max(found, key=lambda trained: trained.quality)


def verdict_of(difference: Estimate) -> Verdict:
    """Return what the interval of a difference says."""
    if difference.low > 0:
        return "go"
    return "no_go" if difference.high < 0 else "undecided"


def _by_person(model: Ranker, world: FilmWorld, log: Impressions) -> FloatArray:
    """Return the mean NDCG@10 of each person's queries in a part, shape (P,)."""
    starts = np.flatnonzero(np.diff(log.query, prepend=-1))
    clicks = np.split(log.click, starts[1:])
    found = [
        (world.person[user], ndcg(click.astype(float), model.score(user, items), K))
        for (user, items), click in zip(log.lists(), clicks, strict=True)
        if click.any()
    ]
    person, value = np.array([who for who, _ in found]), np.array([one for _, one in found])
    _, place = np.unique(person, return_inverse=True)
    return np.asarray(np.bincount(place, weights=value) / np.bincount(place))
