"""What breaks, and for how long.

slow: services that begin in a window of time, at some shards, take `factor` times as long; factors multiply.
down: a replica loses all it holds, is chosen by no balancer, and refuses what still reaches it, until it is up again,
    empty. The broker learns of a lost request as of a refused one, over the network: a broken connection is noticed.
    From/for, or again and again with exponential times to failure and to repair.
pause: every worker for itself stops for a constant time after exponential gaps. A service that is under way is that
    much longer; a request that finds free workers goes to the first that is not pausing, else to the one that
    will be back first, and stays with it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.draws import uniform_at
from simulator.kernels import jit, kernel

__all__ = ["DownTable", "PauseClock", "SlowTable", "back_from_pauses", "gap", "next_pause", "slowed"]


class SlowTable(NamedTuple):
    """Windows of slowness, by stage: stage s owns the windows first[s]:first[s + 1]; shard j is hit if hit[at + j]."""

    first: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    factor: NDArray[np.float64]
    at: NDArray[np.int64]
    hit: NDArray[np.bool_]


class DownTable(NamedTuple):
    """Replicas that go down, one row for each replica and fault, each column (units,).

    A unit with mttf = 0 is down once, from `start` for `length`; another fails and is repaired again and again.
    `number` is the fault's among its stage's.
    """

    stage: NDArray[np.int64]
    shard: NDArray[np.int64]
    replica: NDArray[np.int64]
    start: NDArray[np.float64]
    length: NDArray[np.float64]
    mttf: NDArray[np.float64]
    mttr: NDArray[np.float64]
    number: NDArray[np.int64]


class PauseClock(NamedTuple):
    """How a worker pauses: mean gap and length in seconds, the stream of its gaps, and its number in the stage."""

    every: float
    length: float
    stream: np.uint64
    worker: int


@kernel()
def slowed(slow: SlowTable, stage: int, shard: int, now: float) -> float:
    """Return the factor on a service that begins `now`."""
    factor = 1.0
    for w in range(slow.first[stage], slow.first[stage + 1]):
        if slow.hit[slow.at[w] + shard] and slow.start[w] <= now < slow.end[w]:
            factor *= slow.factor[w]
    return factor


@jit()
def gap(mean: float, stream: np.uint64, query: int, shard: int, attempt: int = 0) -> float:
    """Return an exponential time of this mean at an address."""
    return -mean * np.log1p(-uniform_at(stream, query, shard, attempt))


@jit()
def next_pause(clock: PauseClock, start: float, count: int, now: float) -> tuple[float, int]:
    """Return (start, number) of the first pause of a worker that ends after `now`, from an earlier one on."""
    while start + clock.length <= now:
        count += 1
        start = start + clock.length + gap(clock.every, clock.stream, count, clock.worker)
    return start, count


@jit()
def back_from_pauses(clock: PauseClock, pause: tuple[float, int], begun: float, service: float) -> float:
    """Return when a service of so many seconds of work ends that a worker begins; `pause` as of next_pause."""
    start, count = pause
    at, left = begun, service
    while start < at + left:
        left -= max(0.0, start - at)
        at = start + clock.length
        count += 1
        start = at + gap(clock.every, clock.stream, count, clock.worker)
    return at + left
