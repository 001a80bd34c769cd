"""A plan: everything an engine needs, as flat numbers and arrays in seconds, with nothing left to look up.

Letters: S stages. Curves are numbered 2s (busy) and 2s + 1 (idle) for stage s, and 2S for the merge; laws 4s + NOISE,
4s + IDLE_NOISE, 4s + REQUEST, 4s + RESPONSE for stage s, then 4S the merge's noise and 4S + 1 + c the candidates of
class c.
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

__all__ = [
    "IDLE_NOISE",
    "NOISE",
    "PURPOSES",
    "REPLICA",
    "REPLICA_2",
    "REQUEST",
    "RESPONSE",
    "SERVICE",
    "Plan",
    "StageTable",
    "Tables",
]

NOISE, IDLE_NOISE, REQUEST, RESPONSE = range(4)

# What a stage draws for, in the columns of Plan.streams; REQUEST and RESPONSE keep their numbers as laws.
PURPOSES = ("service", "merge", "request", "response", "replica", "replica 2")
SERVICE, MERGE, _, _, REPLICA, REPLICA_2 = range(len(PURPOSES))


class StageTable(NamedTuple):
    """The stages' settings as columns, each of shape (S,)."""

    shards: NDArray[np.int64]
    replicas: NDArray[np.int64]
    workers: NDArray[np.int64]
    keep: NDArray[np.int64]  # the largest whole number where a stage keeps all
    balancing: NDArray[np.int64]  # a place in policies.balancing.RULES
    has_idle_law: NDArray[np.bool_]


class Tables(NamedTuple):
    """All that the kernels read of a plan, for one replication; streams (S, number of PURPOSES)."""

    stages: StageTable
    laws: LawTables
    curves: CurveTables
    streams: NDArray[np.uint64]


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
        return 4 * len(self.names) + 1

    def at(self, qps: float) -> "Plan":
        """Return the same plan at another mean rate; a run that lasts a stated time gets the queries of that time."""
        return replace(self, qps=qps, queries=self.arrivals.queries_at(qps, self.queries))

    def tables(self, replication: int) -> Tables:
        """Return the arrays for the kernels, with the draws of `replication`."""
        streams = [_stage_streams(self.seed, replication, name) for name in self.names]
        return Tables(self.stages, self.laws, self.curves, np.array(streams, dtype=np.uint64))


def _stage_streams(seed: int, replication: int, stage: str) -> Sequence[np.uint64]:
    """Return one stream for each of PURPOSES."""
    return [stream_of(seed, replication, purpose, stage) for purpose in PURPOSES]
