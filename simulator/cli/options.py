"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AllowPath",
    "Engine",
    "File",
    "Json",
    "MaxRequests",
    "Out",
    "Quiet",
    "Replications",
    "Seed",
    "Set",
    "all_overrides",
    "overrides_by_path",
    "seconds_of",
]

File = Annotated[Path, typer.Argument(metavar="FILE", help="The scenario, a YAML file.", show_default=False)]
Set = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Change one value, as in funnel.retrieve.shards=200. Repeatable."),
]
AllowPath = Annotated[
    list[Path],
    typer.Option("--allow-path", metavar="FOLDER", help="Let the scenario name files in this folder too. Repeatable."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all draws, instead of the scenario's.")]
Replications = Annotated[
    int | None, typer.Option("--replications", help="Independent replications, instead of the scenario's.")
]
MaxRequests = Annotated[
    str, typer.Option("--max-requests", metavar="N", help="Refuse work of more requests to shards than this.")
]
Engine = Annotated[str, typer.Option("--engine", metavar="compiled|simpy", help="Both give the same numbers.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of stdout.")]


def all_overrides(settings: list[str], seed: int | None = None, replications: int | None = None) -> list[str]:
    """Return `settings` with those that have an option of their own, as PATH=VALUE."""
    own = {"seed": seed, "traffic.replications": replications}
    return [*settings, *(f"{path}={value}" for path, value in own.items() if value is not None)]


def overrides_by_path(settings: list[str]) -> dict[str, str]:
    """Return PATH=VALUE settings as a mapping."""
    return {path.strip(): value.strip() for path, _, value in (setting.partition("=") for setting in settings)}


def seconds_of(option: str, text: str) -> float:
    """Return a duration above 0 in seconds."""
    from simulator.errors import InputError
    from simulator.units import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option}: expected {error}") from error
    if seconds <= 0:
        raise InputError(f"{option}: expected more than no time, got {text}")
    return seconds
