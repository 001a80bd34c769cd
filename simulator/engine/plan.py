"""A plan: everything an engine needs, as flat numbers and arrays in seconds, with nothing left to look up.

Letters: S stages. Curves are numbered 2s (busy) and 2s + 1 (idle) for stage s, and 2S for the merge; laws 4s + NOISE,
4s + IDLE_NOISE, 4s + REQUEST, 4s + RESPONSE for stage s, then 4S the merge's noise, 4S + 1 what a user of closed
arrivals thinks, and 4S + 2 + c the candidates of class c.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of
from simulator.engine.curve import CurveTables
from simulator.engine.law import LawTables
from simulator.engine.traffic import Arrivals
from simulator.policies.faults import DownTable, SlowTable
from simulator.policies.shedding import NO_LIMIT

__all__ = [
    "BACKOFF",
    "DOWN",
    "IDLE_NOISE",
    "MERGE",
    "NOISE",
    "PAUSE",
    "PURPOSES",
    "REPLICA",
    "REPLICA_2",
    "REQUEST",
    "RESPONSE",
    "SERVICE",
    "Door",
    "Plan",
    "StageTable",
    "Tables",
]

NOISE, IDLE_NOISE, REQUEST, RESPONSE = range(4)

# What a stage draws for, in the columns of Plan.streams; REQUEST and RESPONSE keep their numbers as laws.
PURPOSES = ("service", "merge", "request", "response", "replica", "replica 2", "backoff", "pause", "down")
SERVICE, MERGE, _, _, REPLICA, REPLICA_2, BACKOFF, PAUSE, DOWN = range(len(PURPOSES))


class StageTable(NamedTuple):
    """The stages' settings as columns, each of shape (S,); what a policy is that a stage has not is said behind it."""

    shards: NDArray[np.int64]
    replicas: NDArray[np.int64]  # room for them: the most, where their number follows the load
    workers: NDArray[np.int64]
    keep: NDArray[np.int64]  # the largest whole number where a stage keeps all
    balancing: NDArray[np.int64]  # a place in policies.balancing.RULES
    has_idle_law: NDArray[np.bool_]
    deadline: NDArray[np.float64]  # infinite
    all_or_nothing: NDArray[np.bool_]  # whether a query fails that misses an answer at the deadline
    hedge_after: NDArray[np.float64]  # infinite
    cancel: NDArray[np.int64]  # a place in policies.hedging.CANCEL
    queue_limit: NDArray[np.int64]  # policies.shedding.NO_LIMIT
    attempts: NDArray[np.int64]  # 1
    backoff: NDArray[np.float64]
    jitter: NDArray[np.float64]
    budget: NDArray[np.float64]  # infinite
    timeout: NDArray[np.float64]  # infinite
    batch: NDArray[np.int64]  # 1
    batch_wait: NDArray[np.float64]  # 0
    pause_every: NDArray[np.float64]  # infinite
    pause_length: NDArray[np.float64]
    initial: NDArray[np.int64]  # replicas at the start
    fewest: NDArray[np.int64]  # replicas
    scale_every: NDArray[np.float64]  # infinite
    scale_delay: NDArray[np.float64]
    scale_target: NDArray[np.float64]


class Tables(NamedTuple):
    """All that the kernels read of a plan, for one replication; streams (S, number of PURPOSES).

    `sizes` holds the cumulative sizes of the uneven stages' shards: those of stage s are size_first[s] to
    size_first[s + 1], none where all are even.
    """

    stages: StageTable
    laws: LawTables
    curves: CurveTables
    streams: NDArray[np.uint64]
    slow: SlowTable
    sizes: NDArray[np.float64]
    size_first: NDArray[np.int64]


class Door(NamedTuple):
    """What happens to a query before the funnel.

    `admission` queries in the funnel at most; a cache that answers the share `hit_rate` after `hit_latency` seconds;
    `users` of closed arrivals, 0 of open ones.
    """

    admission: int = NO_LIMIT
    hit_rate: float = 0.0
    hit_latency: float = 0.0
    users: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """One scenario, resolved.

    Attributes
    ----------
    seed, replications
        Of the addressed draws; replication r of any plan is replication r of every other.
    qps, arrivals
        The mean rate of arrivals, and their law.
    queries, warmup
        Queries measured, and queries before them that are simulated and left out of the measures.
    names, sources
        Each stage's name, and whether its cost is measured, fitted or assumed.
    stages, laws, curves
        See the module's docstring.
    merge_workers
        Workers of the broker's one FIFO queue of merges; 0 where a merge is a plain delay.
    class_names, class_shares
        Of each class of queries, (K,); one share of 1 and no name where there are no classes.
    slow, down
        Faults; pauses stand in `stages`.
    sizes
        One a stage: the cumulative sizes of its shards, empty where they are even.
    door
        What happens before the funnel.
    warnings
        What the user should know about how the scenario was resolved.
    """

    seed: int
    replications: int
    qps: float
    arrivals: Arrivals
    queries: int
    warmup: int
    names: tuple[str, ...]
    sources: tuple[str, ...]
    stages: StageTable
    laws: LawTables
    curves: CurveTables
    merge_workers: int
    slow: SlowTable
    down: DownTable
    sizes: tuple[NDArray[np.float64], ...]
    door: Door
    class_names: tuple[str, ...] = ()
    class_shares: tuple[float, ...] = (1.0,)
    warnings: tuple[str, ...] = ()

    @property
    def total_queries(self) -> int:
        """Queries simulated in one replication: the warm-up and the measured ones."""
        return self.warmup + self.queries

    @property
    def merge_curve(self) -> int:
        """The number of the merge's cost curve."""
        return 2 * len(self.names)

    @property
    def merge_noise(self) -> int:
        """The number of the merge's noise law."""
        return 4 * len(self.names)

    @property
    def candidates_law(self) -> int:
        """The number of the law of the candidates that enter the funnel, of the first class; the others' follow."""
        return 4 * len(self.names) + 2

    @property
    def settles(self) -> bool:
        """Whether nothing but luck changes over time, so that a steady state can be waited for."""
        lasting = (self.slow.start <= 0) & np.isinf(self.slow.end)
        return self.arrivals.settles and not self.down.stage.size and bool(lasting.all())

    @property
    def sheds(self) -> NDArray[np.bool_]:
        """Which stages turn work away or give it up, and so keep no backlog that grows without end, shape (S,)."""
        stages = self.stages
        limited = (stages.queue_limit < NO_LIMIT) | np.isfinite(stages.deadline)
        return limited | (self.door.admission < NO_LIMIT) | (self.door.users > 0)

    def plain(self, s: int) -> bool:
        """Return whether no policy and no fault touches stage `s`, so that it is a plain queue."""
        stages = self.stages
        endless = np.isinf([stages.deadline[s], stages.hedge_after[s], stages.pause_every[s], stages.scale_every[s]])
        once = stages.attempts[s] == 1 and stages.queue_limit[s] >= NO_LIMIT and stages.batch[s] == 1
        even = self.sizes[s].size == 0 and self.slow.first[s] == self.slow.first[s + 1]
        return bool(endless.all() and once and even and self.door == Door() and not (self.down.stage == s).any())

    def at(self, qps: float) -> "Plan":
        """Return the same plan at another mean rate; a run that lasts a stated time gets the queries of that time."""
        return replace(self, qps=qps, queries=self.arrivals.queries_at(qps, self.queries))

    @property
    def think_law(self) -> int:
        """The number of the law of what a user thinks."""
        return 4 * len(self.names) + 1

    @property
    def hedge_after_s(self) -> dict[str, float]:
        """When hedges are sent, in seconds after a stage's start, by the name of the stage that sends any."""
        pairs = zip(self.names, self.stages.hedge_after.tolist(), strict=True)
        return {name: after for name, after in pairs if np.isfinite(after)}

    def tables(self, replication: int) -> Tables:
        """Return the arrays for the kernels, with the draws of `replication`."""
        streams = [_stage_streams(self.seed, replication, name) for name in self.names]
        first = np.concatenate([[0], np.cumsum([sizes.size for sizes in self.sizes])]).astype(np.int64)
        return Tables(
            self.stages,
            self.laws,
            self.curves,
            np.array(streams, dtype=np.uint64),
            self.slow,
            np.concatenate(self.sizes),
            first,
        )


def _stage_streams(seed: int, replication: int, stage: str) -> Sequence[np.uint64]:
    """Return one stream for each of PURPOSES."""
    return [stream_of(seed, replication, purpose, stage) for purpose in PURPOSES]
