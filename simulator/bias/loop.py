"""The loop: recommend, read, click, log, learn, and again.

Arms that run beside each other share users' requests between them; what differs between two runs under the same seed is
what their policies do.

Shapes: R replications, U users, I items, k places of a list, T steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.arm import ActiveArm
from simulator.bias.course import Course, Seen
from simulator.bias.impressions import Impressions, blank
from simulator.bias.log import Log, Weighing, new_log
from simulator.bias.luck import Luck
from simulator.bias.ranking import Asked
from simulator.bias.reading import Reader, expected_clicks, read
from simulator.bias.recommenders.base import Now
from simulator.bias.recommenders.oracle import true_best
from simulator.bias.world import Arrivals, BiasWorld
from simulator.scenario.bias import Policy

__all__ = ["ASKED_ABOUT_REGRET", "MOST_MEASURED", "Setting", "expected_of", "run_arm", "step_rows", "weights_clip"]

ASKED_ABOUT_REGRET = 200
"""Users whose best lists are worked out for regret, where there are more."""
MOST_MEASURED = 40
"""Steps that are measured, evenly over the run, where there are more."""
UNCLIPPED = 1e6


@dataclass(frozen=True, eq=False)
class Setting:
    """What all arms of a scenario have in common.

    Attributes
    ----------
    world, coming, reader, luck
        The users and items, when items come, how lists are read, and where draws come from.
    slots, steps
        k and T.
    start_clicks, known_at
        What each item is counted with before the first click, and from how many it counts as discovered.
    """

    world: BiasWorld
    coming: Arrivals
    reader: Reader
    luck: Luck
    slots: int
    steps: int
    start_clicks: float
    known_at: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """R, U and k."""
        return self.luck.replications, self.world.users, self.slots

    def now(self, step: int) -> Now:
        """Return the state of the world in `step`."""
        return Now(step, self.coming.alive[step], self.slots, self.luck, self.world)

    def asked(self, purpose: str, step: int, mine: NDArray[np.bool_]) -> Asked:
        """Return the requests of `step` by the users `mine`, with the streams of `purpose`."""
        return Asked(self.luck.streams(purpose), step * self.world.users, mine)

    def log(self, *policies: Policy) -> Log:
        """Return an empty log that keeps what any of `policies` learns from."""
        R, _, k = self.shape
        keeps = any(policy.recommender == "personalised" for policy in policies)
        return new_log((R, self.coming.born.shape[1], k), keeps=keeps)


def run_arm(
    policy: Policy,
    setting: Setting,
    on_step: Callable[[], None],
    *,
    measured: bool = True,
    on_rows: Callable[[int, Impressions], None] = lambda *_: None,
) -> tuple[Log, Course]:
    """Return the log and the course of `policy` alone, with all users.

    Parameters
    ----------
    on_step
        Called after each step.
    measured
        Whether measures are taken beside clicks.
    on_rows
        Called with each step and its rows, which the next step writes over.
    """
    R, users, _ = setting.shape
    arm = ActiveArm(policy, setting.log(policy), setting.start_clicks)
    course = Course(np.full(setting.coming.born.shape, -1))
    everybody, rows = np.ones((R, users), dtype=bool), blank(*setting.shape)
    wanted = set(np.linspace(0, setting.steps - 1, min(setting.steps, MOST_MEASURED)).round().astype(int).tolist())
    best: tuple[bytes, NDArray[np.floating]] | None = None
    for step in range(setting.steps):
        now, before = setting.now(step), arm.log.shown.copy() if measured and step in wanted else None
        ranked = step_rows([(arm, everybody)], rows, setting, now)
        on_rows(step, rows)
        arm.log.add(rows, everybody, Weighing(weights_clip(policy), now.alive))
        course.clicks.append(rows.click.sum(axis=(1, 2)) / users)
        _discover(course, arm.log, setting, step)
        if before is not None:
            best = _best(best, setting, now)
            seen = _seen(rows, ranked, setting, now, course.clicks[-1], best[1])
            course.measure(arm.log, before, seen, now)
        on_step()
    return arm.log, course


def step_rows(
    arms: list[tuple[ActiveArm, NDArray[np.bool_]]],
    rows: Impressions,
    setting: Setting,
    now: Now,
    lift: NDArray[np.float32] | None = None,
) -> NDArray[np.int32]:
    """Write one step's rows of `arms`, each with the users that it serves, shape (R, U); log nothing.

    Returns what the first users were to be shown before exploration, shape (R, n, k).

    Parameters
    ----------
    lift
        By how much more each user clicks, shape (U,) or (R, U); nobody does unless given.
    """
    few = min(setting.world.users, ASKED_ABOUT_REGRET)
    rankings = [
        arm.rank(rows, setting.asked("ranking", now.step, mine), now, setting.coming.born) for arm, mine in arms
    ]
    ranked = rows.item[:, :few].copy()
    for (arm, mine), ranking in zip(arms, rankings, strict=True):
        arm.explore(rows, ranking, setting.asked("exploration", now.step, mine), now)
        if not arm.ranks(now.step):  # nothing better was there to be shown
            np.copyto(ranked, rows.item[:, :few], where=mine[:, :few, None])
    chance = setting.world.probability(rows.item, now.step)
    if lift is not None:
        chance = np.minimum(chance * lift[..., None], np.float32(1.0))
    read(setting.reader, chance, rows.click, setting.asked("reading", now.step, np.ones(rows.item.shape[:2], bool)))
    return ranked


def weights_clip(policy: Policy) -> float:
    """Return the largest weight of a row."""
    return policy.weights.clip if policy.weights else UNCLIPPED


def _discover(course: Course, log: Log, setting: Setting, step: int) -> None:
    """Note the items that have enough clicks since this step."""
    course.discovered_at[(course.discovered_at < 0) & (log.clicks >= setting.known_at)] = step


def _best(
    known: tuple[bytes, NDArray[np.floating]] | None, setting: Setting, now: Now
) -> tuple[bytes, NDArray[np.floating]]:
    """Return the expected clicks on the best lists, shape (R,), under a key of what they depend on."""
    key = now.alive.tobytes() + now.world.appeal(now.step)[:, :1].tobytes()
    if known is not None and known[0] == key:
        return known
    lists = true_best(now, min(setting.world.users, ASKED_ABOUT_REGRET))
    return key, expected_of(lists, setting, now)


def expected_of(lists: NDArray[np.int32], setting: Setting, now: Now, users: int | None = None) -> NDArray[np.floating]:
    """Return the mean expected clicks of the first users on their lists, shape (R, n, k): shape (R,).

    Parameters
    ----------
    users
        How many read the same list of shape (R, 1, k); unless given, each has its own.
    """
    own = lists if users is None else np.repeat(lists, users, axis=1)
    return np.asarray(expected_clicks(setting.reader, now.world.probability(own, now.step)).mean(axis=1, dtype=float))


def _seen(
    rows: Impressions,
    ranked: NDArray[np.int32],
    setting: Setting,
    now: Now,
    clicks: NDArray[np.floating],
    best: NDArray[np.floating],
) -> Seen:
    """Return what is measured of one step."""
    shown = np.ascontiguousarray(rows.item[:, : ranked.shape[1]])
    return Seen(
        rows.item, clicks, expected_of(shown, setting, now), expected_of(ranked, setting, now), best, setting.known_at
    )
