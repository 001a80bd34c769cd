"""What one replication did, as flat columns. Letters: Q queries, S stages."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMPLETED", "FAILED", "PARTS", "REFUSED", "Result", "empty_result"]

COMPLETED, REFUSED, FAILED = range(3)

# The parts of a stage's latency, as its slowest request had them; they add up to the stage's latency.
PARTS = ("request", "queue", "service", "response", "merge")


@dataclass(frozen=True, eq=False)
class Result:
    """One replication's columns; times are absolute seconds, row q is query q, column s is stage s.

    Attributes
    ----------
    arrival, end
        (Q,) when the query arrived and when its last stage ended.
    outcome
        (Q,) COMPLETED, REFUSED or FAILED.
    stage_start, stage_end
        (Q, S) when the query entered the stage, and when its merge was done.
    candidates
        (Q, S) candidates that entered the stage.
    coverage
        (Q, S) shards that answered over shards called.
    attempts
        (Q, S) requests sent.
    slowest
        (Q, S) the shard whose response came last, the lowest number among equals.
    parts
        (Q, S, 5) seconds in each of PARTS on the way of the slowest request.
    busy
        One array (shards, replicas) a stage: seconds of service given to measured queries.
    merge_busy
        (S,) seconds of merging for measured queries.
    """

    arrival: NDArray[np.float64]
    end: NDArray[np.float64]
    outcome: NDArray[np.int8]
    stage_start: NDArray[np.float64]
    stage_end: NDArray[np.float64]
    candidates: NDArray[np.int64]
    coverage: NDArray[np.float64]
    attempts: NDArray[np.int64]
    slowest: NDArray[np.int64]
    parts: NDArray[np.float64]
    busy: tuple[NDArray[np.float64], ...]
    merge_busy: NDArray[np.float64]

    @property
    def latency(self) -> NDArray[np.float64]:
        """Seconds from arrival to end, (Q,)."""
        return self.end - self.arrival

    def part(self, first: int, last: int, *, with_busy: bool = False) -> "Result":
        """Return rows `first` to `last` - 1, views of these; busy times go with them, or are zero."""
        rows = {name: getattr(self, name)[first:last] for name in _BY_QUERY}
        busy = self.busy if with_busy else tuple(np.zeros_like(one) for one in self.busy)
        return Result(**rows, busy=busy, merge_busy=self.merge_busy if with_busy else np.zeros_like(self.merge_busy))

    def followed_by(self, other: "Result") -> "Result":
        """Return the rows of this result and then those of `other`; busy times are summed."""
        rows = {name: _stacked(getattr(self, name), getattr(other, name)) for name in _BY_QUERY}
        busy = tuple(one + two for one, two in zip(self.busy, other.busy, strict=True))
        return Result(**rows, busy=busy, merge_busy=self.merge_busy + other.merge_busy)

    def equals(self, other: "Result") -> bool:
        """Return whether every column of `other` holds the very same numbers."""
        return not self.differences(other)

    def differences(self, other: "Result") -> list[str]:
        """Return the names of the columns that are not bit for bit the same in `other`."""
        names = [field.name for field in fields(self) if field.name != "busy"]
        found = [name for name in names if not np.array_equal(getattr(self, name), getattr(other, name))]
        pairs = zip(self.busy, other.busy, strict=True)
        return found + [f"busy[{s}]" for s, (one, two) in enumerate(pairs) if not np.array_equal(one, two)]


_BY_QUERY = tuple(field.name for field in fields(Result) if field.name not in ("busy", "merge_busy"))


def _stacked(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
    """Return the rows of `one` and then those of `two`, each stage's column contiguous as in `empty_result`."""
    if one.ndim == 1:
        return np.concatenate([one, two])
    return np.concatenate([one.swapaxes(0, 1), two.swapaxes(0, 1)], axis=1).swapaxes(0, 1)


def empty_result(arrival: NDArray[np.float64], shape: list[tuple[int, int]]) -> Result:
    """Return a result with room for `arrival.size` queries over stages of the given (shards, replicas)."""
    Q, S = arrival.size, len(shape)

    def column(fill: float, dtype: type = np.float64) -> NDArray[Any]:
        """Return a (Q, S) array whose columns are contiguous, as the kernels want them."""
        return np.full((S, Q), fill, dtype=dtype).T

    return Result(
        arrival=arrival,
        end=np.zeros(Q),
        outcome=np.full(Q, COMPLETED, dtype=np.int8),
        stage_start=column(0),
        stage_end=column(0),
        candidates=column(0, np.int64),
        coverage=column(1),
        attempts=column(0, np.int64),
        slowest=column(0, np.int64),
        parts=np.zeros((S, Q, len(PARTS))).transpose(1, 0, 2),
        busy=tuple(np.zeros(size) for size in shape),
        merge_busy=np.zeros(S),
    )
