"""`simulator run`: latency at the scenario's own load, and whether the objectives hold."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import check_choice, progress, show, show_json, warn
from simulator.cli.options import (
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

if TYPE_CHECKING:
    from simulator.capacity.run_answer import RunAnswer
    from simulator.capacity.sampling import Until
    from simulator.scenario.model import Scenario

__all__ = ["exit_code_of", "run"]


def run(  # noqa: PLR0913  one parameter an option
    file: File,
    set_: Set = [],  # noqa: B006  typer never changes it
    seed: Seed = None,
    replications: Replications = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SHARE", help="Add replications until the p99 is known to this, as in 2%."),
    ] = None,
    max_replications: Annotated[int, typer.Option("--max-replications", help="The budget of --until.")] = 500,
    max_requests: MaxRequests = "1e12",
    engine: Engine = "compiled",
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Simulate a scenario at its load: latency, stages, verdicts."""
    from simulator.scenario.load import load_scenario  # heavy, and only this command needs it
    from simulator.scenario.work import check_work, parse_requests, requests_of

    overrides = all_overrides(set_, seed, replications)
    scenario = load_scenario(file, overrides)
    check_work(requests_of(scenario), parse_requests(max_requests))

    from simulator.engine.replications import ENGINES  # loads Numba, so only once the scenario is known to be good
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    if out is not None:
        check_writable(out)  # better before long work than after it
    answer = _run(scenario, engine, _until(until, max_replications), quiet=quiet or json)
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.document import run_document  # one of two forms is loaded

        show_json(run_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.tables import run_tables  # one of two forms is loaded

        show(run_tables(answer), out)
    if answer.interrupted:
        raise KeyboardInterrupt
    raise typer.Exit(exit_code_of(answer.verdict, saturated=bool(answer.saturated)))


def _run(scenario: "Scenario", engine: str, until: "Until | None", *, quiet: bool) -> "RunAnswer":
    """Return the answer, after Ctrl-C that of what was simulated by then."""
    from simulator.capacity.run import run_scenario  # Numba takes half a second to load
    from simulator.capacity.run_answer import RunAnswer
    from simulator.engine.replications import Interrupted

    try:
        with progress("replications", quiet=quiet) as on_progress:
            return run_scenario(scenario, engine, on_progress, until)
    except Interrupted as interrupt:
        if not isinstance(interrupt.found, RunAnswer):
            raise
        return interrupt.found


def _until(share: str | None, most: int) -> "Until | None":
    """Return when --until says to stop adding replications."""
    from simulator.capacity.sampling import Until
    from simulator.errors import InputError
    from simulator.units import parse_share

    if share is None:
        return None
    try:
        wanted = parse_share(share)
    except ValueError as error:
        raise InputError(f"--until: expected a share such as 2%, got {share!r}") from error
    if not 0 < wanted < 1:
        raise InputError(f"--until: expected a share above 0% and below 100%, got {share}")
    return Until(wanted, most)


def exit_code_of(verdict: str, *, saturated: bool) -> int:
    """Return 0 met, 3 missed, 4 inconclusive or saturated."""
    return 4 if saturated else {"met": 0, "missed": 3, "inconclusive": 4}[verdict]
