"""Why the slowest queries are slow: their latency in parts, beside that of typical queries, and who is to blame.

The tail are the queries at and over a replication's p99, typical ones those between its p40 and p60. Each of them is
traced: of every stage all answers are known, not only the one that came last, so that a stage's latency is what an
average shard took - attempts before the one that answered, the wire, the queue, the service - and on top of that the
wait for the slowest shard, for shards that never answered, and for the merge. The parts add up to the latency.

Shapes: n traced queries, S stages, P parts.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.answers import ANSWER
from simulator.engine.compiled import simulate
from simulator.engine.event_run import answers_to
from simulator.engine.plan import Plan
from simulator.engine.replications import Progress
from simulator.engine.result import COMPLETED, Result
from simulator.policies.faults import slowed

__all__ = ["OF_ANSWER", "PARTS", "Blame", "Tail", "Traced", "find_tail", "trace"]

OF_ANSWER = ("attempts before", "network", "queueing", "service")
PARTS = (*OF_ANSWER, "slowest shard", "no answer", "merge")
"""Parts of a stage's latency; the first four as the average shard had them, "slowest shard" what the last took more."""

TAIL, TYPICAL = 99.0, (40.0, 60.0)
MOST_REQUESTS = 20_000_000
FEWEST_QUERIES = 200
MOST_NAMED = 3
ROUNDING = 1e-9
"""Seconds by which a service that nothing interrupts may differ from its work."""

FloatArray = NDArray[np.float64]
Test = Callable[[NDArray[np.void]], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Traced:
    """Queries of one or several replications, traced.

    Attributes
    ----------
    latency
        Seconds, (n,).
    door
        Seconds at the cache at the door, (n,).
    parts
        Seconds by stage and PARTS, (n, S, P).
    beyond
        What "slowest shard" is made of: the last answer less the average one, by stage and OF_ANSWER, (n, S, 4).
    last
        The answer that came last, by stage, records of ANSWER, (n, S); query -1 where there was none.
    in_tail
        Whether the query is one of the tail, else it is a typical one, (n,).
    """

    latency: FloatArray
    door: FloatArray
    parts: FloatArray
    beyond: FloatArray
    last: NDArray[np.void]
    in_tail: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> "Traced":
        """Return the queries where `kept`, (n,), is true."""
        return Traced(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


class Blame(NamedTuple):
    """What the tail has in common: the share of its queries that wait for this, and of typical queries.

    `kind` is "shard", "replica", "fault", "attempt" or "batch"; `fair` is the share that it would have were all shards,
    or replicas, alike, NaN where that says nothing.
    """

    kind: str
    stage: str
    name: str
    tail: float
    typical: float
    fair: float


@dataclass(frozen=True, eq=False)
class Tail:
    """The tail of a run in parts.

    Attributes
    ----------
    names
        Of the stages.
    queries, typical_queries
        How many were traced of either kind, in so many `replications`.
    latency, typical_latency
        Their mean seconds.
    parts, typical_parts
        Mean seconds by stage and PARTS, (S, P).
    door, typical_door
        Mean seconds at the door.
    beyond
        Of the tail, what "slowest shard" is made of by OF_ANSWER, (S, 4).
    culprits
        By stage, the share of the tail's queries that lose most of their time there beyond what is typical, (S,).
    blames
        What the answers that those queries waited for have in common, by stage of the culprits, the most telling first.
    error
        The largest difference of a query's latency from the sum of its parts, in seconds.
    """

    names: tuple[str, ...]
    queries: int
    typical_queries: int
    replications: int
    latency: float
    typical_latency: float
    parts: FloatArray
    typical_parts: FloatArray
    door: float
    typical_door: float
    beyond: FloatArray
    culprits: FloatArray
    blames: tuple[Blame, ...]
    error: float


def find_tail(plan: Plan, on_progress: Progress = lambda *_: None) -> Tail | None:
    """Return the tail of `plan` in parts, its warm-up set; None where no query is completed.

    Of very large runs some replications are traced, and of a single one that is still too large, its first queries.
    """
    per_query = float(plan.stages.shards.sum())
    most = max(int(MOST_REQUESTS / per_query), FEWEST_QUERIES + plan.warmup)
    if plan.total_queries > most:
        plan = replace(plan, queries=max(most - plan.warmup, FEWEST_QUERIES))
    replications = max(1, min(plan.replications, int(MOST_REQUESTS / (per_query * plan.total_queries))))
    traced = []
    for replication in range(replications):
        traced.append(trace(plan, replication))
        on_progress(replication + 1, replications)
    return _summed(plan, _together(traced), replications)


def trace(plan: Plan, replication: int) -> Traced:
    """Return the tail and the typical queries of one replication, traced."""
    result = simulate(plan, replication)
    completed = np.flatnonzero((result.outcome == COMPLETED) & (np.arange(result.end.size) >= plan.warmup))
    if completed.size == 0:
        return _traced(result, completed, completed, np.zeros(0, dtype=ANSWER))
    latency = result.latency[completed]
    low, high, slow = np.percentile(latency, [*TYPICAL, TAIL], method="inverted_cdf")
    tail = completed[latency >= slow]
    typical = completed[(latency >= low) & (latency <= high) & (latency < slow)]
    watched = np.zeros(result.end.size, dtype=bool)
    watched[tail] = watched[typical] = True
    answers = answers_to(plan, replication, watched, int(result.attempts[watched].sum()))
    return _traced(result, tail, typical, answers)


def _traced(result: Result, tail: NDArray[np.int64], typical: NDArray[np.int64], answers: NDArray[np.void]) -> Traced:
    """Return queries in parts, given all answers to them."""
    rows = np.concatenate([tail, typical])
    S = result.stage_start.shape[1]
    place = np.zeros(result.end.size, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    cell = place[answers["query"]] * S + answers["stage"]  # of n S
    start = result.stage_start[answers["query"], answers["stage"]]
    times = (
        answers["sent"] - start,
        answers["to_shard"] + answers["to_broker"],
        answers["begun"] - answers["arrived"],
        answers["service"],
    )
    taken = np.column_stack(times)  # (answers, 4)
    count = np.maximum(np.bincount(cell, minlength=rows.size * S), 1)
    mean = np.column_stack([np.bincount(cell, one, minlength=count.size) / count for one in times])  # (n S, 4)
    total = taken.sum(axis=1)
    order = np.lexsort((-answers["shard"], total, cell))  # the last of each cell is its slowest, the lowest of equals
    ends = np.flatnonzero(np.diff(cell[order], append=-1))
    slowest = order[ends]
    last = np.zeros(count.size, dtype=ANSWER)
    last["query"] = -1
    last[cell[slowest]] = answers[slowest]
    beyond = np.zeros_like(mean)
    beyond[cell[slowest]] = taken[slowest] - mean[cell[slowest]]
    merge = result.parts[rows, :, 4].ravel()
    joined = (result.stage_end[rows] - result.stage_start[rows]).ravel() - merge
    unanswered = joined - mean.sum(axis=1) - beyond.sum(axis=1)
    parts = np.column_stack([mean, beyond.sum(axis=1), unanswered, merge])
    shape = (rows.size, S)
    return Traced(
        latency=result.latency[rows],
        door=result.door[rows],
        parts=parts.reshape(*shape, len(PARTS)),
        beyond=beyond.reshape(*shape, len(OF_ANSWER)),
        last=last.reshape(shape),
        in_tail=np.arange(rows.size) < tail.size,
    )


def _together(traced: Iterable[Traced]) -> Traced:
    """Return the queries of all replications."""
    found = list(traced)
    return Traced(*(np.concatenate([getattr(one, name) for one in found]) for name in Traced.__dataclass_fields__))


def _summed(plan: Plan, traced: Traced, replications: int) -> Tail | None:
    """Return what traced queries add up to."""
    tail, typical = traced.where(traced.in_tail), traced.where(~traced.in_tail)
    if not tail.latency.size:
        return None
    if not typical.latency.size:
        typical = tail  # all queries take the same time
    usual = typical.parts.sum(axis=2).mean(axis=0)  # (S,)
    culprit = np.argmax(tail.parts.sum(axis=2) - usual, axis=1)  # (tail,)
    sums = traced.parts.sum(axis=(1, 2)) + traced.door
    return Tail(
        names=plan.names,
        queries=tail.latency.size,
        typical_queries=typical.latency.size,
        replications=replications,
        latency=float(tail.latency.mean()),
        typical_latency=float(typical.latency.mean()),
        parts=tail.parts.mean(axis=0),
        typical_parts=typical.parts.mean(axis=0),
        door=float(tail.door.mean()),
        typical_door=float(typical.door.mean()),
        beyond=tail.beyond.mean(axis=0),
        culprits=np.bincount(culprit, minlength=len(plan.names)) / culprit.size,
        blames=tuple(_blames(plan, tail, typical, culprit)),
        error=float(np.abs(sums - traced.latency).max()),
    )


def _blames(plan: Plan, tail: Traced, typical: Traced, culprit: NDArray[np.int64]) -> list[Blame]:
    """Return what the answers have in common that the tail waited for in the stage where it lost its time."""
    found: list[Blame] = []
    for s in np.argsort(-np.bincount(culprit, minlength=len(plan.names)), kind="stable").tolist():
        hit = tail.last[culprit == s, s]
        hit, usual = hit[hit["query"] >= 0], typical.last[typical.last[:, s]["query"] >= 0, s]
        if hit.size:
            found += _of_stage(plan, s, hit, usual)
    return found


def _of_stage(plan: Plan, s: int, hit: NDArray[np.void], usual: NDArray[np.void]) -> list[Blame]:
    """Return what the answers `hit` of stage `s` have in common that the answers `usual` have not."""
    N, R = int(plan.stages.shards[s]), int(plan.stages.replicas[s])
    name = plan.names[s]

    def share(answers: NDArray[np.void], chosen: NDArray[np.bool_]) -> float:
        return float(chosen.mean()) if answers.size else 0.0

    def blame(kind: str, what: str, of: Test, fair: float = math.nan) -> Blame:
        return Blame(kind, name, what, share(hit, of(hit)), share(usual, of(usual)), fair)

    found = [blame("fault", "shards that a fault slows", lambda them: _slow(plan, s, them), _slowed_share(plan, s))]
    found.append(blame("fault", "a pause during its service", lambda them: them["service"] - them["work"] > ROUNDING))
    found.append(blame("attempt", "a second attempt or a later one", lambda them: them["attempt"] > 0))
    if plan.stages.batch[s] > 1:
        full = int(plan.stages.batch[s])
        found.append(blame("batch", f"a full batch of {full}", lambda them: them["batch"] >= full))
        found.append(blame("batch", "a batch of its own", lambda them: them["batch"] == 1))
    if N > 1:
        found += [blame("shard", f"shard {shard}", partial(_is_of, shard), 1 / N) for shard in _most(hit["shard"], N)]
    if R > 1:
        found += [
            blame("replica", _replica(place, N, R), partial(_is_at, place, R), 1 / (N * R))
            for place in _most(hit["shard"] * R + hit["replica"], N * R)
        ]
    return [one for one in found if one.tail > 0]


def _is_of(shard: int, answers: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return which answers come from a shard."""
    return np.asarray(answers["shard"] == shard)


def _is_at(place: int, replicas: int, answers: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return which answers come from a replica, by its number among those of all shards."""
    return np.asarray(answers["shard"] * replicas + answers["replica"] == place)


def _replica(place: int, shards: int, replicas: int) -> str:
    """Return what to call a replica, by its number among those of all shards."""
    name = f"replica {place % replicas}"
    return f"{name} of shard {place // replicas}" if shards > 1 else name


def _slow(plan: Plan, s: int, answers: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return whether a slow fault lengthened each service."""
    pairs = zip(answers["shard"].tolist(), answers["begun"].tolist(), strict=True)
    return np.array([slowed(plan.slow, s, shard, begun) > 1 for shard, begun in pairs], dtype=bool)


def _slowed_share(plan: Plan, s: int) -> float:
    """Return the share of the shards of stage `s` that a slow fault ever hits."""
    slow, N = plan.slow, int(plan.stages.shards[s])
    hit = np.zeros(N, dtype=bool)
    for window in range(int(slow.first[s]), int(slow.first[s + 1])):
        hit |= slow.hit[slow.at[window] : slow.at[window] + N]
    return float(hit.mean())


def _most(hit: NDArray[np.int64], count: int) -> list[int]:
    """Return the places of `count` that are hit more often than a fair share, beyond luck, the most frequent first."""
    places, counts = np.unique(hit, return_counts=True)
    fair = 1 / count
    telling = counts / hit.size - fair > 3 * np.sqrt(max(fair * (1 - fair), 1 / hit.size) / hit.size)
    order = np.argsort(-counts, kind="stable")
    return [int(places[i]) for i in order if telling[i]][:MOST_NAMED]
