"""The bias loop as its tests run it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.bias.arm import ActiveArm
from simulator.bias.course import Course
from simulator.bias.impressions import Impressions, blank
from simulator.bias.log import Log, Weighing
from simulator.bias.loop import Setting, run_arm, step_rows, weights_clip
from simulator.bias.setup import make_setting
from simulator.scenario.bias import Bias, Policy


def asked(seed: int = 1, **bias: Any) -> tuple[Policy, Setting]:
    """Return the only policy of a bias section and what it runs on."""
    section = Bias.model_validate(bias)
    (policy,) = section.policies().values()
    return policy, make_setting(section, seed)


def ran(seed: int = 1, *, measured: bool = False, **bias: Any) -> tuple[Log, Course, Setting]:
    """Return the log and the course of a bias section's only policy, and what it ran on."""
    policy, setting = asked(seed, **bias)
    return *run_arm(policy, setting, lambda: None, measured=measured), setting


def steps_of(policy: Policy, setting: Setting) -> Iterator[tuple[Impressions, Log]]:
    """Yield the rows and the log after each step of `policy`; both are written over by the next."""
    arm = ActiveArm(policy, setting.log(policy), setting.start_clicks)
    rows, everybody = blank(*setting.shape), np.ones(setting.shape[:2], dtype=bool)
    for step in range(setting.steps):
        now = setting.now(step)
        step_rows([(arm, everybody)], rows, setting, now)
        arm.log.add(rows, everybody, Weighing(weights_clip(policy), now.alive))
        yield rows, arm.log


def holds(found: Any, expected: Any) -> bool:
    """Whether the mean over replications, the first axis, is what is expected, within 4 of its standard errors."""
    found = np.asarray(found, dtype=float)
    error = found.std(axis=0, ddof=1) / len(found) ** 0.5
    return bool((np.abs(found.mean(axis=0) - expected) < 4 * error).all())
