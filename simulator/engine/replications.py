"""Independent replications of a plan, side by side on threads."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from simulator.engine.plan import Plan
from simulator.engine.result import Result

__all__ = ["ENGINES", "engine_named", "replicate", "threads"]

ENGINES = ("compiled", "simpy")

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


def replicate(plan: Plan, engine: str, summarise: Callable[[Result], T]) -> Iterator[T]:
    """Yield what `summarise` makes of each replication of `plan`, in order.

    The compiled kernels release the interpreter's lock, so replications run on all cores; only as many results are
    alive at a time as there are threads. SimPy gains nothing from threads and runs one after the other.
    """
    simulate = engine_named(engine)

    def one(replication: int) -> T:
        return summarise(simulate(plan, replication))

    if engine == "simpy":
        yield from map(one, range(plan.replications))
        return
    with ThreadPoolExecutor(max_workers=threads()) as pool:
        try:
            yield from pool.map(one, range(plan.replications))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
