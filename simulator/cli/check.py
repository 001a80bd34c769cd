"""`simulator check`: every error of a scenario, with its line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import show_json
from simulator.cli.options import AllowPath, File, Json, Set
from simulator.cli.run import check_judged, exit_code_of

if TYPE_CHECKING:
    from simulator.scenario.model import Scenario

__all__ = ["check"]


def check(
    file: File,
    set_: Set = [],
    allow_path: AllowPath = [],
    json: Json = False,
    sla: Annotated[
        bool,
        typer.Option("--sla", help="Simulate it too, and fail unless every objective is met; prints the maximum QPS."),
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="With --sla: an earlier `capacity --json`.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="With --sla: write the verdicts as JUnit XML.")] = None,
) -> None:
    """Check a scenario and show all its errors, each with its place."""
    from simulator.costs.profile import load_profile
    from simulator.errors import InputError, Problem, ProfileError, ScenarioError
    from simulator.scenario.grid import load_grid
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it
    from simulator.scenario.model import MeasuredCost

    try:
        scenario = load_scenario(file, set_, allow_path)
        load_profile(scenario.costs.profile)
        if scenario.compare:
            load_grid(file, set_, allow_path=allow_path)
        _check_quality(file, scenario)
    except (ScenarioError, ProfileError) as error:
        if not json:
            raise
        profile = Problem(str(file), "costs.profile", str(error))
        problems = [vars(found) for found in (error.problems if isinstance(error, ScenarioError) else [profile])]
        show_json({"schema_version": 1, "command": "check", "valid": False, "problems": problems})
        raise typer.Exit(error.exit_code) from error
    if not sla and (baseline or junit):
        raise InputError("--baseline and --junit: expected --sla beside them; add it")
    if json:
        show_json({"schema_version": 1, "command": "check", "valid": True, "problems": []})
        return
    typer.echo(f"{file}: ok, {scenario.name} at {scenario.offered_qps:g} QPS")
    for stage in scenario.funnel:
        size = f"{stage.shards:,} shards x {stage.replicas} replicas x {stage.workers} workers"
        cost = "measured cost" if isinstance(stage.cost, MeasuredCost) else "assumed cost"
        typer.echo(f"  {stage.name}: {stage.ranker if stage.cost is None else cost}, {size}")
    if sla:
        _check_sla(scenario, baseline, junit)


def _check_sla(scenario: "Scenario", baseline: Path | None, junit: Path | None) -> None:
    """Simulate a scenario, print verdicts and maximum QPS beside the baseline's, and exit by the verdict."""
    from simulator.capacity.answer import find_capacity  # loads Numba
    from simulator.capacity.run import run_scenario
    from simulator.report.baseline import against_baseline
    from simulator.report.capacity_table import capacity_sentence
    from simulator.report.exports import junit_text
    from simulator.report.files import check_writable, write_text
    from simulator.report.sentence import answer_sentence

    if junit is not None:
        check_writable(junit)
    answer = run_scenario(scenario)
    capacity = find_capacity(scenario)
    typer.echo(f"{answer_sentence(answer)}\n{capacity_sentence(capacity)}")
    change, worse = against_baseline(capacity, baseline) if baseline else ("", False)
    if change:
        typer.echo(change)
    if junit is not None:
        write_text(
            junit, junit_text(answer, {"maximum QPS against the baseline": change if worse else ""} if change else {})
        )
    raise typer.Exit(max(exit_code_of(answer.verdict, saturated=bool(answer.saturated)), 3 if worse else 0))


def _check_quality(file: Path, scenario: "Scenario") -> None:
    """Raise ScenarioError where the quality that a scenario asks for cannot be had."""
    from simulator.errors import InputError, Problem, ScenarioError

    try:
        check_judged(scenario, quiet=True)
    except InputError as error:
        raise ScenarioError([Problem(str(file), "quality", str(error))]) from error
