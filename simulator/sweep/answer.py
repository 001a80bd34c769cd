"""A sweep from its journal to its last cell."""

from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from simulator.engine.replications import Progress
from simulator.errors import Interrupted
from simulator.sweep.cells import Sweep
from simulator.sweep.executors import by_dask, by_processes
from simulator.sweep.journal import Journal

__all__ = ["JOURNAL", "Swept", "run_sweep"]

JOURNAL = "journal.jsonl"


class Swept(NamedTuple):
    """The row of each measured cell, by key in the order of the cells; how many the journal held before."""

    rows: dict[str, dict[str, Any]]
    resumed: int


def run_sweep(
    sweep: Sweep, place: Path, workers: int, dask: str | None = None, on_progress: Progress = lambda *_: None
) -> Swept:
    """Return the row of every cell, from the journal in `place` where it holds it.

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
    Interrupted
        On Ctrl-C, with the rows by then.
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
        try:
            with closing(measured):
                for done, (cell, row) in enumerate(measured, known + 1):
                    journal.add(cell.key, row)
                    on_progress(done, len(sweep.cells))
        except KeyboardInterrupt as interrupt:
            raise Interrupted(Swept(_in_order(sweep, journal), known)) from interrupt
    journal.tidy(cell.key for cell in sweep.cells)
    return Swept(_in_order(sweep, journal), known)


def _in_order(sweep: Sweep, journal: Journal) -> dict[str, dict[str, Any]]:
    """Return the rows that a journal holds of a sweep, in the order of the cells."""
    return {cell.key: journal.rows[cell.key] for cell in sweep.cells if cell.key in journal.rows}
