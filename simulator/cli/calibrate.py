"""`simulator calibrate`: measure the rankers on this machine and write a cost profile."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import progress_of_seconds, show, show_json, warn
from simulator.cli.options import Json, Quiet

__all__ = ["calibrate"]


def calibrate(  # noqa: PLR0913  one parameter an option
    rankers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RANKER ...]", help="Rankers to measure, yours as module:Class; all of ours if none."),
    ] = None,
    budget: Annotated[str, typer.Option("--budget", help="Time for timing calls, as in 10s or 2min.")] = "80s",
    out: Annotated[Path, typer.Option("--out", "-o", help="The profile's file.")] = Path("profile.json"),
    name: Annotated[str | None, typer.Option("--name", help="The profile's name; the file's unless given.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of training and of the order of calls.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the rankers here and write a cost profile."""
    from simulator.capacity.retrieval import recall_of_towers  # loads NumPy and SciPy
    from simulator.costs.calibrate import calibrate as measure_all
    from simulator.rankers.registry import RANKERS
    from simulator.rankers.two_tower_ivf import TwoTowerIVF
    from simulator.report.files import check_writable, write_text
    from simulator.report.probes_table import probes_table
    from simulator.report.profile_table import profile_table

    budget_s = _seconds(budget)
    chosen = [_known(ranker, list(RANKERS)) for ranker in rankers or RANKERS]
    check_writable(out)
    with progress_of_seconds("calibrating", quiet=quiet or json) as on_progress:
        profile, measured = measure_all(chosen, budget_s, name or out.stem, seed, on_progress)
    left_out = [f"{what} of {size:,}: left out, the budget is too small" for what, size in measured.left_out]
    warn(left_out, quiet=quiet)
    write_text(out, profile.as_text())
    if json:
        show_json({"schema_version": 1, "command": "calibrate", "profile": profile.model_dump(mode="json")})
        return
    show(profile_table(profile, out))
    if TwoTowerIVF.name in chosen:
        show(probes_table(recall_of_towers(seed)))


def _seconds(text: str) -> float:
    """Return a budget in seconds."""
    from simulator.errors import InputError
    from simulator.units import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise InputError(f"--budget: expected {error}") from error
    if seconds <= 0:
        raise InputError(f"--budget: expected more than no time, got {text}")
    return seconds


def _known(ranker: str, names: list[str]) -> str:
    """Return a ranker's name if there is such a ranker of ours, or it has the form of a user's own."""
    from difflib import get_close_matches  # only for the message

    from simulator.errors import InputError
    from simulator.scenario.ranker_names import is_own

    if ranker in names or is_own(ranker):
        return ranker
    close = get_close_matches(ranker, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    raise InputError(f"RANKER: expected a ranker's name or your own as module:Class, got {ranker!r} ({hint})")
