"""`simulator calibrate`: measure the rankers on this machine and write a cost profile."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from simulator.cli.console import progress_of_seconds, show, show_json, warn
from simulator.cli.options import Json, Quiet, seconds_of
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.costs.profile import Profile
    from simulator.training.profile import TrainingProfile

__all__ = ["calibrate"]


def calibrate(
    rankers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RANKER ...]", help="Rankers to measure, yours as module:Class; all of ours if none."),
    ] = None,
    budget: Annotated[str, typer.Option("--budget", help="Time for timing calls, as in 10s or 2min.")] = "80s",
    out: Annotated[Path, typer.Option("--out", "-o", help="The profile's file.")] = Path("profile.json"),
    name: Annotated[str | None, typer.Option("--name", help="The profile's name; the file's unless given.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of training and of the order of calls.")] = 0,
    training: Annotated[
        bool, typer.Option("--training", help="Time training steps instead, and write a training profile.")
    ] = False,
    curves: Annotated[
        bool, typer.Option("--curves", help="With --training: train for learning curves too, minutes a ranker.")
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option("--from", help="Learn one ranker's cost from a log with columns arrival, latency, candidates."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Of --from: workers of the queue.", min=1)] = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the rankers here and write a cost profile."""
    if curves and not training:
        raise InputError("--curves: expected --training beside it; costs of serving have no learning curve")

    from simulator.report.files import check_writable, write_text  # reports are loaded only when a file is written

    asked = _Asked(rankers, seconds_of("--budget", budget), name or out.stem, seed)
    check_writable(out)
    complete = True
    if log is not None:
        profile: Profile | TrainingProfile = _logged(asked, log, workers)
    elif training:
        profile, complete = _training(asked, curves=curves, quiet=quiet or json)
    else:
        profile, complete = _serving(asked, quiet=quiet, json=json)
    if complete:
        write_text(out, profile.as_text())
    else:
        warn([f"not finished: these are the rounds so far, and {out} is not written"], quiet=quiet)
    if json:
        document = {"schema_version": 1, "command": "calibrate", "complete": complete}
        show_json(document | {"profile": profile.model_dump(mode="json")})
    else:
        _show(profile, out, seed)
    if not complete:
        raise KeyboardInterrupt


class _Asked(NamedTuple):
    """What is to be measured."""

    rankers: list[str] | None
    budget_s: float
    name: str
    seed: int


def _serving(asked: _Asked, *, quiet: bool, json: bool) -> "tuple[Profile, bool]":
    """Return what calls cost here, and whether all of the budget was spent, as it is not after Ctrl-C."""
    from simulator.costs.calibrate import calibrate as measure_all  # loads NumPy and SciPy
    from simulator.rankers.registry import RANKERS

    chosen = [_known(ranker, list(RANKERS)) for ranker in asked.rankers or RANKERS]
    with progress_of_seconds("calibrating", quiet=quiet or json) as on_progress:
        profile, measured = measure_all(chosen, asked.budget_s, asked.name, asked.seed, on_progress)
    warn([f"{what} of {size:,}: left out, the budget is too small" for what, size in measured.left_out], quiet=quiet)
    return profile, measured.complete


def _logged(asked: _Asked, log: Path, workers: int) -> "Profile":
    """Return what calls cost by a log of production."""
    import numpy as np  # only where a log is read

    from simulator.costs.calibrate import provenance
    from simulator.costs.from_log import profile_from_log
    from simulator.rankers.registry import RANKERS
    from simulator.serving.replay import read_log

    if len(asked.rankers or []) != 1:
        raise InputError("--from: expected the one RANKER that the log is about, as in: calibrate mlp --from log.csv")
    (ranker,) = asked.rankers or []
    found = read_log(log)
    candidates = np.ones_like(found.arrival) if found.candidates is None else found.candidates
    columns = tuple(one.astype(np.float64) for one in (found.arrival, candidates, found.latency))
    where = provenance() | {"log": log.name}
    return profile_from_log(_known(ranker, list(RANKERS)), asked.name, columns, workers, where)


def _training(asked: _Asked, *, curves: bool, quiet: bool) -> "tuple[TrainingProfile, bool]":
    """Return what training steps take here, and whether all was measured, as it is not after Ctrl-C."""
    from simulator.training.calibrate import calibrate_training  # loads NumPy and SciPy
    from simulator.training.step_recipes import RECIPES

    with progress_of_seconds("timing steps", quiet=quiet) as on_progress:
        return calibrate_training(
            asked.rankers or list(RECIPES),
            asked.budget_s,
            asked.name,
            asked.seed,
            curves=curves,
            on_progress=on_progress,
        )


def _show(profile: "Profile | TrainingProfile", out: Path, seed: int) -> None:
    """Print a profile that was written to `out`."""
    from simulator.capacity.retrieval import recall_of_towers  # loads NumPy and SciPy
    from simulator.costs.profile import Profile
    from simulator.rankers.two_tower_ivf import TwoTowerIVF
    from simulator.report.probes_table import probes_table
    from simulator.report.profile_table import profile_table
    from simulator.report.training_table import training_table

    if not isinstance(profile, Profile):
        show(training_table(profile, out))
        return
    show(profile_table(profile, out))
    if TwoTowerIVF.name in profile.rankers:
        show(probes_table(recall_of_towers(seed)))


def _known(ranker: str, names: list[str]) -> str:
    """Return a ranker's name if there is such a ranker of ours, or it has the form of a user's own."""
    from difflib import get_close_matches  # only for the message

    from simulator.scenario.ranker_names import is_own

    if ranker in names or is_own(ranker):
        return ranker
    close = get_close_matches(ranker, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    raise InputError(f"RANKER: expected a ranker's name or your own as module:Class, got {ranker!r} ({hint})")
