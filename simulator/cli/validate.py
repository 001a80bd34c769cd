"""`simulator validate`: predicted against measured, by real processes on this machine or by a log of production."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import AllowPath, Json, Out, Quiet, Seed, Set, all_overrides, overrides_by_path, seconds_of
from simulator.cli.so_far import so_far
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.scenario.model import Scenario
    from simulator.serving.validation import Validation

__all__ = ["validate"]

MOST_LOAD = 2.0
CODES = {"met": 0, "missed": 3, "inconclusive": 4}


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenarios.", show_default=False)],
    duration: Annotated[str, typer.Option("--duration", help="How long each is loaded, as in 60s or 5min.")] = "60s",
    loads: Annotated[str, typer.Option("--loads", help="Shares of what the processes can do.")] = "20%,40%,60%,80%,85%",
    repeats: Annotated[int, typer.Option("--repeats", help="How often each load is offered.", min=1, max=100)] = 3,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="A log with columns arrival, latency, candidates to be held against instead."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a page of Markdown with plots here.")] = None,
    profile: Annotated[
        Path | None, typer.Option("--profile", help="Write what the rankers cost while they served to this profile.")
    ] = None,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Serve scenarios for real, and compare with the prediction."""
    from simulator.report.files import check_writable, write_text  # only where something is written
    from simulator.scenario.load import load_scenario

    overrides = all_overrides(set_, seed)
    if json and len(files) > 1:
        raise InputError(f"--json: expected one scenario, as it prints one document, got {len(files)}")
    scenarios = [load_scenario(file, overrides, allow_path) for file in files]
    if profile and len(files) > 1:
        raise InputError(f"--profile: expected one scenario, got {len(files)}")
    for path in filter(None, (out, report, profile)):
        check_writable(path)
    if trace is not None:
        _replay(trace, scenarios[0], overrides, json=json, out=out)
        return
    seconds, shares = seconds_of("--duration", duration), _shares(loads)

    from simulator.serving.extra import check_extra  # ZeroMQ is an extra

    check_extra()
    from simulator.serving.validate import validate as served
    from simulator.serving.validation import Validation

    answers = []
    for scenario in scenarios:
        with progress(f"{scenario.name}: loads", quiet=quiet or json) as on_progress:
            answer = so_far(Validation, partial(served, scenario, seconds, shares, repeats, on_progress))
        _show(answer, overrides, json=json, quiet=quiet, out=out)
        if not answer.complete:
            raise KeyboardInterrupt
        answers.append(answer)
    if profile is not None:
        from simulator.serving.profile_of import profile_of

        write_text(profile, profile_of(answers[0], profile.stem).as_text())
    if report is not None:
        from simulator.report.validate_report import write_validation  # loads matplotlib

        settings = f" --duration {duration} --loads {loads} --repeats {repeats}"
        names = " ".join(map(str, files))
        write_validation(answers, report, f"simulator validate {names}{settings} --report {report}")
    raise typer.Exit(max(CODES[answer.verdict] for answer in answers))


def _shares(text: str) -> tuple[float, ...]:
    """Return loads, rising."""
    from simulator.units import parse_share

    try:
        found = sorted({parse_share(part.strip()) if "%" in part else float(part) for part in text.split(",")})
    except ValueError as error:
        raise InputError(f"--loads: expected shares such as 20%,50%,80%, got {text!r}") from error
    if not found or found[0] <= 0 or found[-1] > MOST_LOAD:
        raise InputError(f"--loads: expected shares above 0% and up to {MOST_LOAD:.0%}, got {text}")
    return tuple(found)


def _show(answer: "Validation", overrides: list[str], *, json: bool, quiet: bool, out: Path | None) -> None:
    """Print one validation."""
    from simulator.report.text_table import printed_answer
    from simulator.report.validate_document import validate_document
    from simulator.report.validate_text import validate_said, warnings_of

    warn(warnings_of(answer), quiet=quiet)
    if json:
        show_json(validate_document(answer, overrides_by_path(overrides)), out)
    else:
        show(printed_answer(validate_said(answer)), out)


def _replay(trace: Path, scenario: "Scenario", overrides: list[str], *, json: bool, out: Path | None) -> None:
    """Print what was predicted for a log."""
    from simulator.report.text_table import printed_answer
    from simulator.report.validate_document import replay_document
    from simulator.report.validate_text import replay_said
    from simulator.serving.replay import read_log, replay

    answer = replay(scenario, read_log(trace))
    if json:
        show_json(replay_document(answer, overrides_by_path(overrides)), out)
    else:
        show(printed_answer(replay_said(answer)), out)
