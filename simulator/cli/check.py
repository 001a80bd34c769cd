"""`simulator check`: every error of a scenario, with its line."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from simulator.cli.console import show_json
from simulator.cli.options import File, Json, Set
from simulator.cli.run import check_judged

if TYPE_CHECKING:
    from simulator.scenario.model import Scenario

__all__ = ["check"]


def check(
    file: File,
    set_: Set = [],  # noqa: B006  typer never changes it
    json: Json = False,
) -> None:
    """Check a scenario and show all its errors, each with its place."""
    from simulator.costs.profile import load_profile
    from simulator.errors import Problem, ProfileError, ScenarioError
    from simulator.scenario.grid import load_grid
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it
    from simulator.scenario.model import MeasuredCost

    try:
        scenario = load_scenario(file, set_)
        load_profile(scenario.costs.profile)
        if scenario.compare:
            load_grid(file, set_)
        _check_quality(file, scenario)
    except (ScenarioError, ProfileError) as error:
        if not json:
            raise
        profile = Problem(str(file), "costs.profile", str(error))
        problems = [vars(found) for found in (error.problems if isinstance(error, ScenarioError) else [profile])]
        show_json({"schema_version": 1, "command": "check", "valid": False, "problems": problems})
        raise typer.Exit(error.exit_code) from error
    if json:
        show_json({"schema_version": 1, "command": "check", "valid": True, "problems": []})
        return
    typer.echo(f"{file}: ok, {scenario.name} at {scenario.offered_qps:g} QPS")
    for stage in scenario.funnel:
        size = f"{stage.shards:,} shards x {stage.replicas} replicas x {stage.workers} workers"
        cost = "measured cost" if isinstance(stage.cost, MeasuredCost) else "assumed cost"
        typer.echo(f"  {stage.name}: {stage.ranker if stage.cost is None else cost}, {size}")


def _check_quality(file: Path, scenario: "Scenario") -> None:
    """Raise ScenarioError where the quality that a scenario asks for cannot be had."""
    from simulator.errors import InputError, Problem, ScenarioError

    try:
        check_judged(scenario, quiet=True)
    except InputError as error:
        raise ScenarioError([Problem(str(file), "quality", str(error))]) from error
