"""How many queries and replications a run takes: its warm-up, and replications until an interval is tight."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from simulator.engine.plan import Plan
from simulator.engine.replications import replicate
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import estimate
from simulator.statistics.load import Load
from simulator.statistics.measures import levels_of, thresholds_of
from simulator.statistics.summary import Summary, summarise_for
from simulator.statistics.warmup import batch_size, mser, planned_warmup

__all__ = ["LEVELS", "Progress", "Until", "sample"]

LEVELS = (50.0, 90.0, 95.0, 99.0, 99.9)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Until:
    """When to stop adding replications.

    Attributes
    ----------
    share
        Half the interval of the p99 over its value that is tight enough.
    most
        The budget: replications in all.
    """

    share: float
    most: int


def sample(
    scenario: Scenario,
    plan: Plan,
    load: Load,
    engine: str,
    until: Until | None = None,
    on_progress: Progress | None = None,
) -> tuple[Plan, tuple[Summary, ...]]:
    """Return the plan as it was run, with its warm-up and replications, and the summary of each replication.

    The warm-up is the floor that the load asks for, or what MSER finds in the mean over replications if that is more.
    With `until`, replications are added, as many as the interval so far asks for, until it is tight or the budget ends.
    """
    objectives = [objective for objective, _ in scenario.objectives]
    levels, thresholds = levels_of(objectives, LEVELS), thresholds_of(objectives)

    def more(plan: Plan, done: tuple[Summary, ...] = ()) -> tuple[Summary, ...]:
        """Return the summaries of all replications of `plan`, of which the first are `done`."""
        found = list(done)
        for summary in replicate(plan, engine, summarise_for(plan, levels, thresholds), first=len(done)):
            found.append(summary)
            if on_progress:
                on_progress(len(found), plan.replications)
        return tuple(found)

    automatic = scenario.traffic.warmup == "auto"
    if automatic:
        plan = replace(plan, warmup=planned_warmup(plan, load))
    summaries = more(plan)
    if automatic and plan.settles and not load.saturated(plan):
        batches = np.mean([summary.series for summary in summaries], axis=0)
        settled = mser(batches) * batch_size(plan.total_queries)
        if settled > plan.warmup:
            plan = replace(plan, warmup=settled)
            summaries = more(plan)
    while until is not None and not load.saturated(plan):
        wanted = _replications_for(until, summaries)
        if wanted <= plan.replications:
            break
        plan = replace(plan, replications=wanted)
        summaries = more(plan, summaries)
    return plan, summaries


def _replications_for(until: Until, summaries: tuple[Summary, ...]) -> int:
    """Return the replications that the interval so far asks for, within the budget; as many as now if it is tight."""
    now = len(summaries)
    half = estimate([summary.latency["p99"] for summary in summaries]).relative_half
    if half <= until.share:
        return now
    wanted = now + 2 if math.isnan(half) else math.ceil(now * (half / until.share) ** 2)
    return max(now, min(max(wanted, now + 2), until.most))
