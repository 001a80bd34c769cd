"""A grid of scenarios: one file, and the settings that vary over it, every value of each axis with every other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path as FilePath
from typing import Any

from simulator.errors import InputError, Problem, ScenarioError, TooLargeError
from simulator.scenario.load import parse_scenario, read_file, read_value
from simulator.scenario.model import Scenario
from simulator.scenario.source import keys_of
from simulator.scenario.vary import Axis, parse_axis, short_texts

__all__ = ["MOST_CELLS", "ROW_RUNS", "Cell", "Grid", "load_grid"]

MOST_CELLS = 10_000
MOST_PROBLEMS = 20

ROW_RUNS = 6
"""About how many times a row simulates each replication: at its own load, and in the search for its maximum."""


@dataclass(frozen=True)
class Cell:
    """One scenario of the grid.

    Attributes
    ----------
    texts, shown, settings
        The varied settings by path: as written, as short as tells rows apart, and as the plain values they mean.
    """

    texts: dict[str, str]
    shown: dict[str, str]
    settings: dict[str, Any]
    scenario: Scenario

    @property
    def label(self) -> str:
        """The varied settings in one line."""
        return ", ".join(f"{path}={text}" for path, text in self.texts.items())


@dataclass(frozen=True)
class Grid:
    """The scenario of the file itself, and its cells, the last axis varying fastest."""

    base: Scenario
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]


def load_grid(
    path: str | FilePath,
    overrides: Sequence[str] = (),
    vary: Sequence[str] = (),
    allow_path: Sequence[FilePath] = (),
) -> Grid:
    """Return the grid that `vary`, or else the file's `compare` section, spans over the scenario at `path`.

    Parameters
    ----------
    overrides
        "PATH=VALUE" settings that all cells share.
    vary
        Axes as `parse_axis` reads them.
    allow_path
        As of `load_scenario`.

    Raises
    ------
    InputError
        If the file cannot be read, nothing or one path twice is varied, or the cells do not share their draws.
    ScenarioError
        If the file or a cell is no scenario; the problems of cells name the setting that made them.
    TooLargeError
        If there are more than MOST_CELLS cells.
    """
    path = FilePath(path)
    text = read_file(path)
    base = parse_scenario(text, str(path), overrides, path.parent, allow_path)
    where = "--vary" if vary else f"{path}: compare.vary"
    axes = tuple(map(_axis, vary)) if vary else base.compare.vary if base.compare else ()
    if not axes:
        raise InputError(
            f"{path}: expected settings to compare, got none; add --vary funnel.{base.funnel[0].name}.shards=10,20,50, "
            "or a compare section with vary"
        )
    _check_size(axes, base.traffic.replications, where)
    _check_paths(axes, base, where)
    cells, problems = [], dict[Problem, None]()
    for values in product(*(axis.values for axis in axes)):
        chosen = {name: value for axis, row in zip(axes, values, strict=True) for name, value in _named(axis, row)}
        settings = [f"{name}={value}" for name, value in chosen.items()]
        try:
            own, of_file = ([*overrides, *settings], []) if vary else (overrides, settings)
            scenario = parse_scenario(text, str(path), own, path.parent, allow_path, of_file)
        except ScenarioError as error:
            problems |= dict.fromkeys(_replaced(problem, axes, where, settings) for problem in error.problems)
            if len(problems) >= MOST_PROBLEMS:
                break
            continue
        read = {name: read_value(value, name) for name, value in chosen.items()}
        cells.append(Cell(chosen, chosen, read, scenario))
    if problems:
        raise ScenarioError(list(problems))
    _check_draws(cells, where)
    short = _shown(axes)
    named = [replace(cell, shown={name: short[name, text] for name, text in cell.texts.items()}) for cell in cells]
    return Grid(base, axes, tuple(named))


def _shown(axes: tuple[Axis, ...]) -> dict[tuple[str, str], str]:
    """Return what to call each (path, text) of the axes."""
    short: dict[tuple[str, str], str] = {}
    for axis in axes:
        for path, texts in zip(axis.paths, zip(*axis.values, strict=True), strict=True):
            values = [read_value(text, path) for text in texts]
            short |= {(path, text): name for text, name in zip(texts, short_texts(texts, values), strict=True)}
    return short


def _axis(written: str) -> Axis:
    """Return an axis of the command line."""
    try:
        return parse_axis(written)
    except ValueError as error:
        raise InputError(f"--vary {written}: expected {error}") from error


def _named(axis: Axis, row: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return one row of an axis as (path, value) pairs."""
    return list(zip(axis.paths, row, strict=True))


def _check_size(axes: tuple[Axis, ...], replications: int, where: str) -> None:
    """Raise TooLargeError if there are too many cells, before any of them is made."""
    count = prod(len(axis.values) for axis in axes)
    if count > MOST_CELLS:
        simulations = count * replications * ROW_RUNS
        sizes = " x ".join(f"{len(axis.values):,}" for axis in axes)
        raise TooLargeError(
            f"{where}: expected at most {MOST_CELLS:,} rows, got {sizes} = {count:,}, each of {replications} "
            f"replications and a search for its maximum load: about {simulations:,} simulations; vary less"
        )


def _check_paths(axes: tuple[Axis, ...], base: Scenario, where: str) -> None:
    """Raise InputError if two axes vary one setting, by whichever name, or one varies what holds another's."""
    numbers = {str(i): stage.name for i, stage in enumerate(base.funnel)}
    seen: dict[tuple[str, ...], str] = {}
    for path in (path for axis in axes for path in axis.paths):
        keys = keys_of(path)
        if keys[0] == "funnel" and len(keys) > 1:
            keys[1] = numbers.get(keys[1], keys[1])
        for other, written in seen.items():
            shared = min(len(keys), len(other))
            if tuple(keys[:shared]) == other[:shared]:
                raise InputError(f"{where}: expected each setting once, got {written} and {path}; take one out")
        seen[tuple(keys)] = path


def _replaced(problem: Problem, axes: tuple[Axis, ...], where: str, settings: list[str]) -> Problem:
    """Return a cell's problem placed at the axis that made it; one of the file itself says with which settings."""
    for axis in axes:
        if any(problem.place == f"--set {name}={value}" for row in axis.values for name, value in _named(axis, row)):
            return replace(problem, place=f"{where} {axis.text}")
    return replace(problem, message=f"{problem.message}, with {', '.join(settings)}")


def _check_draws(cells: list[Cell], where: str) -> None:
    """Raise InputError unless all cells share seed and replications, by which they are compared."""
    if len({(cell.scenario.seed, cell.scenario.traffic.replications) for cell in cells}) > 1:
        raise InputError(
            f"{where}: expected rows of one seed and as many replications, since rows are compared replication by "
            "replication, got several; set them for all with --seed and --replications"
        )
