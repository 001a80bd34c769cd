"""What happens first when two events fall on the same instant: defined here once, kept by both engines.

Events are ordered by time; at one instant by kind, then query, stage, shard, attempt. Everything but the time is
packed into one whole number, the event's rank, so that comparing two ranks compares the five fields in turn.
"""

from numba import njit

__all__ = [
    "ARRIVAL",
    "COMPLETION",
    "ENTRY",
    "FAULT",
    "MAX_QUERIES",
    "MAX_SHARDS",
    "MAX_STAGES",
    "RESPONSE",
    "TIMER",
    "rank_of",
    "unpack",
]

COMPLETION, RESPONSE, TIMER, FAULT, ARRIVAL = range(5)

ENTRY = -1  # the shard of an event that concerns the query as a whole: it enters the stage

_ATTEMPT_BITS, _SHARD_BITS, _STAGE_BITS, _QUERY_BITS = 4, 21, 5, 30
_STAGE_SHIFT = _ATTEMPT_BITS + _SHARD_BITS
_QUERY_SHIFT = _STAGE_SHIFT + _STAGE_BITS
_KIND_SHIFT = _QUERY_SHIFT + _QUERY_BITS

MAX_SHARDS = (1 << _SHARD_BITS) - 2  # one place is ENTRY's, one the merge's, which counts as shard number N
MAX_STAGES = 1 << _STAGE_BITS
MAX_QUERIES = 1 << _QUERY_BITS


@njit(cache=True, inline="always")
def rank_of(kind: int, query: int, stage: int, shard: int, attempt: int = 0) -> int:
    """Return the rank of an event among those of its instant; a smaller rank happens first."""
    return (
        (kind << _KIND_SHIFT)
        | (query << _QUERY_SHIFT)
        | (stage << _STAGE_SHIFT)
        | ((shard + 1) << _ATTEMPT_BITS)
        | attempt
    )


@njit(cache=True, inline="always")
def unpack(rank: int) -> tuple[int, int, int, int, int]:
    """Return the (kind, query, stage, shard, attempt) of `rank`."""
    return (
        rank >> _KIND_SHIFT,
        (rank >> _QUERY_SHIFT) & ((1 << _QUERY_BITS) - 1),
        (rank >> _STAGE_SHIFT) & ((1 << _STAGE_BITS) - 1),
        ((rank >> _ATTEMPT_BITS) & ((1 << _SHARD_BITS) - 1)) - 1,
        rank & ((1 << _ATTEMPT_BITS) - 1),
    )
