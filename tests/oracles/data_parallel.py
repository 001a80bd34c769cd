"""Training the mlp with several processes of this machine at once: what a cluster does, to hold its model against.

Synchronous data parallel: each process has all parameters, computes the gradient of its part of every batch, shares it
around a ring of pipes as `cluster.all_reduce_s` says, and takes the same step. Every process keeps to one thread.

Letters: W processes, P contests of a batch, M rivals of each.
"""

import multiprocessing as mp
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError, SimulatorError
from simulator.rankers.base import Parameters
from simulator.rankers.mlp import Contests, loss_and_gradient
from simulator.rankers.optimizers import Adam

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Ask", "Steps", "training_processes"]

RATE = 3e-3
GRACE_S = 5.0

MOST_BYTES = 1 << 16
"""What a pipe holds: all send before they receive, so a part of the gradient must fit."""

Vector = NDArray[np.float64]


class Ask(NamedTuple):
    """What to train.

    Attributes
    ----------
    workers
        Processes that take part: one alone, or all.
    samples
        Contests of each batch that are trained on, the first ones, in equal parts; 0 to share gradients alone.
    steps
        How many, at least 1, from the first batch and the same parameters on; batches come round again.
    """

    workers: int
    samples: int
    steps: int


@dataclass(frozen=True, eq=False)
class Steps:
    """What one process did.

    Attributes
    ----------
    parameters
        After the last step.
    gradient
        The mean gradient of the last step, over all processes.
    ready, shared
        Seconds of a clock that all processes read, shape (steps,): when its own gradient was there, and the mean.
    """

    parameters: Parameters
    gradient: Parameters
    ready: Vector
    shared: Vector


@dataclass(frozen=True)
class _Seat:
    """A process's number, and its pipes: from the one who asks, to the next around the ring, from the one before."""

    number: int
    asks: "Connection"
    to_next: "Connection"
    from_last: "Connection"


@contextmanager
def training_processes(
    count: int, batches: Sequence[Contests], start: Parameters
) -> Iterator[Callable[[Ask], list[Steps]]]:
    """Run `count` processes, at least 1; yields the function that asks them to train, which returns what each did.

    Whatever ends the body ends the processes too.

    Parameters
    ----------
    batches
        What they train on, at least one, each with as many contests as are ever asked for.
    start
        The parameters to start from, in double precision.

    Raises
    ------
    SimulatorError
        If a process dies.
    InputError
        Where a number of samples cannot be parted equally, or there are more parameters than pipes hold.
    """
    size = sum(block.nbytes for block in start.values())
    if size / count > MOST_BYTES - 8:
        raise InputError(f"training processes: expected parameters of {MOST_BYTES} bytes a process, got {size} in all")
    context = mp.get_context("spawn")
    asks = [context.Pipe() for _ in range(count)]
    ring = [context.Pipe(duplex=False) for _ in range(count)]  # (from the one before, to this one) of each
    seats = [_Seat(i, asks[i][1], ring[(i + 1) % count][1], ring[i][0]) for i in range(count)]
    processes = [context.Process(target=_serve, args=(seat,), daemon=True) for seat in seats]

    def train(ask: Ask) -> list[Steps]:
        if ask.workers not in (1, count) or ask.samples % ask.workers:
            raise InputError(
                f"training processes: expected 1 or {count}, and samples in equal parts; got {ask.workers} "
                f"and {ask.samples}"
            )
        return _told([here for here, _ in asks[: ask.workers]], ask)

    try:
        for process in processes:
            process.start()
        for seat in seats:  # each process holds its ends alone, so that its death is the end of its pipes
            for end in (seat.asks, seat.to_next, seat.from_last):
                end.close()
        _told(
            [here for here, _ in asks], (batches, start)
        )  # not with the process: that waits forever for one that dies as it starts
        yield train
    finally:
        _end(processes)
        for here, _ in asks:
            here.close()


def _told(pipes: "Sequence[Connection]", what: object) -> list[Any]:
    """Return what the processes at the ends of `pipes` answer to `what`; raises SimulatorError if one has died."""
    try:
        for pipe in pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in pipes]
    except (EOFError, OSError) as error:
        raise SimulatorError("a training process ended early; is there enough memory?") from error


def _end(processes: "Sequence[mp.process.BaseProcess]") -> None:
    """End all processes that were started, and wait until they have."""
    for process in processes:
        if process.pid is not None:
            process.terminate()
            process.join(GRACE_S)
            if process.is_alive():
                process.kill()
                process.join()


def _serve(seat: _Seat) -> None:
    """Be a process that trains as it is asked to, to the pipe's end."""
    from threadpoolctl import threadpool_limits  # limits the BLAS that NumPy has loaded by now

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    _keep_to_a_core(seat.number)
    with threadpool_limits(limits=1), suppress(EOFError, OSError):  # until the parent is gone, however it went
        batches, start = seat.asks.recv()
        seat.asks.send(None)
        while True:
            seat.asks.send(_trained(seat, seat.asks.recv(), batches, start))


def _keep_to_a_core(number: int) -> None:
    """Keep this process to a core of its own, where the system can, as a worker of a cluster has a machine of its own.

    Left to itself, Linux wakes who waits at a pipe on the core of who writes, and two processes take turns on one core.
    """
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


def _trained(seat: _Seat, ask: Ask, batches: Sequence[Contests], start: Parameters) -> Steps:
    """Return what one process does of what is asked."""
    parts = [_part(batch, seat.number, ask) for batch in batches]
    parameters, adam, mean = start, Adam(start), start
    ready, shared = np.empty(ask.steps), np.empty(ask.steps)
    for i in range(ask.steps):
        gradient = loss_and_gradient(parameters, parts[i % len(parts)])[1] if ask.samples else start
        ready[i] = time.perf_counter()
        mean = _mean(gradient, seat, ask.workers) if ask.workers > 1 else gradient
        shared[i] = time.perf_counter()
        if ask.samples:
            parameters = adam.step(parameters, mean, RATE)
    return Steps(parameters, mean, ready, shared)


def _part(batch: Contests, number: int, ask: Ask) -> Contests:
    """Return the contests of a batch that one process works on."""
    rows = ask.samples // ask.workers * (1 + batch.rivals)
    return Contests(batch.X[number * rows : (number + 1) * rows], batch.rivals)


def _mean(gradient: Parameters, seat: _Seat, workers: int) -> Parameters:
    """Return the mean of the gradients of all processes, summed up around the ring."""
    flat = np.concatenate([block.ravel() for block in gradient.values()])
    parts = np.array_split(flat, workers)  # views
    for turn in range(workers - 1):
        seat.to_next.send_bytes(parts[(seat.number - turn) % workers].data)
        parts[(seat.number - turn - 1) % workers] += np.frombuffer(seat.from_last.recv_bytes())
    for turn in range(workers - 1):
        seat.to_next.send_bytes(parts[(seat.number + 1 - turn) % workers].data)
        parts[(seat.number - turn) % workers][:] = np.frombuffer(seat.from_last.recv_bytes())
    flat /= workers
    ends = np.cumsum([block.size for block in gradient.values()])
    cut = np.split(flat, ends[:-1])
    return {name: part.reshape(block.shape) for (name, block), part in zip(gradient.items(), cut, strict=True)}
