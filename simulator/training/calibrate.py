"""Measure training steps, and learning curves where they are asked for: a training profile of this machine."""

from collections.abc import Sequence

from simulator.costs.calibrate import provenance
from simulator.training.curve_runs import measure_runs
from simulator.training.profile import RankerTraining, Runs, StepTime, TrainingProfile, load_training_profile
from simulator.training.step_recipes import RECIPES
from simulator.training.step_time import Progress, measure_steps, own_point

__all__ = ["calibrate_training"]

SLOW_CURVES = {"bilstm": (6, 3), "transformer": (6, 3), "cross_encoder": (6, 3)}
"""Numbers of samples and seeds of the rankers that take the longest to train; the others have 8 and 5."""


def calibrate_training(
    rankers: Sequence[str],
    budget_s: float,
    name: str,
    seed: int = 0,
    *,
    curves: bool = False,
    on_progress: Progress | None = None,
) -> tuple[TrainingProfile, bool]:
    """Return the training profile of `rankers` on this machine, called `name`, and whether all was measured.

    After Ctrl-C it is of the steps so far; curves that were not ended are those of the shipped profile.

    Parameters
    ----------
    curves
        Whether learning curves are made anew, which takes minutes a ranker; else they are those of the shipped profile,
        as errors do not hang on the machine.

    Raises
    ------
    InputError
        Where a ranker is none of ours, or the budget does not suffice.
    """
    steps, complete = measure_steps(rankers, budget_s, seed, on_progress)
    shipped = load_training_profile("default").rankers
    runs = {ranker: shipped[ranker].runs for ranker in steps if ranker in shipped}
    try:
        for ranker in steps if curves and complete else ():
            runs[ranker] = _runs(ranker, on_progress)
    except KeyboardInterrupt:
        complete = False
    trained = {ranker: training_of(ranker, step, runs.get(ranker)) for ranker, step in steps.items()}
    return TrainingProfile(name=name, provenance=provenance(), rankers=trained), complete


def training_of(ranker: str, step: StepTime, runs: Runs | None) -> RankerTraining:
    """Return what training a ranker takes, from its steps and its runs."""
    recipe = RECIPES[ranker]
    own = own_point(step, recipe.own)
    return RankerTraining(parameters=own.parameters, epochs=recipe.epochs, batch=recipe.own.batch, step=step, runs=runs)


def _runs(ranker: str, on_progress: Progress | None) -> Runs:
    """Return the runs of a ranker's learning curve."""
    points, seeds = SLOW_CURVES.get(ranker, (8, 5))

    def report(done: float, total: float) -> None:
        if on_progress is not None:
            on_progress(done, total, f"learning curve of {ranker}")

    return measure_runs(ranker, "synthetic", points, seeds, report)
