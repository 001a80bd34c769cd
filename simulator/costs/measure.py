"""Timing real calls: a worker process fed through a pipe, as in production, not a tight loop.

Two laws: busy calls lie in the pipe one behind the other, so that the worker never waits for the next; an idle call
finds the worker blocked on an empty pipe. Every call is taken from the pipe and answered into it: handed over as one
list they are a tight loop, in which calls of up to 100 candidates take 20 to 30% less than a worker's. Rankers and
sizes are visited in random order, round after round, so that drift of the machine hits all alike. A call is timed
inside the worker around what a shard does: read the candidates' rows, score them, select the best.
"""

import math
import multiprocessing as mp
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.costs.ceilings import measure_ceilings
from simulator.costs.merge import ListsToMerge
from simulator.costs.our_calls import ListCalls, SearchCalls
from simulator.costs.own_calls import OwnCalls
from simulator.distributions.base import FloatArray
from simulator.errors import SimulatorError
from simulator.scenario.ranker_names import is_own

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["LAWS", "MERGE", "MIN_CALLS", "Measured", "interrupts_ignored", "measure"]

MERGE = "merge"
CEILINGS = "ceilings"
LAWS = ("busy", "idle")
SIZES = tuple(int(size) for decade in range(7) for size in (10**decade, 3 * 10**decade) if size <= 1_000_000)
LISTS = (1, 3, 10, 30, 100, 300, 1000, 2000)
MIN_CALLS = 30
CALLS_A_VISIT = 5
GAP_S = 0.003
GRACE_S = 5.0
KEEP = 100
WORLD_SIZES = {"text": {"queries": 500, "documents": 500}}
"""Smaller worlds, by their kind, where learning takes long: what a call costs does not hang on how much was learnt."""

Progress = Callable[[float, float, str], None]
Call = tuple[str, int, int | None]  # what, candidates, a number that varies user and place; None asks for its work
Pair = tuple[float, float]  # operations and bytes, of a call or a second
Point = tuple[str, int]


@dataclass(frozen=True)
class Measured:
    """What was found.

    Attributes
    ----------
    seconds
        Of calls by (what, law, size).
    left_out
        Points left out because the budget was too small.
    work
        By ranker of ours, the floating-point operations of its largest call that was measured, and the bytes it reads.
    ceilings
        Floating-point operations and bytes read a second that one thread reaches at best.
    complete
        Whether all of the budget was spent: Ctrl-C ends the rounds early.
    """

    seconds: dict[tuple[str, str, int], FloatArray]
    left_out: tuple[Point, ...]
    work: dict[str, Pair]
    ceilings: Pair
    complete: bool

    def times(self, what: str, law: str) -> dict[int, FloatArray]:
        """Return seconds by size of one ranker (or MERGE) and law."""
        return {size: found for (name, state, size), found in self.seconds.items() if (name, state) == (what, law)}


def measure(rankers: list[str], budget_s: float, seed: int = 0, on_progress: Progress | None = None) -> Measured:
    """Return measured call times of `rankers` and of the merge.

    Parameters
    ----------
    rankers
        Names in rankers.registry.RANKERS, or module:Class of the user's own.
    budget_s
        Seconds to spend on timing; training the rankers comes before, up to ten seconds each. Where it does not suffice
        for MIN_CALLS calls of every size, the most expensive sizes are left out.
    on_progress
        Called with (seconds spent, budget, what is happening).

    Raises
    ------
    SimulatorError
        If the worker process dies.
    InputError
        If a user's ranker cannot be imported, or does not score as it should.
    """
    report = on_progress or _no_report
    rng = np.random.default_rng(seed)
    report(0, budget_s, "training the rankers")
    with _worker(rankers, seed) as ask:
        points = [(name, size) for name in rankers for size in SIZES] + [(MERGE, size) for size in LISTS]
        report(0, budget_s, "one call of each size")
        cost = _costs(ask, points, budget_s)
        chosen = _affordable(cost, budget_s)
        ours = {name for name in rankers if not is_own(name)}
        largest = {what: size for what, size in sorted(chosen) if what in ours}
        work = {name: ask([(name, size, None)])[0] for name, size in largest.items()}
        ceilings = ask([(CEILINGS, 0, None)])[0]
        seconds, complete = _rounds(ask, chosen, budget_s, rng, report)
    left_out = tuple(point for point in points if point not in chosen)
    times = {key: np.array(found) for key, found in seconds.items()}
    return Measured(times, left_out, work, ceilings, complete)


def _no_report(done: float, total: float, note: str) -> None:
    """Tell no one."""


def _rounds(
    ask: Callable[..., list[float]],
    points: list[Point],
    budget_s: float,
    rng: np.random.Generator,
    report: Progress,
) -> tuple[dict[tuple[str, str, int], list[float]], bool]:
    """Return the timed calls of as many rounds as the budget allows, and whether it was spent.

    At least MIN_CALLS calls a point; raises KeyboardInterrupt on Ctrl-C before that.
    """
    seconds: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    began, rounds, number = time.perf_counter(), 0, 0
    least = math.ceil(MIN_CALLS / CALLS_A_VISIT)
    try:
        while rounds < least or time.perf_counter() - began < budget_s:
            for i in rng.permutation(len(points)):
                what, size = points[i]
                for law in rng.permutation(LAWS):
                    number += CALLS_A_VISIT + 1
                    calls = [(what, size, number + k) for k in range(CALLS_A_VISIT + 1)]
                    timed = ask(calls) if law == "busy" else [ask([call], GAP_S)[0] for call in calls]
                    seconds[what, str(law), size] += timed[1:]  # the first finds another size's data in the caches
                report(min(time.perf_counter() - began, budget_s), budget_s, f"{what}, {size:,} candidates")
            rounds += 1
    except KeyboardInterrupt:
        if rounds < least:
            raise
        return seconds, False
    return seconds, True


def _costs(ask: Callable[..., list[float]], points: list[Point], budget_s: float) -> dict[Point, float]:
    """Return the seconds of one call by point, for each ranker up to the first size that alone exceeds the budget."""
    cost: dict[Point, float] = {}
    beyond: set[str] = set()
    for what, size in points:  # sizes of a ranker rise
        if what not in beyond:
            cost[what, size] = ask([(what, size, 0), (what, size, 1)])[1]
            if _needed_s(cost[what, size]) > budget_s:
                beyond.add(what)
    return cost


def _needed_s(call_s: float) -> float:
    """Return the seconds that MIN_CALLS calls of each law take, with the calls that are not counted."""
    visits = math.ceil(MIN_CALLS / CALLS_A_VISIT) * (CALLS_A_VISIT + 1)
    return visits * (2 * call_s + GAP_S)


def _affordable(cost: dict[Point, float], budget_s: float) -> list[Point]:
    """Return the points that can have MIN_CALLS calls of each law within the budget, dropping the longest calls."""
    chosen = sorted(cost, key=lambda point: cost[point])
    while len(chosen) > 1 and sum(_needed_s(cost[point]) for point in chosen) > budget_s:
        chosen.pop()
    return chosen


@contextmanager
def _worker(rankers: list[str], seed: int) -> Iterator[Callable[..., list[Any]]]:
    """Run a worker process; yields the function that asks it for calls and returns their seconds, or their work.

    Whatever ends the body ends the process too. Both sides write to their pipe themselves: the threads that feed an
    mp.Queue would run beside the calls that are timed.
    """
    context = mp.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(rankers, seed, there), daemon=True)

    def ask(burst: list[Call], gap_s: float = 0.0) -> list[float | Pair]:
        if gap_s:
            time.sleep(gap_s)
        try:
            for call in burst:
                here.send(call)
            answers: list[float | Pair | SimulatorError] = [here.recv() for _ in burst]
        except (EOFError, OSError) as error:
            process.join(GRACE_S)
            raise SimulatorError(
                f"the measuring process ended early (exit code {process.exitcode}); is there enough memory?"
            ) from error
        found = [answer for answer in answers if not isinstance(answer, SimulatorError)]
        if len(found) < len(answers):
            raise next(answer for answer in answers if isinstance(answer, SimulatorError))
        return found

    try:
        with interrupts_ignored():
            process.start()
        there.close()  # the worker holds its end alone, so that its death is the end of the pipe
        yield ask
    finally:
        here.close()
        if process.pid is not None:
            process.terminate()
            process.join(GRACE_S)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Start children that Ctrl-C, which reaches the whole group, does not interrupt: this process ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(rankers: list[str], seed: int, pipe: "Connection") -> None:
    """Be the worker: take calls from the pipe, one by one, and answer each with its seconds, to the pipe's end.

    What a user's ranker does wrong is the answer instead. A call without a number is answered with its work.
    """
    import gc  # needed by the worker process alone

    from threadpoolctl import threadpool_limits  # limits the BLAS that NumPy has loaded by now

    # What a user's ranker prints is no part of a command's output.
    with threadpool_limits(limits=1), redirect_stdout(sys.stderr):
        failure: SimulatorError | None = None
        serve: dict[str, Callable[[int, int], object]] = {}
        try:
            serve = _callables(rankers, seed)
        except SimulatorError as error:
            failure = error
        gc.collect()
        gc.freeze()  # what training left is not searched again in the middle of a call
        with suppress(EOFError, OSError):  # until the parent is gone, however it went
            while True:
                call = pipe.recv()
                pipe.send(failure or _answer(serve, call))


def _answer(serve: Mapping[str, Any], call: Call) -> float | Pair | SimulatorError:
    """Return the seconds of one call, or its work, or what is wrong with the user's ranker."""
    what, size, number = call
    if what == CEILINGS:
        return measure_ceilings()
    if number is None:
        operations, read = serve[what].work(size)
        return operations, read
    try:
        if isinstance(serve[what], OwnCalls):
            serve[what].prepare(size, number)
        return _timed(serve[what], size, number)
    except SimulatorError as error:
        return error


def _timed(call: Callable[[int, int], object], size: int, number: int) -> float:
    """Return the seconds of one call."""
    began = time.perf_counter()
    call(size, number)
    return time.perf_counter() - began


def _callables(rankers: list[str], seed: int) -> dict[str, Callable[[int, int], object]]:
    """Return what to call by name: the trained rankers over a large catalogue, the user's own, and the merge."""
    from simulator.data.world import make_world  # needed by the worker process alone
    from simulator.data.worlds import WORLDS
    from simulator.rankers.own import load_own
    from simulator.rankers.registry import RANKERS

    rng = np.random.default_rng(seed)
    catalogue = max(SIZES)
    ids = rng.permutation(catalogue)
    found: dict[str, Callable[[int, int], object]] = {
        name: OwnCalls(load_own(name), make_world(seed=seed), KEEP) for name in rankers if is_own(name)
    }
    kinds = {RANKERS[name].learns_from for name in rankers if name not in found}
    worlds = {kind: WORLDS[kind](seed=seed, **WORLD_SIZES.get(kind, {})) for kind in kinds}
    trained = (RANKERS[name].fit(worlds[RANKERS[name].learns_from], seed) for name in rankers if name not in found)
    found |= {
        ranker.name: ListCalls(ranker.for_catalogue(catalogue, seed), ids, KEEP)
        if ranker.exact
        else SearchCalls(ranker, seed, KEEP)
        for ranker in trained
    }
    lists = ListsToMerge(max(LISTS), rng)
    return found | {MERGE: lambda size, _: lists.merge(size)}
