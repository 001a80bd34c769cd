"""`simulator compare`: a grid of settings side by side, and which row is best."""

from typing import Annotated

import typer

from simulator.cli.console import check_choice, progress, show, show_json, warn
from simulator.cli.options import (
    AllowPath,
    Engine,
    File,
    Json,
    MaxRequests,
    Out,
    Quiet,
    Replications,
    Seed,
    Set,
    all_overrides,
    overrides_by_path,
)
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock

__all__ = ["compare"]

Vary = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="PATH=V1,V2,...",
        help="What to vary, as in funnel.retrieve.shards=10,20. Repeatable: a grid. Several together: "
        "funnel.retrieve.shards,replicas=6x1,3x2.",
    ),
]


def compare(
    file: File,
    vary: Vary = [],
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    replications: Replications = None,
    max_requests: MaxRequests = "1e11",
    engine: Engine = "compiled",
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Compare settings, shard counts above all, and name the best."""
    start_clock(time_limit)
    from simulator.scenario.grid import ROW_RUNS, load_grid  # heavy, and only some commands need it
    from simulator.scenario.work import check_work, parse_requests, requests_of

    overrides = all_overrides(set_, seed, replications)
    grid = load_grid(file, overrides, vary, allow_path)
    work = sum(requests_of(cell.scenario, ROW_RUNS) for cell in grid.cells)
    check_work(work, parse_requests(max_requests))

    from simulator.capacity.compare import Comparison  # loads Numba, so only once the grid is known good
    from simulator.capacity.compare import compare as compare_rows
    from simulator.cli.run import exit_code_of
    from simulator.engine.replications import ENGINES
    from simulator.report.compare_sentence import compare_warnings
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    if out is not None:
        check_writable(out)
    with progress("replications", quiet=quiet or json) as on_progress:
        comparison = so_far(Comparison, lambda: compare_rows(grid, engine, on_progress))
    if not comparison.complete:
        warn([f"interrupted: these are {len(comparison.rows):,} of {len(grid.cells):,} rows"], quiet=quiet)
    warn(compare_warnings(comparison), quiet=quiet)
    if json:
        from simulator.report.compare_document import compare_document  # one of two forms is loaded

        show_json(compare_document(comparison, overrides_by_path(overrides)), out)
    else:
        from simulator.report.compare_table import compare_tables  # one of two forms is loaded

        show(compare_tables(comparison), out)
    if not comparison.complete:
        raise KeyboardInterrupt
    raise typer.Exit(exit_code_of(comparison.verdict, saturated=False))
