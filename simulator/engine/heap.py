"""Events to come in flat arrays: a four-ary heap, and lanes for those that come in order anyway.

Four children to a node halve the depth of a binary heap, and siblings share a cache line or two. A lane is a ring: what
is always a constant time ahead of the clock is appended at its end, all but never before what is there already, and
taken from its front, so that it need not be sorted. The next event is the earliest (time, rank) among the heap's first
and the lanes' first.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import kernel

__all__ = ["EVENT", "append", "pop", "push", "take"]

EVENT = np.dtype([("time", np.float64), ("rank", np.int64), ("slot", np.int64)])
"""An absolute time, a rank (order.py), and a number of the caller's."""

Heap = NDArray[np.void]


@kernel(inline="always")
def _before(heap: Heap, i: int, time: float, rank: int) -> bool:
    """Return whether the event at `i` comes before (time, rank)."""
    return heap[i].time < time or (heap[i].time == time and heap[i].rank < rank)


@kernel()
def push(heap: Heap, size: int, time: float, rank: int, slot: int) -> int:
    """Add an event to a heap of `size` events and return the new size; the capacity must suffice."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if _before(heap, parent, time, rank):
            break
        heap[i] = heap[parent]
        i = parent
    heap[i].time = time
    heap[i].rank = rank
    heap[i].slot = slot
    return size + 1


@kernel()
def pop(heap: Heap, size: int) -> int:
    """Remove the earliest event, heap[0], which the caller has read, and return the new size."""
    size -= 1
    time, rank, slot = heap[size].time, heap[size].rank, heap[size].slot
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        first = child
        for other in range(child + 1, min(child + 4, size)):
            if _before(heap, other, heap[first].time, heap[first].rank):
                first = other
        if not _before(heap, first, time, rank):
            break
        heap[i] = heap[first]
        i = first
    heap[i].time = time
    heap[i].rank = rank
    heap[i].slot = slot
    return size


@kernel()
def append(
    lanes: Heap, ends: NDArray[np.int64], first: NDArray[np.float64], lane: int, event: tuple[float, int, int]
) -> None:
    """Add an event (time, rank, slot) to a lane in its place, which is nearly always the end; the room must suffice.

    Parameters
    ----------
    lanes
        (L, capacity) rings, the capacity a power of two.
    ends
        (L, 2) where each lane begins and ends, both counted on without wrapping.
    first
        (L,) the time of each lane's first event, infinite of none.
    """
    time, rank, slot = event
    mask = lanes.shape[1] - 1
    i = ends[lane, 1]
    ends[lane, 1] = i + 1
    while i > ends[lane, 0]:
        before = lanes[lane, (i - 1) & mask]
        if before.time < time or (before.time == time and before.rank < rank):
            break
        lanes[lane, i & mask] = before
        i -= 1
    here = lanes[lane, i & mask]
    here.time = time
    here.rank = rank
    here.slot = slot
    if i == ends[lane, 0]:
        first[lane] = time


@kernel(inline="always")
def take(lanes: Heap, ends: NDArray[np.int64], first: NDArray[np.float64], lane: int) -> None:
    """Remove a lane's first event, which the caller has read."""
    ends[lane, 0] += 1
    at = ends[lane, 0]
    first[lane] = lanes[lane, at & (lanes.shape[1] - 1)].time if at < ends[lane, 1] else np.inf
