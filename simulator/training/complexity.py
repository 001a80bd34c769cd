"""What a ranker takes to train and to serve, and how that grows: time in samples, columns and width, error in samples.

A growth is the power p of size^p, a straight line over logarithms. Where a fixed part rules small sizes the line is
bent, and its power says so only together with the sizes that it is fitted to; the larger half is fitted apart.

Shapes: P points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

from simulator.costs.profile import Profile
from simulator.errors import InputError
from simulator.rankers.two_tower_ivf import TwoTowerIVF
from simulator.statistics.intervals import CONFIDENCE, Estimate
from simulator.training.curve_answer import curve_of_runs
from simulator.training.learning_curve import LearningCurve
from simulator.training.profile import RankerTraining, Runs, StepPoint, TrainingProfile
from simulator.training.step_recipes import RECIPES
from simulator.training.step_time import own_point

__all__ = ["Complexity", "Growth", "complexity_of", "growth_of"]

SERVED = 1_000
"""Candidates of the call whose time is shown."""

SAME_TRAINING = {TwoTowerIVF.name: "two_tower"}
"""Rankers that are trained as another is."""


@dataclass(frozen=True)
class Growth:
    """How a time grows with a size.

    Attributes
    ----------
    power
        Of the size, over all points, with its 95% interval: 1 where twice the size takes twice the time.
    at_large
        The same over the larger half of the points; None where it has fewer than three.
    low, high
        The smallest and the largest size.
    """

    power: Estimate
    at_large: Estimate | None
    low: float
    high: float


@dataclass(frozen=True)
class Complexity:
    """What one ranker takes.

    Attributes
    ----------
    parameters, batch, epochs
        Numbers that training changes, samples of a step, and passes over the samples.
    step_s, step_bytes
        Time and memory of a step of that batch.
    in_batch, in_features, in_width
        Growth of a step's time; None where the ranker has no such size.
    in_samples
        Growth of a whole training's time; None where no runs were measured.
    serve_s
        A call of 1,000 candidates; None where the cost profile has none.
    in_candidates
        Growth of a call's time.
    curve
        Error against samples; None where no runs were measured.
    """

    ranker: str
    parameters: int
    batch: int
    epochs: int
    step_s: float
    step_bytes: int
    in_batch: Growth | None
    in_features: Growth | None
    in_width: Growth | None
    in_samples: Growth | None
    serve_s: float | None
    in_candidates: Growth | None
    curve: LearningCurve | None


def complexity_of(profile: TrainingProfile, costs: Profile, rankers: Sequence[str]) -> tuple[Complexity, ...]:
    """Return what `rankers` take, in their order.

    Raises
    ------
    InputError
        Where the training profile has no steps of a ranker.
    """
    return tuple(_of_ranker(name, profile, costs) for name in rankers)


def growth_of(sizes: Sequence[float], seconds: Sequence[float]) -> Growth | None:
    """Return how `seconds`, shape (P,), grow with `sizes`, shape (P,); None of fewer than three sizes."""
    order = np.argsort(sizes)
    x, y = np.log(np.array(sizes, dtype=float)[order]), np.log(np.array(seconds, dtype=float)[order])
    if len(np.unique(x)) < 3:
        return None
    larger = len(x) // 2
    at_large = _power(x[larger:], y[larger:]) if len(np.unique(x[larger:])) >= 3 else None
    return Growth(_power(x, y), at_large, math.exp(x[0]), math.exp(x[-1]))


def _power(x: np.ndarray, y: np.ndarray) -> Estimate:
    """Return the slope of the line through points, with its interval by Student's t."""
    fit = linregress(x, y)
    slope, error = float(fit.slope), float(fit.stderr)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(x) - 2)) * error
    return Estimate(slope, slope - half, slope + half)


def _of_ranker(name: str, profile: TrainingProfile, costs: Profile) -> Complexity:
    """Return what one ranker takes."""
    known = profile.rankers.get(SAME_TRAINING.get(name, name))
    if known is None:
        raise InputError(
            f"training.rankers: expected rankers whose steps the training profile {profile.name} has "
            f"({', '.join(profile.rankers)}), got {name}; measure them: simulator calibrate --training"
        )
    own = own_point(known.step, RECIPES[SAME_TRAINING.get(name, name)].own)
    served = costs.rankers.get(name)
    calls = [(point.candidates, point.mean_s) for point in served.busy.points] if served else []
    return Complexity(
        ranker=name,
        parameters=known.parameters,
        batch=known.batch,
        epochs=known.epochs,
        step_s=known.step.at(known.batch),
        step_bytes=own.peak_bytes,
        in_batch=_in_size(known, own, "batch"),
        in_features=_in_size(known, own, "features"),
        in_width=_in_size(known, own, "hidden"),
        in_samples=_in_samples(known.runs) if known.runs else None,
        serve_s=served.busy.curve.at(SERVED) if served else None,
        in_candidates=growth_of(*zip(*calls, strict=True)) if calls else None,
        curve=curve_of_runs(known.runs) if known.runs else None,
    )


def _in_size(known: RankerTraining, own: StepPoint, what: str) -> Growth | None:
    """Return the growth of a step's time in one of its sizes, the others being the ranker's own."""
    sizes = ("batch", "features", "hidden")
    chosen = [
        point
        for point in known.step.points
        if all(getattr(point, other) == getattr(own, other) for other in sizes if other != what)
    ]
    return growth_of([getattr(point, what) for point in chosen], [point.mean_s for point in chosen])


def _in_samples(runs: Runs) -> Growth | None:
    """Return the growth of a whole training's time in samples, by the mean over seeds."""
    return growth_of(runs.samples, [float(np.mean(seconds)) for seconds in runs.seconds])
