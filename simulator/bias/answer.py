"""What a bias section asks, answered: every policy alone under the same luck, and the experiments between them.

Shapes: R replications, I items, k places of a list, C steps measured.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulator.bias.course import MEASURES, Course
from simulator.bias.estimators import FEWEST
from simulator.bias.experiment import ExperimentAnswer, run_experiment
from simulator.bias.impressions import Impressions
from simulator.bias.log import Log
from simulator.bias.logging_load import LoggingLoad, logging_load
from simulator.bias.loop import ASKED_ABOUT_REGRET, Setting, expected_of, run_arm
from simulator.bias.recommenders.base import Learnt, best_lists
from simulator.bias.recommenders.oracle import chances_of
from simulator.bias.recommenders.popular_first import rates
from simulator.bias.row_log import RowLog, check_rows
from simulator.bias.setup import make_setting
from simulator.errors import Interrupted
from simulator.scenario.bias import Bias, Policy
from simulator.scenario.model import Scenario, Study
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["ArmAnswer", "BiasAnswer", "Line", "find_bias"]

Floats = NDArray[np.floating]
OnProgress = Callable[[float, float], None]

OVER_THE_RUN = frozenset({"click_rate", "regret", "exploration_cost"})
"""Measures whose figure is their mean over the run; the others' is that of the last step."""


@dataclass(frozen=True, eq=False)
class Line:
    """A measure over time: its steps, mean and 95% interval over replications, shape (C,) each."""

    steps: NDArray[np.int64]
    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class ArmAnswer:
    """What one policy does to its own data.

    Attributes
    ----------
    name, policy
        Which.
    totals
        By measure, over the run or at its end (see OVER_THE_RUN).
    lines
        By measure, over time.
    by_rank
        Share of what was shown so far that the most shown item has, the second, and so on: (step, ranks from 1, shares)
        of the first, a middle and the last step measured.
    difference
        Clicks per request more than the first arm's, paired by replication; None of the first itself.
    rows, random_rows
        Rows logged in a replication, and those of random items.
    effective
        The effective sample size of the log for what random lists would bring.
    largest_weight
        Of a row, 1 being that of a random list; the mean over replications.
    learnt
        Clicks that the best list learnt from this log would bring, over those of the best one list for all.
    looks
        By place, how often it is clicked on random lists, over the first place; None without random lists.
    true_looks
        What that should be, known of reading by position alone.
    found
        Share of the items that came in the first half of the run that had enough clicks within half a run.
    found_after
        Steps that it took, items that did not counted with half a run.
    warnings
        What to be careful about.
    """

    name: str
    policy: Policy
    totals: dict[str, Estimate]
    lines: dict[str, Line]
    by_rank: tuple[tuple[int, NDArray[np.int64], Floats], ...]
    difference: Estimate | None
    rows: int
    random_rows: Estimate
    effective: Estimate
    largest_weight: Estimate
    learnt: Estimate
    looks: tuple[Estimate, ...] | None
    true_looks: tuple[float, ...] | None
    found: Estimate | None
    found_after: Estimate | None
    warnings: tuple[str, ...]

    @property
    def cost(self) -> Estimate:
        """Clicks per request that exploration costs."""
        return self.totals["exploration_cost"]


@dataclass(frozen=True, eq=False)
class BiasAnswer:
    """The answer to a bias section.

    Attributes
    ----------
    study, bias
        What was asked.
    users, items
        Users, and items at the start and at the end.
    arms
        Every policy alone.
    ab_test, holdout
        The experiments, where they are asked for.
    load
        What logging takes at the scenario's load, where it has one.
    complete
        Whether all was simulated that was asked, and not only the first arms or one of the experiments.
    """

    study: Study
    bias: Bias
    users: int
    items: tuple[int, int]
    arms: tuple[ArmAnswer, ...]
    ab_test: ExperimentAnswer | None
    holdout: ExperimentAnswer | None
    load: tuple[LoggingLoad, ...]
    complete: bool = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, those of an arm under its name."""
        experiments = [one for one in (self.ab_test, self.holdout) if one]
        own = [f"{arm.name}: {text}" for arm in self.arms for text in arm.warnings]
        return (*own, *(text for one in experiments for text in one.warnings))


def find_bias(study: Study, on_progress: OnProgress = lambda *_: None, row_log: RowLog | None = None) -> BiasAnswer:
    """Return what `study`, which has a bias section, asks.

    Parameters
    ----------
    on_progress
        Called with (steps done, steps in all).
    row_log
        Takes in every row of the first replication, where it is wanted.

    Raises
    ------
    InputError, TooLargeError
        As `make_setting` and `check_rows` do.
    Interrupted
        On Ctrl-C, with the answer of the arms that are done by then, if any is.
    """
    bias = study.bias
    if bias is None:
        raise ValueError("a study with a bias section")
    setting = make_setting(bias, study.seed)
    if row_log is not None:
        check_rows(bias, setting.world.users)
    policies = bias.policies()
    experiments = [one for one in (bias.ab_test, bias.holdout) if one]
    total = setting.steps * (len(policies) + 3 * len(experiments))
    done = 0

    def on_step() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    alive = setting.coming.alive
    answer = BiasAnswer(
        study,
        bias,
        setting.world.users,
        (int(alive[0].mean()), round(float(alive[-1].mean()))),
        arms=(),
        ab_test=None,
        holdout=None,
        load=logging_load(study) if isinstance(study, Scenario) else (),
    )
    clicks: list[Floats] = []
    try:
        for name, policy in policies.items():
            log, course = run_arm(policy, setting, on_step, on_rows=partial(row_log.add, name) if row_log else _nothing)
            clicks.append(np.mean(course.clicks, axis=0))
            difference = estimate((clicks[-1] - clicks[0]).tolist()) if answer.arms else None
            arm = _arm((name, policy), log, course, setting, difference)
            answer = replace(answer, arms=(*answer.arms, arm))
        if bias.ab_test:
            answer = replace(answer, ab_test=run_experiment(bias.ab_test, bias, setting, on_step))
        if bias.holdout:
            answer = replace(answer, holdout=run_experiment(bias.holdout, bias, setting, on_step))
    except KeyboardInterrupt as interrupt:
        if not answer.arms:
            raise
        raise Interrupted(replace(answer, complete=False)) from interrupt
    return answer


def _nothing(step: int, rows: Impressions) -> None:
    """Keep no rows."""


def _arm(
    asked: tuple[str, Policy], log: Log, course: Course, setting: Setting, difference: Estimate | None
) -> ArmAnswer:
    """Return what the log and the course of an arm say."""
    name, policy = asked
    totals = {
        measure: estimate(
            np.mean(course.values[measure], axis=0).tolist()
            if measure in OVER_THE_RUN
            else course.values[measure][-1].tolist()
        )
        for measure in MEASURES
    }
    totals["click_rate"] = estimate(np.mean(course.clicks, axis=0).tolist())  # of every step, also those not measured
    looks, true_looks = _looks(log, setting)
    found, after = _new_items(course, setting)
    return ArmAnswer(
        name,
        policy,
        totals,
        lines={measure: _line(course, measure) for measure in MEASURES},
        by_rank=tuple(course.by_rank[at] for at in sorted({0, len(course.by_rank) // 2, len(course.by_rank) - 1})),
        difference=difference,
        rows=int(log.weights[0, 0]),
        random_rows=estimate(log.weights[:, 1].tolist()),
        effective=estimate(log.effective.tolist()),
        largest_weight=estimate(log.weights[:, 4].tolist()),
        learnt=_learnt(log, setting),
        looks=looks,
        true_looks=true_looks,
        found=found,
        found_after=after,
        warnings=_warnings(log, policy),
    )


def _line(course: Course, measure: str) -> Line:
    """Return a measure over time."""
    found = [estimate(values.tolist()) for values in course.values[measure]]
    value, low, high = (np.array([getattr(one, part) for one in found]) for part in ("value", "low", "high"))
    return Line(np.array(course.steps), value, low, high)


def _learnt(log: Log, setting: Setting) -> Estimate:
    """Return what the best list by the log's weighed click rates is worth, over what the best by the truth is."""
    now = setting.now(setting.steps - 1)
    learnt = rates(Learnt(log.weighed_clicks, log.weighed_shown, 0.0, log))
    users, truth = min(setting.world.users, ASKED_ABOUT_REGRET), np.zeros_like(learnt)
    for r in range(len(truth)):
        for _, chance in chances_of(now, r, users):
            truth[r] += chance.sum(axis=0, dtype=float)
    worth = [expected_of(best_lists(score, now).lists, setting, now, users) for score in (learnt, truth)]
    return estimate((worth[0] / worth[1]).tolist())


def _looks(log: Log, setting: Setting) -> tuple[tuple[Estimate, ...] | None, tuple[float, ...] | None]:
    """Return clicks by place of random lists over those of the first place, and what they should be."""
    if not (log.hit[:, 0] > 0).all():
        return None, None
    rate = log.hit / np.maximum(log.tried, 1.0)  # (R, k)
    ratio = rate / rate[:, :1]
    known = setting.reader.by_position
    return tuple(estimate(ratio[:, j].tolist()) for j in range(ratio.shape[1])), known


def _new_items(course: Course, setting: Setting) -> tuple[Estimate | None, Estimate | None]:
    """Return the share of the items of the first half that were found within half a run, and after how many steps."""
    window = setting.steps // 2
    born = setting.coming.born
    young = (born > 0) & (born < setting.steps - window)
    if not young.any(axis=1).all():
        return None, None
    after = np.where(course.discovered_at >= 0, course.discovered_at - born, window)
    limited = np.minimum(after, window)
    share = [float(np.mean(limited[r, young[r]] < window)) for r in range(len(born))]
    return estimate(share), estimate([float(limited[r, young[r]].mean()) for r in range(len(born))])


def _warnings(log: Log, policy: Policy) -> tuple[str, ...]:
    """Return what to be careful about when learning from this log."""
    found = []
    effective, largest = float(log.effective.mean()), float(log.weights[:, 4].mean())
    covered = log.weights[:, 2] / np.maximum(log.weights[:, 0], 1.0)
    if float(covered.mean()) < 0.9:
        found.append(
            f"its log cannot say what lists of other items would bring: it shows {covered.mean():.1%} of what "
            "random lists do; give a share of traffic random lists (exploration: 1%)"
        )
    elif effective < FEWEST:
        found.append(
            f"its log is worth only {effective:,.0f} random rows, below {FEWEST}: raise exploration, or run longer"
        )
    if policy.weights and largest >= policy.weights.clip:
        found.append(
            f"weights reach the clip of {policy.weights.clip:g}: what is learnt is biased; raise clip or exploration"
        )
    return tuple(found)
