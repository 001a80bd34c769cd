"""`simulator capacity`: the largest load at which the objectives hold, and what limits it."""

from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from simulator.capacity.answer import PartOfCapacity

__all__ = ["capacity"]


def capacity(
    file: File,
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
    """Find the maximum QPS under the SLA and what limits it."""
    start_clock(time_limit)
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it
    from simulator.scenario.work import CAPACITY_RUNS, check_work, parse_requests, requests_of

    overrides = all_overrides(set_, seed, replications)
    scenario = load_scenario(file, overrides, allow_path)
    check_work(requests_of(scenario, CAPACITY_RUNS), parse_requests(max_requests))

    from simulator.capacity.answer import PartOfCapacity, find_capacity  # loads Numba: once the scenario is known good
    from simulator.engine.replications import ENGINES
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    if out is not None:
        check_writable(out)
    with progress("capacity", quiet=quiet or json) as on_progress:
        answer = so_far(PartOfCapacity, lambda: find_capacity(scenario, engine, on_progress))
    if isinstance(answer, PartOfCapacity):
        _show_part(answer, overrides, json=json, out=out)
        raise KeyboardInterrupt
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.document import capacity_document  # one of two forms is loaded

        show_json(capacity_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.capacity_table import capacity_tables  # one of two forms is loaded

        show(capacity_tables(answer), out)
    raise typer.Exit(3 if answer.maximum.outcome == "never" else 0)


def _show_part(part: "PartOfCapacity", overrides: list[str], *, json: bool, out: Path | None) -> None:
    """Print what a search had found when it was ended."""
    from rich.text import Text

    from simulator.report.capacity_table import part_sentence
    from simulator.report.document import part_document

    if json:
        show_json(part_document(part, overrides_by_path(overrides)), out)
    else:
        show(Text(part_sentence(part), style="bold"), out)
