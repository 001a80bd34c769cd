"""What happens first when two events fall on the same instant: defined here once, kept by both engines.

Events are ordered by time; at one instant by kind, then query, stage, shard, attempt. Everything but the time is
packed into one whole number, the event's rank, so that comparing two ranks compares the five fields in turn.

Kinds: completions, responses, timers, faults, arrivals. The timers are five, in the order in which a broker would look
at its watch: a stage's deadline, its hedges, a retry that has backed off, an attempt that has timed out, a batch that
has waited. A change of the number of replicas counts as a fault, and a new query arrives after all requests.
"""

from simulator.kernels import jit

__all__ = [
    "ARRIVAL",
    "COMPLETION",
    "DEADLINE",
    "ENTRY",
    "FAULT",
    "HEDGE",
    "MAX_ATTEMPT",
    "MAX_QUERIES",
    "MAX_SHARDS",
    "MAX_STAGES",
    "NEW",
    "RESPONSE",
    "RETRY",
    "SCALE",
    "TIMEOUT",
    "WAIT",
    "address_of",
    "rank_of",
    "unpack",
]

COMPLETION, RESPONSE, DEADLINE, HEDGE, RETRY, TIMEOUT, WAIT, FAULT, SCALE, ARRIVAL, NEW = range(11)

ENTRY = -1  # the shard of an event that concerns the query as a whole: it enters the stage, or its stage's time is up

_ATTEMPT_BITS, _SHARD_BITS, _STAGE_BITS, _QUERY_BITS = 5, 20, 5, 30
_STAGE_SHIFT = _ATTEMPT_BITS + _SHARD_BITS
_QUERY_SHIFT = _STAGE_SHIFT + _STAGE_BITS
_KIND_SHIFT = _QUERY_SHIFT + _QUERY_BITS
_MIDDLE = 8  # the kinds fill the four highest bits, the sign's among them, so half of the ranks are negative
_ADDRESS = (1 << _KIND_SHIFT) - 1

MAX_SHARDS = (1 << _SHARD_BITS) - 2  # one place is ENTRY's, one the merge's, which counts as shard number N
MAX_STAGES = 1 << _STAGE_BITS
MAX_QUERIES = 1 << _QUERY_BITS
MAX_ATTEMPT = (1 << _ATTEMPT_BITS) - 1


@jit(inline="always")
def rank_of(kind: int, query: int, stage: int, shard: int, attempt: int = 0) -> int:
    """Return the rank of an event among those of its instant; a smaller rank happens first."""
    return (
        ((kind - _MIDDLE) << _KIND_SHIFT)
        | (query << _QUERY_SHIFT)
        | (stage << _STAGE_SHIFT)
        | ((shard + 1) << _ATTEMPT_BITS)
        | attempt
    )


@jit(inline="always")
def unpack(rank: int) -> tuple[int, int, int, int, int]:
    """Return the (kind, query, stage, shard, attempt) of `rank`."""
    return (
        (rank >> _KIND_SHIFT) + _MIDDLE,
        (rank >> _QUERY_SHIFT) & ((1 << _QUERY_BITS) - 1),
        (rank >> _STAGE_SHIFT) & ((1 << _STAGE_BITS) - 1),
        ((rank >> _ATTEMPT_BITS) & ((1 << _SHARD_BITS) - 1)) - 1,
        rank & ((1 << _ATTEMPT_BITS) - 1),
    )


@jit(inline="always")
def address_of(rank: int) -> int:
    """Return what `rank` says but for the kind: the same for all events of one request, and only for those."""
    return rank & _ADDRESS
