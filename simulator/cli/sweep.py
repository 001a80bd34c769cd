"""`simulator sweep`: a grid of scenarios, on all cores or a cluster, resumable."""

import os
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import Json, MaxRequests, Quiet
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock

__all__ = ["sweep"]

Grid = Annotated[Path, typer.Argument(metavar="GRID", help="The sweep, a YAML file.", show_default=False)]
Place = Annotated[Path, typer.Option("--out", "-o", help="The folder that gets one folder a sweep.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Processes; as many as there are cores unless given.")]
Dask = Annotated[
    str | None, typer.Option("--dask", metavar="ADDRESS|local", help="Measure on this Dask cluster (extra dask).")
]


def sweep(
    grid: Grid,
    out: Place = Path("sweeps"),
    workers: Workers = None,
    dask: Dask = None,
    max_requests: MaxRequests = "1e13",
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go through a grid of scenarios, resumable, on cores or a cluster."""
    start_clock(time_limit)
    from simulator.errors import InputError
    from simulator.report.files import make_folder
    from simulator.scenario.work import parse_requests
    from simulator.sweep.cells import load_sweep  # heavy, and only some commands need it

    if workers is not None and workers < 1:
        raise InputError(f"--workers: expected at least 1, got {workers}")
    found = load_sweep(grid, parse_requests(max_requests))

    from simulator.report.text_table import Said, printed_answer
    from simulator.scenario.model import Study
    from simulator.sweep.answer import Swept, run_sweep
    from simulator.sweep.results import (
        effects_table,
        is_complete,
        results_document,
        sweep_sentence,
        write_results,
    )

    place = out / found.asked.name
    make_folder(place)
    with progress(found.asked.name, quiet=quiet or json) as on_progress:
        rows, resumed = so_far(
            Swept, lambda: run_sweep(found, place, workers or os.cpu_count() or 1, dask, on_progress)
        )
    complete = is_complete(found, rows)
    paths = write_results(found, rows, place) if complete else []
    if json:
        show_json(results_document(found, rows))
    else:
        cells = f"{len(rows):,} cells" if complete else f"{len(rows):,} of {len(found.cells):,} cells"
        effort = cells + (f", {resumed:,} of them found in the journal" if resumed else "")
        study = Study(name=found.asked.name, question=found.asked.question)
        said = Said(study, sweep_sentence(found, rows), effort, (), [effects_table(found, rows)], complete)
        show(printed_answer(said))
        for path in paths:
            typer.echo(path)
    if not complete:
        warn([f"what is done is kept in {place}: call the same sweep again to go on"], quiet=quiet)
        raise KeyboardInterrupt
