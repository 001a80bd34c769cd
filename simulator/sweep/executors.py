"""Where the cells of a sweep are measured: in processes of this machine, or on the workers of a Dask cluster."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from typing import Any

from simulator.errors import InputError, OutputError
from simulator.sweep.cells import SweepCell
from simulator.sweep.measure import measure

__all__ = ["by_dask", "by_processes"]

Found = tuple[SweepCell, dict[str, Any]]
AHEAD = 4
"""Cells handed out a worker before any is back: enough that none waits, few enough to stop soon."""

SECONDS = 10
"""How long to wait for a Dask scheduler to answer."""


def by_processes(cells: Iterable[SweepCell], what: str, workers: int) -> Generator[Found]:
    """Yield cells with their rows as they are done, in `workers` processes.

    Raises
    ------
    OutputError
        If a process is killed.
    """
    context = multiprocessing.get_context("spawn")
    waiting = iter(cells)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        running = {pool.submit(measure, cell.scenario, what): cell for cell in islice(waiting, AHEAD * workers)}
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    cell = running.pop(future)
                    yield cell, future.result()
                    for following in islice(waiting, 1):
                        running[pool.submit(measure, following.scenario, what)] = following
        except BrokenProcessPool as error:
            raise OutputError("a worker process was killed; what is done is kept: call the same sweep again") from error
        finally:
            if running:  # who stops early waits for no cell; what is done is in the journal
                for process in multiprocessing.active_children():
                    process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """Begin a worker process: it leaves Ctrl-C to the process that started it, and ends when that is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process once its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def by_dask(cells: Iterable[SweepCell], what: str, address: str, workers: int) -> Generator[Found]:
    """Yield cells with their rows as they are done, on the Dask cluster at `address`; "local" starts one here.

    Raises
    ------
    InputError
        If the extra is not installed, or no scheduler answers there.
    OutputError
        If the scheduler goes away.
    """
    try:
        from distributed import Client, LocalCluster, as_completed  # an extra, and only asked for by --dask
    except ImportError as error:
        raise InputError("--dask: needs an extra; pip install 'capacity-simulator[dask]'") from error
    cluster = None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said once, by us
    try:
        cluster = (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            if address == "local"
            else None
        )
        client = Client(cluster or address, timeout=SECONDS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--dask {address}: no scheduler answers there ({error}); start one with dask scheduler"
        ) from error
    try:
        by_key = {cell.key: cell for cell in cells}
        futures = [client.submit(measure, cell.scenario, what, key=key) for key, cell in by_key.items()]
        done = as_completed(futures, raise_errors=False)
        for future in done:
            if future.status != "finished":
                raise OutputError(
                    f"--dask {address}: the scheduler or a worker is gone ({future.status}); what is done is kept: "
                    "call the same sweep again, with another address if need be"
                )
            yield by_key[future.key], future.result()
    finally:
        for one in (client, cluster):
            with suppress(TimeoutError, OSError):  # where the scheduler is gone there is nobody to say goodbye to
                if one is not None:
                    one.close(timeout=SECONDS)
