"""Two policies beside each other in one world, and what each does when it has the world to itself.

Where arms learn from one log, each is fed by what the other shows: the difference seen between them is not the
difference that shipping would make. Running each alone says what that is.

Shapes: R replications, U users, T steps from the start of the experiment, L looks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.arm import ActiveArm
from simulator.bias.impressions import blank
from simulator.bias.log import Weighing
from simulator.bias.loop import Setting, step_rows, weights_clip
from simulator.scenario.bias import Experiment, Policy

__all__ = ["Trial", "run_trial", "treated_users"]

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Trial:
    """Clicks of every user, before and in an experiment.

    Attributes
    ----------
    treated
        Which users have the treatment, shape (R, U).
    before
        Clicks of each user before the start, shape (R, U).
    looked
        Clicks of each user from the start to each look, shape (L, R, U); the last look is at the end.
    looks
        The step, counted from the start, that each look comes after, shape (L,).
    rates
        Clicks per request of the control's and of the treatment's users, step after step, shape (T, 2, R); NaN where an
        arm has no users.
    """

    treated: NDArray[np.bool_]
    before: Floats
    looked: Floats
    looks: NDArray[np.int64]
    rates: Floats


def treated_users(experiment: Experiment, setting: Setting) -> NDArray[np.bool_]:
    """Return which users get the treatment, each by its own draw, shape (R, U)."""
    return setting.luck.uniforms("arms of users", setting.world.users) >= experiment.control_share


def run_trial(
    experiment: Experiment,
    policies: Mapping[str, Policy],
    setting: Setting,
    treated: NDArray[np.bool_],
    on_step: Callable[[], None],
) -> Trial:
    """Return what users click when those `treated`, shape (R, U), have the treatment from the start on."""
    control_policy, treatment_policy = policies[experiment.control], policies[experiment.treatment]
    past, own, tried = (setting.log(control_policy, treatment_policy) for _ in range(3))
    first = ActiveArm(control_policy, past, setting.start_clicks)
    control = ActiveArm(control_policy, own, setting.start_clicks, (past, tried) if experiment.shared_log else (past,))
    treatment = ActiveArm(
        treatment_policy, tried, setting.start_clicks, (past, own) if experiment.shared_log else (past,)
    )
    R, users, _ = setting.shape
    everybody, rows = np.ones((R, users), dtype=bool), blank(*setting.shape)
    length = setting.steps - experiment.start
    looks = np.unique(np.linspace(0, length, experiment.looks + 1).round().astype(np.int64)[1:])
    before, during = np.zeros((R, users)), np.zeros((R, users))
    looked, rates = [], np.full((length, 2, R), np.nan)
    for step in range(setting.steps):
        now, since = setting.now(step), step - experiment.start
        arms = [(first, everybody)] if since < 0 else [(control, ~treated), (treatment, treated)]
        arms = [(arm, mine) for arm, mine in arms if mine.any()]
        step_rows(arms, rows, setting, now, _lift(experiment, since, treated))
        for arm, mine in arms:
            arm.log.add(rows, mine, Weighing(weights_clip(arm.policy), now.alive))
        clicks = rows.click.sum(axis=2)
        if since < 0:
            before += clicks
        else:
            during += clicks
            rates[since] = _rates(clicks, treated)
            looked += [during.copy()] if since + 1 in looks else []
        on_step()
    return Trial(treated, before, np.stack(looked), looks, rates)


def _lift(experiment: Experiment, since: int, treated: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return how many times as much each user clicks, shape (R, U), `since` steps after the start."""
    novelty = experiment.novelty
    if novelty is None or since < 0:
        return None
    more = novelty.lift * 0.5 ** (since / novelty.half_life)
    return np.where(treated, 1.0 + more, 1.0).astype(np.float32)


def _rates(clicks: NDArray[np.int64], treated: NDArray[np.bool_]) -> Floats:
    """Return the clicks per request of both arms, shape (2, R); NaN where an arm has no users."""
    users = np.stack([(~treated).sum(axis=1), treated.sum(axis=1)]).astype(float)
    sums = np.stack([(clicks * ~treated).sum(axis=1), (clicks * treated).sum(axis=1)])
    return np.asarray(np.divide(sums, users, out=np.full(users.shape, np.nan), where=users > 0))
