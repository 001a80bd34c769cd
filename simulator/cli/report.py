"""`simulator report`: everything a scenario's sections ask, as HTML, Markdown, JSON, CSV and plots."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.console import check_choice, progress, warn
from simulator.cli.options import (
    AllowPath,
    Engine,
    MaxRequests,
    Quiet,
    Replications,
    Seed,
    Set,
    all_overrides,
    overrides_by_path,
)
from simulator.cli.run import check_judged, exit_code_of, judge
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.capacity.optimize import OptimizeAnswer
    from simulator.capacity.run_answer import RunAnswer
    from simulator.report.section import StudySection
    from simulator.scenario.grid import Grid
    from simulator.scenario.model import Scenario, Study

__all__ = ["report"]


def report(
    files: Annotated[list[Path], typer.Argument(metavar="FILE ...", help="Scenarios.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder that gets one folder a scenario.")] = Path(
        "reports"
    ),
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    replications: Replications = None,
    max_requests: MaxRequests = "1e11",
    engine: Engine = "compiled",
    time_limit: TimeLimit = None,
    quiet: Quiet = False,
    compare_to: Annotated[
        Path | None, typer.Option("--compare-to", metavar="OLD.json", help="Say what changed since this report.json.")
    ] = None,
) -> None:
    """Write reports: a page, Markdown, JSON, CSV and plots."""
    start_clock(time_limit)
    from simulator.scenario.grid import ROW_RUNS, load_grid  # heavy, and only some commands need it
    from simulator.scenario.load import load_study
    from simulator.scenario.model import Scenario
    from simulator.scenario.work import CAPACITY_RUNS, check_work, parse_requests, requests_of

    overrides = all_overrides(set_, seed, replications)
    studies = [load_study(file, overrides, allow_path) for file in files]
    grids = [
        load_grid(file, overrides, allow_path=allow_path) if isinstance(study, Scenario) and study.compare else None
        for file, study in zip(files, studies, strict=True)
    ]
    for study, grid in zip(studies, grids, strict=True):
        rows = sum(requests_of(cell.scenario, ROW_RUNS) for cell in grid.cells) if grid else 0.0
        own = requests_of(study, CAPACITY_RUNS + 1) if isinstance(study, Scenario) else 0.0
        check_work(own + rows, parse_requests(max_requests))

    from simulator.engine.replications import ENGINES
    from simulator.errors import InputError
    from simulator.report.files import make_folder

    check_choice("--engine", engine, ENGINES)
    for study in studies:
        if isinstance(study, Scenario):
            check_judged(study, quiet=quiet)
    names = [study.name for study in studies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"FILE: expected scenarios of different names, got {', '.join(twice)} twice; rename one")
    earlier = _earlier(compare_to, studies)
    make_folder(out)
    paths = overrides_by_path(overrides)
    codes = [
        _report_one(study, (grid, earlier), out, engine, paths, quiet=quiet)
        if isinstance(study, Scenario)
        else _report_study(study, out, paths, quiet=quiet)
        for study, grid in zip(studies, grids, strict=True)
    ]
    raise typer.Exit(max(codes))


def _earlier(path: Path | None, studies: "list[Study]") -> dict[str, Any] | None:
    """Return the earlier document to compare with, which has to be of the one scenario that is reported."""
    from simulator.errors import InputError
    from simulator.report.changes import read_earlier
    from simulator.scenario.model import Scenario

    if path is None:
        return None
    found = read_earlier(path)
    if len(studies) > 1 or not isinstance(studies[0], Scenario) or found["scenario"] != studies[0].name:
        names = ", ".join(study.name for study in studies)
        raise InputError(f"--compare-to {path}: expected the scenario {found['scenario']} alone, got {names}")
    return found


def _report_one(
    scenario: "Scenario",
    beside: "tuple[Grid | None, dict[str, Any] | None]",
    out: Path,
    engine: str,
    overrides: dict[str, str],
    *,
    quiet: bool,
) -> int:
    """Write one scenario's report, say where and what it answers, and return its exit code.

    `beside` are the grid that it compares, and the earlier document to say what changed since.
    """
    from simulator.capacity.answer import find_capacity  # loads Numba, so only once the scenarios are known to be good
    from simulator.capacity.compare import compare
    from simulator.capacity.run import run_scenario
    from simulator.capacity.run_answer import RunAnswer
    from simulator.capacity.search import has_maximum
    from simulator.report.build import Beside, write_report
    from simulator.report.compare_sentence import compare_sentence, compare_warnings
    from simulator.report.sentence import answer_sentence

    grid, earlier = beside
    capacity = comparison = None
    with progress(scenario.name, quiet=quiet) as on_progress:
        answer = so_far(RunAnswer, lambda: run_scenario(scenario, engine, on_progress))
    warn(answer.warnings, quiet=quiet)
    code = exit_code_of(answer.verdict, saturated=bool(answer.saturated))
    with _told_when_ended(answer, out):
        if has_maximum(scenario):
            with progress(f"{scenario.name}: capacity", quiet=quiet) as on_progress:
                capacity = find_capacity(scenario, engine, on_progress)
        if grid is not None:
            with progress(f"{scenario.name}: compare", quiet=quiet) as on_progress:
                comparison = compare(grid, engine, on_progress)
            warn(compare_warnings(comparison), quiet=quiet)
            code = max(code, exit_code_of(comparison.verdict, saturated=False))
        quality, frontier = judge(answer, quiet=quiet), _frontier(scenario, engine, quiet=quiet)
        sections = _sections(scenario, overrides, quiet=quiet)
    page = write_report(answer, out, overrides, Beside(capacity, comparison, quality, frontier, sections, earlier))
    own = sections[0].said.sentence if sections else answer_sentence(answer)
    sentence = compare_sentence(comparison) if comparison else own
    typer.echo(f"{page}\n  {sentence}")
    return code


@contextmanager
def _told_when_ended(answer: "RunAnswer", out: Path) -> "Iterator[None]":
    """Where the body is ended early, or `answer` is itself a part, say what is known by then and end.

    A report is whole or not there: nothing is written, and an earlier one stays.
    """
    from simulator.report.sentence import answer_sentence

    try:
        if not answer.complete:
            raise KeyboardInterrupt
        yield
    except KeyboardInterrupt:
        place = out / answer.scenario.name
        typer.echo(f"{place}: not finished, nothing was written\n  {answer_sentence(answer)}")
        raise


def _report_study(study: "Study", out: Path, overrides: dict[str, str], *, quiet: bool) -> int:
    """Write the report of a file that has nothing to serve, say where and what it answers, and return 0."""
    from simulator.report.section import write_study_report  # loads matplotlib, and only reports need it

    sections = _sections(study, overrides, quiet=quiet)
    page = write_study_report(sections, out)
    typer.echo("\n  ".join([str(page), *(section.said.sentence for section in sections)]))
    return 0


def _sections(study: "Study", overrides: dict[str, str], *, quiet: bool) -> "tuple[StudySection, ...]":
    """Return what the further sections of a study ask."""
    sections = [_training(study, overrides, quiet=quiet)] if study.training else []
    sections += [_bias(study, overrides, quiet=quiet)] if study.bias else []
    sections += [_diagnosis(study, overrides, quiet=quiet)] if study.diagnosis else []
    for section in sections:
        warn(section.said.warnings, quiet=quiet)
    return tuple(sections)


def _training(study: "Study", overrides: dict[str, str], *, quiet: bool) -> "StudySection":
    """Return what the training section of a study asks."""
    from simulator.bias.click_rates import click_rates
    from simulator.report.train_section import train_section
    from simulator.training.answer import find_training  # loads the rankers, and not every scenario asks for it

    with progress(f"{study.name}: training", quiet=quiet) as on_progress:
        return train_section(find_training(study, on_progress, click_rates(study, on_progress)), overrides)


def _bias(study: "Study", overrides: dict[str, str], *, quiet: bool) -> "StudySection":
    """Return what the bias section of a study asks, simulated or from logs."""
    from simulator.bias.answer import find_bias  # loads Numba, and not every scenario asks for it
    from simulator.bias.recorded import find_recorded
    from simulator.report.bias_section import bias_section

    if study.bias is not None and study.bias.recorded:
        return bias_section(find_recorded(study), overrides)
    with progress(f"{study.name}: bias", quiet=quiet) as on_progress:
        return bias_section(find_bias(study, on_progress), overrides)


def _diagnosis(study: "Study", overrides: dict[str, str], *, quiet: bool) -> "StudySection":
    """Return what a study's diagnosis finds."""
    from simulator.diagnosis.answer import diagnose  # loads the rankers, and not every scenario asks for it
    from simulator.report.diagnose_section import diagnose_section

    with progress(f"{study.name}: diagnosis", quiet=quiet) as on_progress:
        return diagnose_section(diagnose(study, on_progress), overrides)


def _frontier(scenario: "Scenario", engine: str, *, quiet: bool) -> "OptimizeAnswer | None":
    """Return what the scenario's optimize section asks; None where it has none, or its extra is not installed."""
    from importlib.util import find_spec  # only here

    from simulator.capacity.optimize import optimize  # loads the rankers, and not every scenario asks for it

    if scenario.optimize is None:
        return None
    if find_spec("optuna") is None:
        warn(["optimize: left out; pip install 'capacity-simulator[optimize]'"], quiet=quiet)
        return None
    with progress(f"{scenario.name}: optimize", quiet=quiet) as on_progress:
        return optimize(scenario, engine, on_progress=on_progress)
