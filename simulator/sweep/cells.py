"""A sweep file spread out into cells: each a scenario, validated, under a key that changes with what decides on it."""

import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from simulator.errors import InputError, TooLargeError
from simulator.scenario.grid import ROW_RUNS, load_grid
from simulator.scenario.load import load_as, load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.sweep import SweepFile
from simulator.scenario.work import CAPACITY_RUNS, check_work, requests_of
from simulator.version import __version__

__all__ = ["MOST_CELLS", "Sweep", "SweepCell", "load_sweep"]

MOST_CELLS = 100_000


@dataclass(frozen=True)
class SweepCell:
    """One scenario of a sweep.

    Attributes
    ----------
    key
        Changes with the scenario, all that it refers to, what is asked, and the version of the package.
    place
        Its number in the sweep, from 0.
    file
        The scenario's file, as the sweep names it.
    settings
        What varies, by path, as written.
    """

    key: str
    place: int
    file: str
    settings: dict[str, str]
    scenario: Scenario


@dataclass(frozen=True)
class Sweep:
    """What a sweep file asks, and its cells in order: by scenario, then by setting, the seeds varying fastest."""

    asked: SweepFile
    cells: tuple[SweepCell, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """What varies: the scenario, each path, the seed."""
        names = dict.fromkeys(path for cell in self.cells for path in cell.settings)
        files = ("scenario",) if len(self.asked.scenarios) > 1 else ()
        seeds = ("seed",) if self.asked.seeds and len(self.asked.seeds) > 1 else ()
        return (*files, *names, *seeds)

    def value(self, cell: SweepCell, axis: str) -> str:
        """Return where a cell stands on an axis."""
        if axis == "scenario":
            return cell.scenario.name
        return str(cell.scenario.seed) if axis == "seed" else cell.settings.get(axis, "")


def load_sweep(path: Path, max_requests: float) -> Sweep:
    """Return the sweep of the file at `path`.

    Raises
    ------
    InputError, ScenarioError
        If the file, a scenario that it names or a cell is wrong; all problems of cells are shown at once.
    TooLargeError
        If there are more than 100,000 cells, or all of them ask for more than `max_requests` requests to shards.
    """
    asked = load_as(path, SweepFile)
    _check_size(asked, path)
    made = [(file, *cell) for file in asked.scenarios for cell in _scenarios(path.parent / file, asked)]
    runs = ROW_RUNS + (CAPACITY_RUNS if asked.measure == "capacity" else 0)
    check_work(sum(requests_of(scenario, runs) for *_, scenario in made), max_requests)
    cells = [
        SweepCell(_key(scenario, asked.measure), number, file, settings, scenario)
        for number, (file, settings, scenario) in enumerate(made)
    ]
    again = len(cells) - len({cell.key for cell in cells})
    if again:
        raise InputError(f"{path}: expected cells that differ, got {again} twice; take them out")
    return Sweep(asked, tuple(cells))


def _check_size(asked: SweepFile, path: Path) -> None:
    """Raise TooLargeError if there are too many cells, before any of them is made."""
    sizes = [len(asked.scenarios), *(len(axis.values) for axis in asked.vary), len(asked.seeds or (0,))]
    count = prod(sizes)
    if count > MOST_CELLS:
        raise TooLargeError(
            f"{path}: expected at most {MOST_CELLS:,} cells, got {' x '.join(f'{size:,}' for size in sizes)} = "
            f"{count:,}; at a tenth of a second each that is {count / 36_000:,.0f} hours: vary less, or in parts"
        )


def _scenarios(file: Path, asked: SweepFile) -> Iterator[tuple[dict[str, str], Scenario]]:
    """Yield the settings and the scenario of each cell of one file."""
    rows = _grid(file, asked) if asked.vary else [({}, load_scenario(file, asked.set))]
    for settings, scenario in rows:
        for seed in asked.seeds or (scenario.seed,):
            yield settings, scenario.model_copy(update={"seed": seed})


def _grid(file: Path, asked: SweepFile) -> list[tuple[dict[str, str], Scenario]]:
    """Return the cells of one file's grid."""
    grid = load_grid(file, asked.set, [axis.text for axis in asked.vary])
    return [(cell.texts, cell.scenario) for cell in grid.cells]


def _key(scenario: Scenario, measure: str) -> str:
    """Return the key of a scenario: a hash of itself, of the plan it resolves to, and of who is asked what."""
    from simulator.costs.profile import load_profile  # loads NumPy and Numba, and no sweep that is refused needs them
    from simulator.engine.resolve import resolve

    plan = resolve(scenario, load_profile(scenario.costs.profile))
    parts = (
        __version__.encode(),
        measure.encode(),
        scenario.model_dump_json().encode(),
        pickle.dumps(plan, protocol=5),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
