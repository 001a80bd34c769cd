"""A four-ary heap of events in flat arrays: the earliest (time, rank) first.

Four children to a node halve the depth of a binary heap, and siblings share a cache line.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["EventHeap", "larger_heap", "pop", "push"]


class EventHeap(NamedTuple):
    """Events by column, each of shape (capacity,): absolute time, rank (order.py), and a slot of the caller's."""

    time: NDArray[np.float64]
    rank: NDArray[np.int64]
    slot: NDArray[np.int64]


@njit(cache=True)
def larger_heap(heap: EventHeap, capacity: int) -> EventHeap:
    """Return a heap of `capacity` that holds what `heap` holds."""
    time, rank, slot = np.empty(capacity), np.empty(capacity, dtype=np.int64), np.empty(capacity, dtype=np.int64)
    size = heap.time.size
    time[:size], rank[:size], slot[:size] = heap.time, heap.rank, heap.slot
    return EventHeap(time, rank, slot)


@njit(cache=True, inline="always")
def _before(heap: EventHeap, i: int, time: float, rank: int) -> bool:
    """Return whether the event at `i` comes before (time, rank)."""
    return heap.time[i] < time or (heap.time[i] == time and heap.rank[i] < rank)


@njit(cache=True)
def push(heap: EventHeap, size: int, time: float, rank: int, slot: int) -> int:
    """Add an event to a heap of `size` events and return the new size; the capacity must suffice."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if _before(heap, parent, time, rank):
            break
        heap.time[i], heap.rank[i], heap.slot[i] = heap.time[parent], heap.rank[parent], heap.slot[parent]
        i = parent
    heap.time[i], heap.rank[i], heap.slot[i] = time, rank, slot
    return size + 1


@njit(cache=True)
def pop(heap: EventHeap, size: int) -> int:
    """Remove the earliest event, heap[0], which the caller has read, and return the new size."""
    size -= 1
    time, rank, slot = heap.time[size], heap.rank[size], heap.slot[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        first = child
        for other in range(child + 1, min(child + 4, size)):
            if _before(heap, other, heap.time[first], heap.rank[first]):
                first = other
        if not _before(heap, first, time, rank):
            break
        heap.time[i], heap.rank[i], heap.slot[i] = heap.time[first], heap.rank[first], heap.slot[first]
        i = first
    heap.time[i], heap.rank[i], heap.slot[i] = time, rank, slot
    return size
