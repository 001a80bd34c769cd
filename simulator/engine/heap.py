"""A four-ary heap of events in one flat array: the earliest (time, rank) first.

Four children to a node halve the depth of a binary heap, and siblings share a cache line or two.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["EVENT", "pop", "push"]

EVENT = np.dtype([("time", np.float64), ("rank", np.int64), ("slot", np.int64)])
"""An absolute time, a rank (order.py), and a number of the caller's."""

Heap = NDArray[np.void]


@njit(cache=True, inline="always")
def _before(heap: Heap, i: int, time: float, rank: int) -> bool:
    """Return whether the event at `i` comes before (time, rank)."""
    return heap[i].time < time or (heap[i].time == time and heap[i].rank < rank)


@njit(cache=True)
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


@njit(cache=True)
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
