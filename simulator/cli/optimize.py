"""`simulator optimize`: the designs among which quality, p99 and cost can only be traded."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import check_choice, progress, show, show_json, warn
from simulator.cli.options import (
    AllowPath,
    Engine,
    File,
    Json,
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

__all__ = ["optimize"]


def optimize(
    file: File,
    trials: Annotated[
        int | None, typer.Option("--trials", metavar="N", min=1, help="Designs to simulate, instead of the scenario's.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="Where trials are kept, to go on after Ctrl-C; the user's cache unless given."),
    ] = None,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    replications: Replications = None,
    engine: Engine = "compiled",
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Find the designs that trade quality, p99 and cost best."""
    start_clock(time_limit)
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it

    overrides = all_overrides(set_, seed, replications)
    scenario = load_scenario(file, overrides, allow_path)

    from simulator.capacity.optimize import (  # loads Numba, so only once the scenario is known to be good
        OptimizeAnswer,
        journal_of,
    )
    from simulator.capacity.optimize import optimize as find_frontier
    from simulator.engine.replications import ENGINES
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    if out is not None:
        check_writable(out)
    place = journal or journal_of(scenario)
    with progress("designs", quiet=quiet or json) as on_progress:
        answer = so_far(OptimizeAnswer, lambda: find_frontier(scenario, engine, trials, place, on_progress))
    if not answer.complete:
        warn([f"interrupted: what was simulated is kept in {place}; the same command goes on"], quiet=quiet)
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.optimize_document import optimize_document  # one of two forms is loaded

        show_json(optimize_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.optimize_table import optimize_tables  # one of two forms is loaded

        show(optimize_tables(answer), out)
    if not answer.complete:
        raise KeyboardInterrupt
    raise typer.Exit(_exit_code([point.run.verdict for point in answer.points]))


def _exit_code(verdicts: list[str]) -> int:
    """Return 0 if a point meets the SLA, 3 if none does, 4 if that is undecided or there is no point."""
    return next((code for verdict, code in (("met", 0), ("inconclusive", 4), ("missed", 3)) if verdict in verdicts), 4)
