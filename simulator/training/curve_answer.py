"""The learning curve that a scenario asks for: from the training profile, from runs made now, or from the user's own.

Shapes: P numbers of samples, G samples of the grid.
"""

import csv
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.engine.replications import Progress
from simulator.errors import InputError
from simulator.scenario.training import Training
from simulator.statistics.intervals import Estimate
from simulator.training.curve_runs import kept_runs
from simulator.training.learning_curve import LearningCurve, SamplesFor, fit_curve, points_of
from simulator.training.measured_curve import reading_of
from simulator.training.profile import Runs, TrainingProfile

__all__ = ["CurveAnswer", "curve_of", "curve_of_runs"]

GRID = 40
MOST_DRAWN = 1e12


@dataclass(frozen=True)
class CurveAnswer:
    """How the error falls with the samples, and how many of them the target takes.

    Attributes
    ----------
    ranker
        The model, or the name of the file of the user's own runs.
    source
        Where the runs come from, in words.
    curve
        The fit, with its points.
    target
        The error to reach, 1 - the quality; None where none is asked.
    needed
        The samples that it takes; None where no target is asked.
    grid, bands
        Samples, rising, shape (G,), and the error at each with its 95% interval.
    warnings
        What to be careful about.
    """

    ranker: str
    source: str
    curve: LearningCurve
    target: float | None
    needed: SamplesFor | None
    grid: tuple[float, ...]
    bands: tuple[Estimate, ...]
    warnings: tuple[str, ...]


def curve_of(training: Training, profile: TrainingProfile, on_progress: Progress | None = None) -> CurveAnswer:
    """Return the learning curve that `training` asks for.

    Raises
    ------
    InputError
        Where a file holds no runs, or of fewer than four numbers of samples; where the profile has no runs of the
        ranker; or a data set is not in the cache.
    """
    asked = training.curve
    if asked.file is not None:
        name, source, errors = Path(asked.file).name, f"your own runs, {asked.file}", _read(Path(asked.file))
    else:
        name = training.ranker
        if asked.world == "profile":
            runs, source = _profiled(training.ranker, profile), f"measured: training profile {profile.name}"
        else:
            runs = kept_runs(training.ranker, asked.world, asked.points, asked.seeds, on_progress)
            source = f"measured here: {asked.world}"
        errors = dict(zip(runs.samples, map(list, runs.errors), strict=True))
    try:
        curve = fit_curve(points_of(errors))
    except InputError as error:
        raise InputError(f"training.curve: {source}: {error}") from error
    return _answer(name, source, curve, None if training.target is None else 1 - training.target)


def curve_of_runs(runs: Runs) -> LearningCurve:
    """Return the curve through measured runs."""
    return fit_curve(points_of(dict(zip(runs.samples, runs.errors, strict=True))))


def _profiled(ranker: str, profile: TrainingProfile) -> Runs:
    """Return the runs of a ranker in the profile."""
    known = profile.rankers.get(ranker)
    if known is None or known.runs is None:
        have = ", ".join(name for name, one in profile.rankers.items() if one.runs) or "none"
        raise InputError(
            f"training.ranker: expected one whose learning curve the profile {profile.name} has ({have}), got "
            f"{ranker}; give your own runs, curve: {{file: runs.csv}}, or measure, curve: {{world: synthetic}}"
        )
    return known.runs


def _answer(name: str, source: str, curve: LearningCurve, target: float | None) -> CurveAnswer:
    """Return the curve with what the target takes, and a grid to draw it on."""
    reading = reading_of(curve)
    needed = None if target is None else reading.samples_for(target)
    most = reading.reaches
    if curve.follows and needed is not None and needed.samples.value < MOST_DRAWN:
        most = max(most, 1.5 * needed.samples.value)
    grid = np.geomspace(curve.points[0].samples, most, GRID).tolist()
    warnings = [needed.advice] if needed is not None and needed.advice else []
    if not curve.follows:
        warnings.append(
            f"{name}: the errors do not follow limit + scale n^-power (p = {curve.misfit:.2g}), so they are read "
            "between the points that were measured, and nothing is said of more samples"
        )
    bands = tuple(reading.band(samples) for samples in grid)
    return CurveAnswer(name, source, curve, target, needed, tuple(grid), bands, tuple(warnings))


def _read(path: Path) -> dict[int, list[float]]:
    """Return the errors of a file by their number of samples."""
    errors: defaultdict[int, list[float]] = defaultdict(list)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"samples", "error"} - set(rows.fieldnames or ())
            if missing:
                has = ", ".join(rows.fieldnames or ()) or "none"
                raise InputError(f"{path}:1: expected columns samples and error, got {has}; one row a training run")
            for row in rows:
                samples, error = (_number(row[key], key, f"{path}:{rows.line_num}") for key in ("samples", "error"))
                errors[round(samples)].append(error)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{path}: cannot be read ({reason}); give a CSV file with columns samples and error"
        ) from error
    return dict(errors)


def _number(text: str | None, key: str, place: str) -> float:
    """Return a number of a row: samples from 1, errors from 0."""
    least = 1 if key == "samples" else 0
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not least <= value < 1e15:
        raise InputError(f"{place}: {key}: expected a number of at least {least}, got {text!r}")
    return value
