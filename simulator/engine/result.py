"""What one replication did, as flat columns. Letters: Q queries, S stages, W windows."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BY_QUERY", "COMPLETED", "COUNTS", "FAILED", "PARTS", "REFUSED", "SUMS", "Result", "empty_result"]

COMPLETED, REFUSED, FAILED = range(3)

# The parts of a stage's latency, as the answer that came last had them; they add up to the stage's latency. What passes
# before that attempt is sent (a hedge's delay, the time that earlier attempts took to fail, a backoff) counts as
# request; what the stage waits after it, for calls that fail or for its deadline, counts as response.
PARTS = ("request", "queue", "service", "response", "merge")

# What is counted stage by stage, of measured queries: hedges and retries sent; requests withdrawn before a worker began
# them, stopped in service, refused by a full queue, lost with their replica, and given up after their timeout.
COUNTS = ("hedges", "retries", "withdrawn", "stopped", "refused", "lost", "timed_out")


@dataclass(frozen=True, eq=False)
class Result:
    """One replication's columns; times are absolute seconds, row q is query q, column s is stage s.

    A stage that a query does not reach - refused, failed before, or answered by the cache - starts and ends for it when
    the query ends, with coverage 0, of a cached query 1.

    Attributes
    ----------
    arrival, end
        (Q,) when the query arrived and when its last stage ended.
    outcome
        (Q,) COMPLETED, REFUSED or FAILED.
    query_class
        (Q,) the query's class, a place in Plan.class_names; 0 where there are no classes.
    stage_start, stage_end
        (Q, S) when the query entered the stage, and when its merge was done.
    candidates
        (Q, S) candidates that entered the stage.
    coverage
        (Q, S) shards that answered over shards called.
    attempts
        (Q, S) requests sent.
    slowest
        (Q, S) the shard whose answer came last, the lowest number among equals; -1 without any.
    parts
        (Q, S, 5) seconds in each of PARTS on the way of the slowest request; 0 in the stage where a query failed.
    door
        (Q,) seconds at the door: the cache's latency, of queries that it answered.
    busy
        One array (shards, replicas) a stage: seconds of service given to measured queries, wasted ones included.
    merge_busy
        (S,) seconds of merging for measured queries.
    served
        (S,) the seconds in `busy` once more, counted as services end: completed, stopped or lost.
    wasted
        (S,) those of them whose answer was lost or came too late to be used.
    replica_seconds
        (S,) replicas of shards x seconds, from the last arrival before the measured ones to the last of them.
    replica_windows
        (S, W) those of `replica_seconds` in each window of a day or a recording, as far as windows reach, of stages
        whose number of replicas follows the load; zero of others, which have the same number at all times.
    counts
        (S, len(COUNTS)) requests of measured queries by what became of them.
    """

    arrival: NDArray[np.float64]
    end: NDArray[np.float64]
    outcome: NDArray[np.int8]
    query_class: NDArray[np.int16]
    stage_start: NDArray[np.float64]
    stage_end: NDArray[np.float64]
    candidates: NDArray[np.int64]
    coverage: NDArray[np.float64]
    attempts: NDArray[np.int64]
    slowest: NDArray[np.int64]
    parts: NDArray[np.float64]
    door: NDArray[np.float64]
    busy: tuple[NDArray[np.float64], ...]
    merge_busy: NDArray[np.float64]
    served: NDArray[np.float64]
    wasted: NDArray[np.float64]
    replica_seconds: NDArray[np.float64]
    replica_windows: NDArray[np.float64]
    counts: NDArray[np.int64]

    def count(self, what: str) -> NDArray[np.int64]:
        """Return one of COUNTS by stage, shape (S,)."""
        column: NDArray[np.int64] = self.counts[:, COUNTS.index(what)]
        return column

    @property
    def latency(self) -> NDArray[np.float64]:
        """Seconds from arrival to end, (Q,)."""
        return self.end - self.arrival

    def part(self, first: int, last: int, *, with_busy: bool = False) -> "Result":
        """Return rows `first` to `last` - 1, views of these; the sums go with them, or are zero."""
        rows = {name: getattr(self, name)[first:last] for name in BY_QUERY}
        sums = {name: getattr(self, name) if with_busy else np.zeros_like(getattr(self, name)) for name in SUMS}
        busy = self.busy if with_busy else tuple(np.zeros_like(one) for one in self.busy)
        return Result(**rows, **sums, busy=busy)

    def followed_by(self, other: "Result") -> "Result":
        """Return the rows of this result and then those of `other`; sums are added up."""
        rows = {name: _stacked(getattr(self, name), getattr(other, name)) for name in BY_QUERY}
        sums = {name: getattr(self, name) + getattr(other, name) for name in SUMS}
        busy = tuple(one + two for one, two in zip(self.busy, other.busy, strict=True))
        return Result(**rows, **sums, busy=busy)

    def equals(self, other: "Result") -> bool:
        """Return whether every column of `other` holds the very same numbers."""
        return not self.differences(other)

    def differences(self, other: "Result") -> list[str]:
        """Return the names of the columns that are not bit for bit the same in `other`.

        `served` may differ by rounding: it checks `busy`, which paths that never stop a service add up otherwise.
        """
        names = [field.name for field in fields(self) if field.name not in ("busy", "served")]
        found = [name for name in names if not np.array_equal(getattr(self, name), getattr(other, name))]
        pairs = zip(self.busy, other.busy, strict=True)
        found += [f"busy[{s}]" for s, (one, two) in enumerate(pairs) if not np.array_equal(one, two)]
        return found + (["served"] if not np.allclose(self.served, other.served, rtol=1e-9, atol=1e-9) else [])


SUMS = ("merge_busy", "served", "wasted", "replica_seconds", "replica_windows", "counts")
"""Columns by stage that add up over queries, beside `busy`."""

BY_QUERY = tuple(field.name for field in fields(Result) if field.name not in ("busy", *SUMS))
"""Columns with a row a query."""


def _stacked(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
    """Return the rows of `one` and then those of `two`, each stage's column contiguous as in `empty_result`."""
    if one.ndim == 1:
        return np.concatenate([one, two])
    return np.concatenate([one.swapaxes(0, 1), two.swapaxes(0, 1)], axis=1).swapaxes(0, 1)


def empty_result(arrival: NDArray[np.float64], shape: list[tuple[int, int]], windows: int) -> Result:
    """Return a result with room for `arrival.size` queries over stages of the given (shards, replicas), and windows."""
    Q, S = arrival.size, len(shape)

    def column(fill: float, dtype: type = np.float64) -> NDArray[Any]:
        """Return a (Q, S) array whose columns are contiguous, as the kernels want them."""
        return np.full((S, Q), fill, dtype=dtype).T

    return Result(
        arrival=arrival,
        end=np.zeros(Q),
        outcome=np.full(Q, COMPLETED, dtype=np.int8),
        query_class=np.zeros(Q, dtype=np.int16),
        stage_start=column(0),
        stage_end=column(0),
        candidates=column(0, np.int64),
        coverage=column(1),
        attempts=column(0, np.int64),
        slowest=column(0, np.int64),
        parts=np.zeros((S, Q, len(PARTS))).transpose(1, 0, 2),
        door=np.zeros(Q),
        busy=tuple(np.zeros(size) for size in shape),
        merge_busy=np.zeros(S),
        served=np.zeros(S),
        wasted=np.zeros(S),
        replica_seconds=np.zeros(S),
        replica_windows=np.zeros((S, windows)),
        counts=np.zeros((S, len(COUNTS)), dtype=np.int64),
    )
