"""How a run went through a fault or a recording: the replications' courses put together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.engine.plan import Plan
from simulator.statistics.course import course_step
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.summary import Summary

__all__ = ["CourseStep", "course_of"]


@dataclass(frozen=True)
class CourseStep:
    """The queries that arrived in one step of time: a second's worth of all and of those answered; p99 in seconds."""

    from_s: float
    to_s: float
    offered_qps: float
    goodput_qps: Estimate
    p99: Estimate


def course_of(plan: Plan, summaries: Sequence[Summary]) -> tuple[CourseStep, ...]:
    """Return the steps of a run of which `course_step` says that there are any, none of another run."""
    step, columns = course_step(plan), np.array([summary.course for summary in summaries])  # (replications, 3, W)
    return tuple(
        CourseStep(w * step, (w + 1) * step, float(offered.mean()), estimate(goodput.tolist()), estimate(p99.tolist()))
        for w, (offered, goodput, p99) in enumerate(columns.transpose(2, 1, 0))
    )
