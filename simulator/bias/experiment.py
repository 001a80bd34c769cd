"""What an experiment between two arms would have told, and what is true.

Every replication is one experiment, as a team would have run it once: how often it would have found a difference, and
how far its difference is from what shipping makes, which is known here because each arm is also run alone.

Shapes: R replications, U users, T steps from the start, L looks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.ab_test import effect, sample_ratio
from simulator.bias.backtest import EffectCourse, NoveltyFit, fit_novelty
from simulator.bias.cuped import cuped
from simulator.bias.loop import Setting
from simulator.bias.sequential import critical_values, crossing, first_crossing
from simulator.bias.sizing import power, rows_per_arm
from simulator.bias.trial import Trial, run_trial, treated_users
from simulator.errors import InputError
from simulator.scenario.bias import Bias, Experiment
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["ExperimentAnswer", "Lookings", "run_experiment"]

Floats = NDArray[np.floating]
ALPHA = 0.05
FEWEST_PERIODS = 5


@dataclass(frozen=True)
class Lookings:
    """How often experiments found a difference when looked at several times.

    Attributes
    ----------
    looks
        How often.
    naive, corrected
        The share that found one, by the limit of a single look each time, and by O'Brien and Fleming's limits.
    inflation
        How often the limit of a single look each time finds one where there is none: 5% of a single look.
    """

    looks: int
    naive: float
    corrected: float
    inflation: float


@dataclass(frozen=True, eq=False)
class ExperimentAnswer:
    """An experiment, repeated.

    Attributes
    ----------
    experiment
        What was asked.
    users
        Users of the control and of the treatment, mean over replications.
    control, treatment
        Clicks per request from the start on.
    seen
        The difference between users of both arms, per request.
    truth
        The difference between the treatment alone and the control alone, per request.
    gap
        Seen less true, paired by replication: what sharing a world does to the result.
    found
        The share of the replications that found a difference at 5%, at the end.
    found_adjusted
        The same with clicks from before the start taken out (CUPED).
    variance_left
        The variance that is left by that.
    powered
        The power to see the true difference with these users.
    wanted_users
        Users in each of two equal arms that would see it with a power of 80%; None where there is none.
    looking
        What looking several times does; None of a single look.
    mismatched
        The share of the replications whose users are not split as they were meant to be (p < .001).
    course
        The difference in each step from the start on, with its interval: (T,) each.
    novelty
        What the difference settles at, and how much of it was novelty; None of fewer than 5 steps.
    warnings
        What to be careful about.
    """

    experiment: Experiment
    users: tuple[float, float]
    control: Estimate
    treatment: Estimate
    seen: Estimate
    truth: Estimate
    gap: Estimate
    found: float
    found_adjusted: float
    variance_left: float
    powered: float
    wanted_users: int | None
    looking: Lookings | None
    mismatched: float
    course: tuple[Floats, Floats, Floats]
    novelty: NoveltyFit | None
    warnings: tuple[str, ...]


def run_experiment(
    experiment: Experiment, bias: Bias, setting: Setting, on_step: Callable[[], None]
) -> ExperimentAnswer:
    """Return what `experiment` tells and what is true.

    Raises
    ------
    InputError
        Where an arm has fewer than two users in a replication.
    """
    treated = treated_users(experiment, setting)
    counts = treated.sum(axis=1)
    if counts.min() < 2 or (setting.world.users - counts).min() < 2:
        raise InputError(
            f"bias: an arm of {experiment.control} against {experiment.treatment} has fewer than two users; "
            "raise users, or bring control_share nearer to 50%"
        )
    policies = bias.policies()
    split, control, treatment = (
        run_trial(experiment, policies, setting, who, on_step)
        for who in (treated, np.zeros_like(treated), np.ones_like(treated))
    )
    steps = int(split.looks[-1])
    seen = _difference(split) / steps  # (R,)
    true = np.nanmean(treatment.rates[:, 1], axis=0) - np.nanmean(control.rates[:, 0], axis=0)  # (R,)
    adjusted = cuped(split.looked[-1], split.before)
    deviation = float(np.sqrt(np.mean(_within(split))))
    truth = estimate(true.tolist())
    return ExperimentAnswer(
        experiment,
        (float((setting.world.users - counts).mean()), float(counts.mean())),
        control=estimate(np.nanmean(split.rates[:, 0], axis=0).tolist()),
        treatment=estimate(np.nanmean(split.rates[:, 1], axis=0).tolist()),
        seen=estimate(seen.tolist()),
        truth=truth,
        gap=estimate((seen - true).tolist()),
        found=_found(split.looked[-1], treated),
        found_adjusted=_found(adjusted.outcome, treated),
        variance_left=float(adjusted.variance_left.mean()),
        powered=power(deviation / steps, truth.value, int(counts.mean()), int(setting.world.users - counts.mean())),
        wanted_users=rows_per_arm(deviation / steps, truth.value) if truth.value else None,
        looking=_looking(split, experiment),
        mismatched=_mismatched(experiment, treated),
        course=_course(split),
        novelty=_novelty(split),
        warnings=_warnings(experiment, seen, true),
    )


def _difference(trial: Trial) -> Floats:
    """Return the clicks per user more of the treatment, to the end, shape (R,)."""
    clicks, treated = trial.looked[-1], trial.treated
    return np.asarray(clicks.mean(axis=1, where=treated) - clicks.mean(axis=1, where=~treated))


def _within(trial: Trial) -> Floats:
    """Return the variance of a user's clicks to the end within an arm, of the larger one's users, shape (R,)."""
    larger = trial.treated if trial.treated.mean() >= 0.5 else ~trial.treated
    return np.asarray(trial.looked[-1].var(axis=1, where=larger, ddof=1))


def _found(clicks: Floats, treated: NDArray[np.bool_]) -> float:
    """Return the share of replications in which arms differ at 5%, by each user's `clicks`, shape (R, U)."""
    return float(np.mean([_p_value(one, mine) < ALPHA for one, mine in zip(clicks, treated, strict=True)]))


def _p_value(clicks: Floats, treated: NDArray[np.bool_]) -> float:
    """Return the p-value of one experiment; 1 where no user differs from another."""
    if np.ptp(clicks) == 0:
        return 1.0
    return effect(clicks[~treated], clicks[treated]).p_value


def _looking(trial: Trial, experiment: Experiment) -> Lookings | None:
    """Return how often a difference is found in several looks."""
    if experiment.looks == 1:
        return None
    z = np.stack([_z(clicks, trial.treated) for clicks in trial.looked], axis=1)  # (R, L)
    uncorrected, corrected = (critical_values(z.shape[1], rule) for rule in ("uncorrected", "obrien_fleming"))
    naive, mended = (float(np.mean(first_crossing(z, limits) > 0)) for limits in (uncorrected, corrected))
    return Lookings(z.shape[1], naive, mended, float(crossing(uncorrected).sum()))


def _z(clicks: Floats, treated: NDArray[np.bool_]) -> Floats:
    """Return the difference of arms over its standard error, shape (R,)."""
    means, errors = [], []
    for mine in (treated, ~treated):
        means.append(clicks.mean(axis=1, where=mine))
        errors.append(clicks.var(axis=1, where=mine, ddof=1) / mine.sum(axis=1))
    error = np.sqrt(errors[0] + errors[1])
    return np.asarray(np.divide(means[0] - means[1], error, out=np.zeros_like(error), where=error > 0))


def _mismatched(experiment: Experiment, treated: NDArray[np.bool_]) -> float:
    """Return the share of replications whose users are not split as meant."""
    shares = {"control": experiment.control_share, "treatment": 1 - experiment.control_share}
    doubts = [
        sample_ratio({"control": int((~mine).sum()), "treatment": int(mine.sum())}, shares).doubts for mine in treated
    ]
    return float(np.mean([bool(one) for one in doubts]))


def _course(trial: Trial) -> tuple[Floats, Floats, Floats]:
    """Return the difference in each step with its interval."""
    found = [estimate((step[1] - step[0]).tolist()) for step in trial.rates]
    value, low, high = (np.array([getattr(one, part) for one in found]) for part in ("value", "low", "high"))
    return value, low, high


def _novelty(trial: Trial) -> NoveltyFit | None:
    """Return what the difference settles at; None where steps are few, or replications tell no error."""
    differences = trial.rates[:, 1] - trial.rates[:, 0]  # (T, R)
    T, R = differences.shape
    if T < FEWEST_PERIODS or R < 2:
        return None
    error = differences.std(axis=1, ddof=1) / R**0.5
    if not (error > 0).all():
        return None
    return fit_novelty(EffectCourse(np.arange(T, dtype=float), differences.mean(axis=1), error))


def _warnings(experiment: Experiment, seen: Floats, true: Floats) -> tuple[str, ...]:
    """Return that the experiment misleads, where its difference is not the true one beyond chance."""
    gap, truth = estimate((seen - true).tolist()), estimate(true.tolist())
    if not (gap.low > 0 or gap.high < 0):
        return ()
    why = "they learn from each other's rows" if experiment.shared_log else "each learns from its own users' rows alone"
    who = f"{experiment.treatment} against {experiment.control}"
    said = f"the experiment shows {seen.mean():+.4f} clicks a request, shipping brings {truth.value:+.4f}: {why}"
    return (f"{who}: {said}",)
