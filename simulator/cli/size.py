"""`simulator size`: the cheapest shards, replicas and workers that meet the SLA, with headroom and losses if asked."""

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

__all__ = ["size"]


def size(
    file: File,
    headroom: Annotated[
        str, typer.Option("--headroom", metavar="SHARE", help="Load to bear on top of the SLA's, as in 30%.")
    ] = "0%",
    survive: Annotated[
        int, typer.Option("--survive", metavar="N", help="Replicas of every shard that any one stage may lose.")
    ] = 0,
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
    """Find the cheapest shards, replicas and workers under the SLA."""
    start_clock(time_limit)
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it

    share = _share(headroom)
    if survive < 0:
        raise _refusal("--survive", "a whole number of at least 0", str(survive))
    overrides = all_overrides(set_, seed, replications)
    scenario = load_scenario(file, overrides, allow_path)

    from simulator.capacity.size import (  # loads Numba, so only once the scenario is known to be good
        SizeAnswer,
        find_size,
    )
    from simulator.engine.replications import ENGINES
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    if out is not None:
        check_writable(out)
    with progress("simulations", quiet=quiet or json) as on_progress:
        answer = so_far(SizeAnswer, lambda: find_size(scenario, engine, share, survive, on_progress))
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.size_document import size_document  # one of two forms is loaded

        show_json(size_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.size_table import size_tables  # one of two forms is loaded

        show(size_tables(answer), out)
    if not answer.complete:
        raise KeyboardInterrupt
    raise typer.Exit(0 if answer.winner else 3)


def _share(text: str) -> float:
    """Return the share that --headroom gives."""
    from simulator.units import parse_share

    try:
        share = parse_share(text)
    except ValueError as error:
        raise _refusal("--headroom", "a share such as 30% or 0.3", repr(text)) from error
    if not 0 <= share <= 100:
        raise _refusal("--headroom", "a share from 0% to 10,000%", repr(text))
    return share


def _refusal(option: str, expected: str, got: str) -> Exception:
    """Return the error of an option's value."""
    from simulator.errors import InputError

    return InputError(f"{option}: expected {expected}, got {got}")
