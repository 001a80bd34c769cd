"""`simulator run`: latency at the scenario's own load, and whether the objectives hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from simulator.capacity.quality import Quality
    from simulator.capacity.run_answer import RunAnswer
    from simulator.capacity.sampling import Until
    from simulator.scenario.model import Scenario

__all__ = ["check_judged", "exit_code_of", "judge", "run"]


def run(
    file: File,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    replications: Replications = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SHARE", help="Add replications until the p99 is known to this, as in 2%."),
    ] = None,
    max_replications: Annotated[int, typer.Option("--max-replications", help="The budget of --until.")] = 500,
    quality: Annotated[
        bool, typer.Option("--quality/--no-quality", help="Whether to judge what a funnel of trained rankers finds.")
    ] = True,
    max_requests: MaxRequests = "1e11",
    engine: Engine = "compiled",
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
    hgrm: Annotated[
        Path | None, typer.Option("--hgrm", help="Write the latencies for HdrHistogram's plotters.")
    ] = None,
    openmetrics: Annotated[Path | None, typer.Option("--openmetrics", help="Write the run as OpenMetrics.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the verdicts as JUnit XML.")] = None,
    trace_events: Annotated[
        Path | None, typer.Option("--trace-events", help="Write queries of one replication for chrome://tracing.")
    ] = None,
) -> None:
    """Simulate a scenario at its load: latency, stages, verdicts."""
    start_clock(time_limit)
    from simulator.scenario.load import load_scenario  # heavy, and only this command needs it
    from simulator.scenario.work import check_work, parse_requests, requests_of

    overrides = all_overrides(set_, seed, replications)
    scenario = load_scenario(file, overrides, allow_path)
    check_work(requests_of(scenario), parse_requests(max_requests))

    from simulator.engine.replications import ENGINES  # loads Numba, so only once the scenario is known to be good
    from simulator.report.files import check_writable

    check_choice("--engine", engine, ENGINES)
    kinds = {"hgrm": hgrm, "openmetrics": openmetrics, "junit": junit, "trace_events": trace_events}
    asked = {kind: path for kind, path in kinds.items() if path is not None}
    for path in (out, *asked.values()):
        if path is not None:
            check_writable(path)  # better before long work than after it
    if quality:
        check_judged(scenario, quiet=quiet or json)
    answer = _run(scenario, engine, _until(until, max_replications), quiet=quiet or json)
    warn(answer.warnings, quiet=quiet)
    found = judge(answer, quiet=quiet or json) if quality and answer.complete else None
    if json:
        from simulator.report.document import run_document  # one of two forms is loaded

        show_json(run_document(answer, overrides_by_path(overrides), found), out)
    else:
        from simulator.report.quality_text import quality_tables  # one of two forms is loaded
        from simulator.report.tables import run_tables

        show(run_tables(answer, quality_tables(found, answer.scenario) if quality else []), out)
    _export(answer, asked)
    if not answer.complete:
        raise KeyboardInterrupt
    raise typer.Exit(exit_code_of(answer.verdict, saturated=bool(answer.saturated)))


def _export(answer: "RunAnswer", asked: dict[str, Path]) -> None:
    """Write a run in the formats of other tools, by their names, to the paths asked."""
    if not asked:
        return
    from simulator.report import exports  # only where something is written
    from simulator.report.files import write_text

    for kind, path in asked.items():
        write_text(path, getattr(exports, f"{kind}_text")(answer))


def _run(scenario: "Scenario", engine: str, until: "Until | None", *, quiet: bool) -> "RunAnswer":
    """Return the answer, after Ctrl-C that of what was simulated by then."""
    from simulator.capacity.run import run_scenario  # Numba takes half a second to load
    from simulator.capacity.run_answer import RunAnswer

    with progress("replications", quiet=quiet) as on_progress:
        return so_far(RunAnswer, lambda: run_scenario(scenario, engine, on_progress, until))


def check_judged(scenario: "Scenario", *, quiet: bool) -> None:
    """Raise InputError where the quality that the scenario's own section asks for cannot be had."""
    if "quality" not in scenario.model_fields_set:
        return
    from simulator.capacity.judged import check_quality  # loads the rankers, and not every funnel has any

    with progress("quality: the log is read", quiet=quiet):
        check_quality(scenario)


def judge(answer: "RunAnswer", *, quiet: bool) -> "Quality | None":
    """Return the quality of the funnel that was simulated, None where it has none; the first time trains rankers."""
    from simulator.capacity.judged import has_quality  # loads the rankers, and not every funnel has any
    from simulator.capacity.quality import quality_of_run

    if not has_quality(answer.scenario):
        return None
    with progress("quality: the rankers are trained once", quiet=quiet):
        return quality_of_run(answer)


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
