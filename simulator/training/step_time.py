"""Timing real training steps: every ranker and size in turn, in random order, so that drift of the machine hits all.

Letters: P points (sizes), each with its own number of steps.
"""

import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from simulator.costs.fit import fit_affine
from simulator.costs.profile import Residuals, quantiles_of
from simulator.distributions.base import FloatArray
from simulator.errors import InputError
from simulator.training.profile import StepPoint, StepTime
from simulator.training.step_recipes import RECIPES, Recipe, Size, Step

__all__ = ["fit_steps", "measure_steps", "own_point", "sizes_of"]

BATCHES = (1, 4, 16, 64, 256, 1024)
STEPS_A_VISIT = 5
ENOUGH_STEPS = 60
FEWEST_STEPS = 10
"""Fewer steps say nothing of the noise."""

DIGITS = 6
Clock = Callable[[], float]
Progress = Callable[[float, float, str], None]


def sizes_of(recipe: Recipe) -> tuple[Size, ...]:
    """Return the sizes to time: batches around the ranker's own, then other features, then other widths."""
    own = recipe.own
    found = [Size(batch, own.features, own.hidden) for batch in sorted({*BATCHES, own.batch})]
    found += [Size(own.batch, features, own.hidden) for features in recipe.features]
    found += [Size(own.batch, own.features, hidden) for hidden in recipe.hidden]
    return tuple(dict.fromkeys(found))


def measure_steps(
    rankers: Sequence[str],
    budget_s: float,
    seed: int = 0,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> tuple[dict[str, StepTime], bool]:
    """Return what steps of `rankers` take on this machine, in one thread, and whether Ctrl-C left the time for it.

    Rounds over all sizes go on until the budget is spent, or every size has 60 steps. Sizes of which ten steps do not
    fit into their share of the budget are left out.

    Parameters
    ----------
    rankers
        Names in step_recipes.RECIPES.
    budget_s
        For timing, above 0.
    on_progress
        Called with (seconds spent, seconds in all, what is timed).

    Raises
    ------
    InputError
        Where a ranker has no steps of ours, or the budget does not suffice for two batches of each.
    """
    from threadpoolctl import threadpool_limits  # only where something is trained

    unknown = [name for name in rankers if name not in RECIPES]
    if unknown:
        raise InputError(f"RANKER: expected one whose steps are known ({', '.join(RECIPES)}), got {', '.join(unknown)}")
    with threadpool_limits(1):
        steps = {name: dict(_steps(RECIPES[name], budget_s / len(rankers), seed, clock)) for name in rankers}
        _check(steps, budget_s)
        seconds, complete = _rounds(steps, budget_s, seed, on_progress, clock)
        fitted = {name: fit_steps(RECIPES[name].own, _points(steps[name], seconds[name])) for name in rankers}
        return fitted, complete


def fit_steps(own: Size, measured: Mapping[StepPoint, FloatArray]) -> StepTime:
    """Return the law of steps at a ranker's own size, fitted to the points that differ from it in the batch alone.

    The noise is that of the ranker's own batch, or of the nearest where that was left out.
    """
    mine = [point for point in measured if (point.features, point.hidden) == _width(own)]
    batch, mean = np.array([point.batch for point in mine], dtype=float), np.array([point.mean_s for point in mine])
    fixed, per_sample = fit_affine(batch, mean)
    law = StepTime(
        fixed_s=_rounded(fixed),
        per_sample_s=_rounded(per_sample),
        fit_error=_rounded(float(np.mean(np.abs((fixed + per_sample * batch) / mean - 1)))),
        noise=Residuals.of(np.ones(1)),
        points=tuple(measured),
    )
    return law.model_copy(update={"noise": Residuals.of(measured[own_point(law, own)])})


def own_point(law: StepTime, own: Size) -> StepPoint:
    """Return the point of a ranker's own size, or where that was left out of the batch nearest to its own."""
    mine = [point for point in law.points if (point.features, point.hidden) == _width(own)]
    return min(mine, key=lambda point: (abs(point.batch - own.batch), -point.batch))


def _steps(recipe: Recipe, budget_s: float, seed: int, clock: Clock) -> Iterator[tuple[Size, Step]]:
    """Yield the sizes that can be timed within a ranker's budget, each with a step that is warm."""
    sizes = sizes_of(recipe)
    for size in sizes:
        step = recipe.make(size, seed)
        step()
        if _timed(step, clock) * FEWEST_STEPS < budget_s / len(sizes):
            yield size, step


def _check(steps: Mapping[str, Mapping[Size, object]], budget_s: float) -> None:
    """Refuse a budget that leaves a ranker fewer than two batches of its own size."""
    thin = [
        name
        for name, found in steps.items()
        if sum((size.features, size.hidden) == _width(RECIPES[name].own) for size in found) < 2
    ]
    if thin:
        enough = max(60.0, 3 * budget_s)
        raise InputError(
            f"--budget: {budget_s:g}s does not suffice for steps of {', '.join(thin)}; give {enough:g}s or more, or "
            "fewer rankers"
        )


def _width(size: Size) -> tuple[int, int]:
    """Return what a size is but for its batch."""
    return size.features, size.hidden


def _rounds(
    steps: Mapping[str, Mapping[Size, Step]],
    budget_s: float,
    seed: int,
    on_progress: Progress | None,
    clock: Clock,
) -> tuple[Mapping[str, Mapping[Size, list[float]]], bool]:
    """Return the seconds of steps by ranker and size, visited in random order, and whether the budget was spent.

    At least FEWEST_STEPS a size; raises KeyboardInterrupt on Ctrl-C before that.
    """
    rng = np.random.default_rng(seed)
    every = [(name, size, step) for name, found in steps.items() for size, step in found.items()]
    seconds: dict[str, defaultdict[Size, list[float]]] = {name: defaultdict(list) for name in steps}
    began, rounds = clock(), 0
    try:
        while rounds * STEPS_A_VISIT < FEWEST_STEPS or (
            clock() - began < budget_s and rounds * STEPS_A_VISIT < ENOUGH_STEPS
        ):
            for i in rng.permutation(len(every)):
                name, size, step = every[i]
                seconds[name][size] += [_timed(step, clock) for _ in range(STEPS_A_VISIT)]
                if on_progress is not None:
                    on_progress(min(clock() - began, budget_s), budget_s, f"{name}, {size.batch:,} samples")
            rounds += 1
    except KeyboardInterrupt:
        if rounds * STEPS_A_VISIT < FEWEST_STEPS:
            raise
        return seconds, False
    return seconds, True


def _timed(step: Step, clock: Clock) -> float:
    """Return the seconds of one step."""
    began = clock()
    step()
    return clock() - began


def _points(steps: Mapping[Size, Step], seconds: Mapping[Size, list[float]]) -> dict[StepPoint, FloatArray]:
    """Return the points of a ranker with the seconds of their steps."""
    found = {}
    for size, step in steps.items():
        timed = np.array(seconds[size])
        point = StepPoint(
            batch=size.batch,
            features=size.features,
            hidden=size.hidden,
            parameters=step.size,
            steps=timed.size,
            mean_s=_rounded(float(timed.mean())),
            quantiles_s=tuple(map(_rounded, quantiles_of(timed))),
            peak_bytes=_peak_bytes(step),
        )
        found[point] = timed
    return found


def _peak_bytes(step: Step) -> int:
    """Return the most memory that one more step takes while it runs."""
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _rounded(value: float) -> float:
    """Return a number to six significant digits."""
    return float(f"{value:.{DIGITS}g}")
