"""Real training runs on nested parts of a log: how the error of a ranker falls with the samples it learns from.

A seed orders the users of the log; each number of samples is met by the first of them, so that a larger part holds all
of a smaller one. The users of the validation grow at the same share, for nobody with 30 clicks has thousands to choose
the epoch by, and count as samples too. Users of the test are the same for all runs, and nobody learns from them.

Shapes: P numbers of samples, S seeds, T test queries.
"""

import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import simulator.data
import simulator.rankers
from simulator.data.features import FloatArray, IntArray
from simulator.data.film_world import FilmWorld, make_film_world
from simulator.data.impressions import Impressions
from simulator.data.kept import kept, sources_key
from simulator.data.learnable import Judged
from simulator.data.movielens import load_movielens
from simulator.data.randomness import generator
from simulator.data.splits import Splits
from simulator.data.worlds import WORLDS
from simulator.engine.replications import Progress
from simulator.errors import InputError
from simulator.rankers.base import Ranker
from simulator.rankers.metrics import ndcg
from simulator.rankers.optimizers import losses_watched
from simulator.rankers.registry import RANKERS
from simulator.training.profile import Runs
from simulator.version import __version__

__all__ = ["clicks_of", "kept_runs", "measure_runs", "part_of"]

SEED = 0
FEWEST = 250
"""Clicks of the smallest part, those of its validation among them."""

JUDGES = {"columns": 300, "text": 100}
"""Test users whose lists of all items are judged, by the kind of world."""

K = 10


class _Run(NamedTuple):
    """What one training came to: clicks learnt from, 1 - NDCG@10, seconds, and the epoch whose loss was least."""

    samples: int
    error: float
    seconds: float
    epoch: int


def measure_runs(
    ranker: str, world: str = "synthetic", points: int = 8, seeds: int = 5, on_progress: Progress | None = None
) -> Runs:
    """Return what training a ranker of ours comes to on parts of a world's log.

    Parameters
    ----------
    ranker
        A name in rankers.registry.RANKERS.
    world
        "synthetic", of the kind that the ranker learns from, or "movielens-100k".
    points, seeds
        P numbers of samples, at least 4, evenly apart in their logarithm up to all there are; and S runs for each, at
        least 2.
    on_progress
        Called with (samples trained on, samples in all).

    Raises
    ------
    InputError
        Where the ranker is none of ours, or cannot learn from the world, or MovieLens is not in the cache.
    """
    if ranker not in RANKERS:
        raise InputError(f"training: expected one of {', '.join(RANKERS)} to train, got {ranker!r}")
    model = RANKERS[ranker]
    log = _world(world, model.learns_from)
    wanted = np.geomspace(FEWEST, clicks_of(log), points).round().astype(int).tolist()
    done, runs = 0, []
    for samples in wanted:
        of_point = []
        for seed in range(seeds):
            of_point.append(_run(model, part_of(log, samples, seed), seed))
            done += samples
            if on_progress is not None:
                on_progress(done, sum(wanted) * seeds)
        runs.append(of_point)
    return Runs(
        world=world,
        samples=tuple(round(float(np.mean([run.samples for run in of_point]))) for of_point in runs),
        errors=tuple(tuple(round(run.error, 6) for run in of_point) for of_point in runs),
        seconds=tuple(tuple(round(run.seconds, 4) for run in of_point) for of_point in runs),
        epochs=tuple(tuple(run.epoch for run in of_point) for of_point in runs),
    )


def kept_runs(ranker: str, world: str, points: int, seeds: int, on_progress: Progress | None = None) -> Runs:
    """Return what `measure_runs` gives, kept in the user's cache until the sources that made it change."""
    folders = [Path(path) for package in (simulator.data, simulator.rankers) for path in package.__path__]
    key = sources_key(folders, __version__, ranker, world, points, seeds)

    def make() -> FloatArray:
        runs = measure_runs(ranker, world, points, seeds, on_progress)
        samples = np.repeat(np.array(runs.samples, dtype=float)[:, None], seeds, axis=1)
        return np.stack([samples, np.array(runs.errors), np.array(runs.seconds), np.array(runs.epochs, dtype=float)])

    samples, errors, seconds, epochs = kept(f"runs-{world}-{ranker}", key, make)  # (P, S) each
    return Runs(
        world=world,
        samples=tuple(samples[:, 0].astype(int).tolist()),
        errors=tuple(map(tuple, errors.tolist())),
        seconds=tuple(map(tuple, seconds.tolist())),
        epochs=tuple(map(tuple, epochs.astype(int).tolist())),
    )


def clicks_of(world: Judged) -> int:
    """Return the clicks that can be learnt from, in training and validation."""
    return int(world.splits.train.click.sum() + world.splits.validation.click.sum())


def part_of(world: Judged, samples: int, seed: int) -> Judged:
    """Return `world` with the log of the first users, in the order of `seed`, that have `samples` clicks.

    Parts of one seed are nested. The test stays as it is.
    """
    share = samples / clicks_of(world)
    train, validation = (
        _first_users(world, log, share, generator(seed, f"nested {name}"))
        for name, log in (("training", world.splits.train), ("validation", world.splits.validation))
    )
    splits = Splits(train, validation, world.splits.test)
    return replace(world, splits=splits)  # type: ignore[type-var]  # every world is a dataclass


def _first_users(world: Judged, log: Impressions, share: float, rng: np.random.Generator) -> Impressions:
    """Return the rows of the first persons, in a random order, who have `share` of the clicks of `log`."""
    person = world.person[log.user] if isinstance(world, FilmWorld) else log.user  # (R,)
    _, who = np.unique(person, return_inverse=True)  # (R,)
    clicks = np.bincount(who, weights=log.click)
    order = rng.permutation(len(clicks))
    enough = np.searchsorted(np.cumsum(clicks[order]), share * clicks.sum() * (1 - 1e-12)) + 1
    return log.where(np.isin(who, order[:enough]))


def _run(model: type[Ranker], world: Judged, seed: int) -> _Run:
    """Return what training on `world` comes to."""
    began = time.perf_counter()
    with losses_watched() as courses:
        trained = model.fit(world, seed)
    seconds = time.perf_counter() - began
    epoch = 1 + int(np.argmin(courses[-1])) if courses else 0
    scores = [
        ndcg(relevance, trained.score(user, items), K)
        for user, items, relevance in _questions(world)
        if relevance.any()
    ]
    return _Run(clicks_of(world), 1 - float(np.mean(scores)), seconds, epoch)


def _questions(world: Judged) -> list[tuple[int, IntArray, FloatArray]]:
    """Return the users of the test, the items that each is to be given an order of, and what these are worth.

    In a recorded log these are the films that a user had not met; in a synthetic one all items there are.
    """
    if isinstance(world, FilmWorld):
        asked = list(world.splits.test.lists())
    else:
        users = np.unique(world.splits.test.user)[: JUDGES[world.kind]]
        asked = [(int(user), np.arange(len(world.item_features))) for user in users]
    return [(user, items, world.truth.click_probability(user, items)) for user, items in asked]


@cache
def _world(name: str, kind: str) -> Judged:
    """Return the world of a name, of the kind that a ranker learns from."""
    return make_film_world(load_movielens(), "time", SEED) if name == "movielens-100k" else WORLDS[kind](seed=SEED)
