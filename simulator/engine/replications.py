"""Independent replications of a plan, side by side on threads."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from simulator.engine.plan import Plan
from simulator.engine.result import Result

__all__ = ["BLOCK", "ENGINES", "blocks_of", "engine_named", "replicate", "side_by_side", "threads"]

ENGINES = ("compiled", "simpy")

BLOCK = 1 << 17
"""Queries simulated at a time, where a plan can be simulated in blocks."""

T = TypeVar("T")


def engine_named(name: str) -> Callable[[Plan, int], Result]:
    """Return the engine called `name`, one of ENGINES: a function from a plan and a replication to a result."""
    if name == "simpy":
        from simulator.engine.reference import simulate as simpy_engine  # SimPy is loaded only when asked for

        return simpy_engine
    from simulator.engine.compiled import simulate as compiled_engine  # Numba takes half a second to load

    return compiled_engine


def threads() -> int:
    """Return how many replications run side by side: one a core."""
    return os.cpu_count() or 1


def blocks_of(plan: Plan, engine: str, replication: int) -> Iterator[Result]:
    """Yield one replication of `plan` in blocks of consecutive queries: few enough at a time to fit in memory."""
    if engine == "simpy":
        yield engine_named(engine)(plan, replication)
        return
    from simulator.engine.compiled import blocks  # Numba takes half a second to load

    yield from blocks(plan, replication, BLOCK)


def replicate(plan: Plan, engine: str, summarise: Callable[[Iterable[Result]], T], first: int = 0) -> Iterator[T]:
    """Yield what `summarise` makes of the blocks of each replication of `plan` from `first` on, in order.

    The compiled kernels release the interpreter's lock, so replications run on all cores; only as many are in work at a
    time as there are threads. SimPy gains nothing from threads and runs one after the other.
    """

    def one(replication: int) -> T:
        return summarise(blocks_of(plan, engine, replication))

    return side_by_side(one, range(first, plan.replications), engine)


def side_by_side(one: Callable[[int], T], replications: range, engine: str) -> Iterator[T]:
    """Yield what `one` makes of each of `replications`, in order; compiled ones on all cores.

    Where the reader stops early, as on Ctrl-C, what has not begun is called off.
    """
    if engine == "simpy":
        yield from map(one, replications)
        return
    with ThreadPoolExecutor(max_workers=threads()) as pool:
        try:
            yield from pool.map(one, replications)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
