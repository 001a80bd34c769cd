"""The processes that serve a funnel: started, watched, started anew where one dies, and ended."""

import multiprocessing as mp
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import zmq

from simulator.costs.measure import interrupts_ignored
from simulator.errors import SimulatorError
from simulator.scenario.ranker_names import is_own
from simulator.serving.broker import Broker, WorkerId
from simulator.serving.calls import MOST_ITEMS, Work, trained
from simulator.serving.funnel import Funnel, cores
from simulator.serving.worker import work_until_alone

__all__ = ["Fleet", "fleet"]

CAN_PLACE = hasattr(os, "sched_setaffinity")
START_S = 60.0
GRACE_S = 2.0
LOOK_S = 0.05
RARELY = 1e-4
"""Share of queries that bring more candidates than a worker has documents, where their number varies."""
HEIRS = 5
"""How often a worker is started anew before its ranker is taken to be what kills it."""


class Fleet:
    """A broker and its workers' processes.

    Attributes
    ----------
    funnel, broker
        What is served, and by whom.
    """

    def __init__(self, funnel: Funnel, broker: Broker, address: str, allowed: list[int]) -> None:
        self.funnel, self.broker = funnel, broker
        self._address, self._seed, self._looked = address, funnel.scenario.seed, 0.0
        self._rankers = trained(funnel.stages, self._seed)
        self._processes: dict[WorkerId, SpawnProcess] = {}
        self._deaths: dict[WorkerId, int] = {}
        self._cores = _places(list(broker.workers), allowed)

    def start(self) -> None:
        """Start every worker and wait until all are there.

        Raises
        ------
        SimulatorError
            Where one dies, or is not there after a minute.
        """
        for name in self.broker.workers:
            self._start(name)
        began = time.perf_counter()
        while not self.broker.all_ready:
            self.broker.turn(time.perf_counter() + LOOK_S)
            ended = [one for one in self._processes.values() if not one.is_alive()]
            if ended or time.perf_counter() - began > START_S:
                how = f"ended with exit code {ended[0].exitcode}" if ended else f"is not there after {START_S:g} s"
                raise SimulatorError(f"a worker {how}; is there enough memory?")

    def look_after(self) -> None:
        """Start anew what died; looks at most every 50 ms."""
        now = time.perf_counter()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        for name, process in list(self._processes.items()):
            if process.is_alive():
                continue
            self._deaths[name] = self._deaths.get(name, 0) + 1
            if self._deaths[name] > HEIRS:
                stage = self.funnel.stages[name[0]].name
                raise SimulatorError(
                    f"funnel.{stage}: its worker died {self._deaths[name]} times (exit code {process.exitcode}); try "
                    "its ranker with `simulator calibrate`"
                )
            self.broker.lost(name)
            self._start(name)

    def stop(self) -> None:
        """End every worker."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.join(GRACE_S)
            if process.is_alive():
                process.kill()
                process.join()

    @property
    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [process.pid for process in self._processes.values() if process.pid is not None]

    def _start(self, name: WorkerId) -> None:
        """Start one worker."""
        s, shard, _, _ = name
        stage = self.funnel.stages[s]
        most = self.funnel.candidates.quantile(np.array(1 - RARELY), np.array(RARELY))
        entering = round(min(float(most), MOST_ITEMS))
        own = max(1, -(-entering // stage.shards)) if s == 0 else max(1, entering)
        ranker = None if stage.ranker is None or is_own(stage.ranker) else self._rankers.get(stage.ranker)
        work = Work(stage, shard, own, ranker, self._seed)
        arguments = (work, self._address, self.broker.workers[name], self._cores[name])
        process = mp.get_context("spawn").Process(target=work_until_alone, args=arguments, daemon=True)
        process.start()
        self._processes[name] = process


@contextmanager
def fleet(funnel: Funnel) -> Iterator[Fleet]:
    """Serve `funnel` while the body runs; whatever ends the body ends the workers too.

    Raises
    ------
    SimulatorError
        Where a worker cannot be started.
    """
    folder = tempfile.mkdtemp(prefix="simulator-")
    with _first_core() as allowed, zmq.Context() as context:
        if CAN_PLACE and os.sched_getscheduler(0) != os.SCHED_OTHER:
            context.set(zmq.THREAD_SCHED_POLICY, os.SCHED_RR)
            context.set(zmq.THREAD_PRIORITY, 1)
        with context.socket(zmq.ROUTER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SNDHWM, 0)
            socket.setsockopt(zmq.ROUTER_HANDOVER, 1)  # an heir takes its forerunner's name
            address = f"ipc://{Path(folder) / 'broker'}"
            socket.bind(address)
            spins = funnel.processes < len(allowed)
            broker = Broker(funnel.stages, socket, funnel.scenario.seed, spins=spins)
            running = Fleet(funnel, broker, address, allowed)
            try:
                with interrupts_ignored():
                    running.start()
                yield running
            finally:
                running.stop()
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _first_core() -> Iterator[list[int]]:
    """Keep this process on the first core, before others there where that is allowed; yields the cores there are.

    Threads that are started meanwhile stay there too. Children are not put before others.
    """
    allowed = cores()
    if not CAN_PLACE:
        yield allowed
        return
    if len(allowed) > 1:
        os.sched_setaffinity(0, {allowed[0]})
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield allowed
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, allowed)


def _places(names: list[WorkerId], allowed: list[int]) -> dict[WorkerId, int | None]:
    """Return the core of each worker: from the last down, as the broker is on the first; any where there is but one."""
    if len(allowed) == 1 or not CAN_PLACE:
        return dict.fromkeys(names)
    return {name: allowed[-1 - i % len(allowed)] for i, name in enumerate(names)}
