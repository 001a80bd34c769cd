"""What a worker does for a request: score its candidates by the real ranker and keep the best, or stand in for that.

Shapes: n candidates of a request, k kept.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from simulator.costs.our_calls import SLICED
from simulator.data.features import FloatArray, IntArray
from simulator.distributions.base import Law
from simulator.rankers.base import Ranker
from simulator.rankers.own import OwnRanker, load_own
from simulator.rankers.registry import RANKERS
from simulator.rankers.top_k import top_k
from simulator.scenario.model import AffineCost, Stage
from simulator.scenario.ranker_names import is_own

__all__ = ["MOST_ITEMS", "Call", "Work", "call_of", "trained"]

MOST_ITEMS = 1_000_000
"""Documents of a worker's catalogue at most; candidates beyond it are scored again from its start."""

WORLD_SIZES = {"columns": {"users": 500, "items": 1000}, "text": {"queries": 300, "documents": 300}}
"""Worlds to learn in, by their kind: small, since what a call costs does not hang on how much was learnt."""

Best = tuple[IntArray, FloatArray]
"""The ids of the candidates kept, shape (k,), best first, and their scores."""


class Call(Protocol):
    """Answers requests."""

    def __call__(self, user: int, candidates: IntArray | int, *, waited: bool) -> Best:
        """Return the best of `candidates`, ids or how many of the worker's own, for a user.

        `waited` says whether the worker had been waiting for the request.
        """


@dataclass(frozen=True)
class Work:
    """What a worker is there for.

    Attributes
    ----------
    stage, shard
        Of the funnel; which of the stage's shards, from 0.
    items
        Documents of its own: those of its shard where it is in the first stage, all of them where it is not.
    ranker
        Trained; the user's own is loaded by its name where there is none.
    seed
        Of the catalogue, which is the same in all workers of a shard.
    """

    stage: Stage
    shard: int
    items: int
    ranker: Ranker | None
    seed: int

    @property
    def first(self) -> int:
        """The number of the first of the worker's own documents among those of all shards."""
        return self.shard * self.items

    @property
    def keep(self) -> int:
        """How many candidates an answer keeps."""
        return self.stage.keep or MOST_ITEMS


def trained(stages: tuple[Stage, ...], seed: int) -> dict[str, Ranker]:
    """Return our rankers that `stages` name, trained, by name."""
    from simulator.data.worlds import WORLDS  # only where a ranker is trained

    names = {stage.ranker for stage in stages if stage.ranker and stage.cost is None and not is_own(stage.ranker)}
    worlds = {
        kind: WORLDS[kind](seed=seed, **WORLD_SIZES[kind]) for kind in {RANKERS[name].learns_from for name in names}
    }
    return {name: RANKERS[name].fit(worlds[RANKERS[name].learns_from], seed) for name in sorted(names)}


def call_of(work: Work) -> Call:
    """Return what answers the requests of a worker."""
    if work.stage.cost is not None:
        return _StandIn(work)
    if work.ranker is not None:
        return _Ranked(work, work.ranker)
    return _Own(work, load_own(work.stage.ranker or ""))


class _Ranked:
    """Our ranker over a catalogue of its own."""

    def __init__(self, work: Work, ranker: Ranker) -> None:
        self._ranker, self._keep = ranker.for_catalogue(work.items, work.seed + work.shard), work.keep
        self._items, self._calls = work.items, 0
        self._ids = None if ranker.name in SLICED else np.random.default_rng(work.seed).permutation(work.items)

    def __call__(self, user: int, candidates: IntArray | int, *, waited: bool) -> Best:
        del waited
        ids, scored = self._chosen(candidates)
        ranker, user = self._ranker, user % len(self._ranker.users)
        if not ranker.exact:
            best = ranker.serve(user, scored, self._keep)
            return best, ranker.score(user, best)
        scores = ranker.score(user, scored)
        best = top_k(scores, self._keep)
        kept = best + scored.start if ids is None and isinstance(scored, slice) else ids[best]
        return kept, scores[best]

    def _chosen(self, candidates: IntArray | int) -> tuple[Any, IntArray | slice]:
        """Return the ids to answer with, None where they are the places scored, and what to score."""
        if not isinstance(candidates, int):
            return candidates, candidates % self._items
        self._calls += 1
        size = min(candidates, self._items)
        first = self._calls * 7919 * 1000 % (self._items - size + 1)  # another place of the catalogue each time
        if self._ids is None:
            return None, slice(first, first + size)
        ids = self._ids[first : first + size]
        return ids, ids


class _Own:
    """The user's own ranker, with candidates of its own or rows of a synthetic world."""

    def __init__(self, work: Work, ranker: OwnRanker) -> None:
        from simulator.costs.own_calls import OwnCalls  # only where a user brings a ranker
        from simulator.data.world import make_world

        self._calls, self._keep, self._number = OwnCalls(ranker, make_world(seed=work.seed), work.keep), work.keep, 0

    def __call__(self, user: int, candidates: IntArray | int, *, waited: bool) -> Best:
        del waited
        self._number += 1
        size = candidates if isinstance(candidates, int) else len(candidates)
        self._calls.prepare(size, user + self._number)
        best = np.asarray(self._calls(size, user), dtype=np.int64)
        return best if isinstance(candidates, int) else candidates[best], -np.arange(len(best), dtype=np.float32)


class _StandIn:
    """A core kept busy for as long as the stage's cost says, and the first candidates as the best."""

    def __init__(self, work: Work) -> None:
        busy = work.stage.cost
        self._laws = {False: _seconds(busy), True: _seconds(work.stage.idle_cost or busy)}
        self._keep, self._rng = work.keep, np.random.default_rng([work.seed, work.shard])

    def __call__(self, user: int, candidates: IntArray | int, *, waited: bool) -> Best:
        del user
        began = time.perf_counter()
        size = candidates if isinstance(candidates, int) else len(candidates)
        until = began + self._laws[waited](size, float(self._rng.random()))
        ids = np.arange(min(size, self._keep)) if isinstance(candidates, int) else candidates[: self._keep]
        scores = -np.arange(len(ids), dtype=np.float32)
        while time.perf_counter() < until:
            pass
        return ids, scores


def _seconds(cost: Law[float] | AffineCost | None) -> Callable[[int, float], float]:
    """Return the function from candidates and a number in (0, 1) to the seconds of a call."""
    if isinstance(cost, AffineCost):
        noise, fixed, each = cost.noise(), cost.fixed, cost.per_candidate
        return lambda size, u: (fixed + each * size) * float(noise.quantile(np.array(u), np.array(1 - u)))
    if cost is None:
        raise ValueError("a stage that states its cost")
    law = cost
    return lambda _, u: float(law.quantile(np.array(u), np.array(1 - u)))
