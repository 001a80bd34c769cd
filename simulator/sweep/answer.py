"""A sweep from its journal to its last cell."""

from pathlib import Path
from typing import Any

from simulator.engine.replications import Progress
from simulator.sweep.cells import Sweep
from simulator.sweep.executors import by_dask, by_processes
from simulator.sweep.journal import Journal

__all__ = ["JOURNAL", "run_sweep"]

JOURNAL = "journal.jsonl"


def run_sweep(
    sweep: Sweep, place: Path, workers: int, dask: str | None = None, on_progress: Progress = lambda *_: None
) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the row of each cell by key, and how many of them the journal in `place` held already.

    Parameters
    ----------
    workers
        Processes, here or of a local Dask cluster; the rows are the same for any number.
    dask
        The address of a scheduler, or "local"; processes of this machine unless given.

    Raises
    ------
    InputError, OutputError
        If the journal cannot be read or written, or the workers or the scheduler go away; what is done is kept.
    """
    with Journal(place / JOURNAL) as journal:
        missing = [cell for cell in sweep.cells if cell.key not in journal.rows]
        known = len(sweep.cells) - len(missing)
        measured = (
            by_dask(missing, sweep.asked.measure, dask, workers)
            if dask
            else by_processes(missing, sweep.asked.measure, workers)
        )
        on_progress(known, len(sweep.cells))
        for done, (cell, row) in enumerate(measured, known + 1):
            journal.add(cell.key, row)
            on_progress(done, len(sweep.cells))
    journal.tidy(cell.key for cell in sweep.cells)
    return {cell.key: journal.rows[cell.key] for cell in sweep.cells}, known
