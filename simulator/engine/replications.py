"""Independent replications of a plan, side by side on threads."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from threading import Event, Lock
from typing import TypeVar

from simulator.engine.plan import Plan
from simulator.engine.result import Result
from simulator.errors import Interrupted

__all__ = [
    "BLOCK",
    "ENGINES",
    "Progress",
    "blocks_of",
    "engine_named",
    "one_thread",
    "replicate",
    "side_by_side",
    "threads",
]

ENGINES = ("compiled", "simpy")

BLOCK = 1 << 17
"""Queries simulated at a time, where a plan can be simulated in blocks."""

REQUESTS, FEWEST = 1 << 25, 1 << 10
"""Requests to shards in a block at most, so that who asks to stop waits less than a second; but queries at least."""

AHEAD = 4
"""Replications handed to the pool a thread before any is back: enough that none waits, few enough to call off."""

Progress = Callable[[float, float], None]
"""Told, from any thread, how much of the work is done and how much it is in all, in whatever it is counted in."""

T = TypeVar("T")


def engine_named(name: str) -> Callable[[Plan, int], Result]:
    """Return the engine called `name`, one of ENGINES: a function from a plan and a replication to a result."""
    if name == "simpy":
        from simulator.engine.reference import simulate as simpy_engine  # SimPy is loaded only when asked for

        return simpy_engine
    from simulator.engine.compiled import simulate as compiled_engine  # Numba takes half a second to load

    return compiled_engine


_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run replications one after the other in the body: for processes that share the cores among themselves."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)


def threads() -> int:
    """Return how many replications run side by side: one a core, but for `one_thread`."""
    return 1 if _ALONE.get() else os.cpu_count() or 1


def blocks_of(plan: Plan, engine: str, replication: int, threads: int = 1) -> Iterator[Result]:
    """Yield one replication of `plan` in blocks of consecutive queries: few enough at a time to fit in memory."""
    if engine == "simpy":
        yield engine_named(engine)(plan, replication)
        return
    from simulator.engine.compiled import blocks  # Numba takes half a second to load
    from simulator.engine.stages import sweeps

    fewer = max(FEWEST, REQUESTS // int(plan.stages.shards.sum()))
    yield from blocks(plan, replication, min(BLOCK, fewer) if sweeps(plan) else BLOCK, threads)


def replicate(
    plan: Plan,
    engine: str,
    summarise: Callable[[Iterable[Result]], T],
    first: int = 0,
    on_progress: Progress | None = None,
) -> Iterator[T]:
    """Yield what `summarise` makes of the blocks of each replication of `plan` from `first` on, in order.

    The compiled kernels release the interpreter's lock, so replications run on all cores; only as many are in work at a
    time as there are threads, and where there are fewer replications, those that are share the threads. SimPy gains
    nothing from threads and runs one after the other. `on_progress` is told of replications, in parts of one.

    Raises
    ------
    Interrupted
        On Ctrl-C, with a tuple of what `summarise` made of the replications at work, cut short after a block.
    """
    watch = _Watch(plan, first, on_progress or (lambda *_: None))
    spare = max(1, threads() // max(1, plan.replications - first))

    def one(replication: int) -> T:
        return summarise(watch.follow(blocks_of(plan, engine, replication, spare)))

    return side_by_side(one, range(first, plan.replications), engine, watch.stop)


class _Watch:
    """Follows replications through their blocks: tells how far they are, and ends them early when asked to."""

    def __init__(self, plan: Plan, first: int, on_progress: Progress) -> None:
        self.queries, self.replications, self.on_progress = plan.total_queries, plan.replications, on_progress
        self.done = first * plan.total_queries
        self.lock, self.stopped = Lock(), Event()

    def follow(self, blocks: Iterator[Result]) -> Iterator[Result]:
        """Yield `blocks`, as long as nobody asks to stop."""
        for block in blocks:
            yield block
            with self.lock:
                self.done += block.arrival.size
                self.on_progress(self.done / self.queries, self.replications)
            if self.stopped.is_set():
                return

    def stop(self) -> None:
        """End every replication after its block."""
        self.stopped.set()


def side_by_side(
    one: Callable[[int], T], replications: range, engine: str, stop: Callable[[], None] = lambda: None
) -> Iterator[T]:
    """Yield what `one` makes of each of `replications`, in order; compiled ones on all cores.

    At the end, and where the reader stops early, `stop` is called and what has not begun is called off.

    Raises
    ------
    Interrupted
        On Ctrl-C, with a tuple of what the work that had begun came to.
    """
    if engine == "simpy":
        yield from map(one, replications)
        return
    pool = ThreadPoolExecutor(max_workers=threads())
    waiting, begun = iter(replications), deque[Future[T]]()
    try:
        begun.extend(pool.submit(one, replication) for replication in islice(waiting, AHEAD * threads()))
        while begun:
            found = begun[0].result()
            begun.popleft()
            begun.extend(pool.submit(one, replication) for replication in islice(waiting, 1))
            yield found
    except KeyboardInterrupt as interrupt:
        stop()
        working = [future for future in begun if not future.cancel()]
        raise Interrupted(tuple(future.result() for future in working)) from interrupt
    finally:
        stop()
        pool.shutdown(wait=False, cancel_futures=True)
