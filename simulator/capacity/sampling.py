"""How many queries and replications a run takes: its warm-up, and replications until an interval is tight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from simulator.engine.plan import Plan
from simulator.engine.replications import Progress, replicate
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import estimate
from simulator.statistics.load import Load
from simulator.statistics.measures import levels_of, thresholds_of
from simulator.statistics.summary import Summary, summarise_for
from simulator.statistics.warmup import batch_size, mser, planned_warmup

__all__ = ["LEVELS", "Sampled", "Until", "sample"]

LEVELS = (50.0, 90.0, 95.0, 99.0, 99.9)


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


class Sampled(NamedTuple):
    """The plan as it was run, the summary of each of its replications, and whether these are all."""

    plan: Plan
    summaries: tuple[Summary, ...]
    complete: bool = True


def sample(
    scenario: Scenario,
    plan: Plan,
    load: Load,
    engine: str,
    until: Until | None = None,
    on_progress: Progress | None = None,
) -> Sampled:
    """Return what the replications of `plan` show.

    The warm-up is the floor that the load asks for, or what MSER finds in the mean over replications if that is more.
    With `until`, replications are added, as many as the interval so far asks for, until it is tight or the budget ends.
    On Ctrl-C, the replications that have ended are what is shown; if none has, the beginnings of those at work are.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before there is anything to show.
    """
    objectives = [objective for objective, _ in scenario.objectives]
    levels, thresholds = levels_of(objectives, LEVELS), thresholds_of(objectives)
    found: list[Summary] = []

    def more() -> tuple[Summary, ...]:
        """Return the summaries of all replications of `plan`, those that are missing simulated."""
        summarise = summarise_for(plan, levels, thresholds)
        found.extend(replicate(plan, engine, summarise, len(found), on_progress))
        return tuple(found)

    automatic = scenario.traffic.warmup == "auto"
    if automatic:
        plan = replace(plan, warmup=planned_warmup(plan, load))
    try:
        summaries = more()
        if automatic and plan.settles and not load.saturated(plan):
            batches = np.mean([summary.series for summary in summaries], axis=0)
            settled = mser(batches) * batch_size(plan.total_queries)
            if settled > plan.warmup:
                plan = replace(plan, warmup=settled)
                found.clear()
                summaries = more()
        while until is not None and not load.saturated(plan):
            wanted = _replications_for(until, summaries)
            if wanted <= plan.replications:
                break
            plan = replace(plan, replications=wanted)
            summaries = more()
    except KeyboardInterrupt as interrupt:
        return _cut_short(plan, [*found, *getattr(interrupt, "found", ())])
    return Sampled(plan, summaries)


def _cut_short(plan: Plan, found: Sequence[Summary]) -> Sampled:
    """Return what was found by the time of an interrupt; raises KeyboardInterrupt if that is nothing."""
    begun = [summary for summary in found if summary.conservation.arrived > plan.warmup]
    whole = [summary for summary in begun if summary.conservation.arrived == plan.total_queries]
    shown = tuple(whole or begun)
    if not shown:
        raise KeyboardInterrupt
    queries = min(summary.conservation.arrived for summary in shown) - plan.warmup
    return Sampled(replace(plan, replications=len(shown), queries=queries), shown, complete=False)


def _replications_for(until: Until, summaries: tuple[Summary, ...]) -> int:
    """Return the replications that the interval so far asks for, within the budget; as many as now if it is tight."""
    now = len(summaries)
    half = estimate([summary.latency["p99"] for summary in summaries]).relative_half
    if half <= until.share:
        return now
    wanted = now + 2 if math.isnan(half) else math.ceil(now * (half / until.share) ** 2)
    return max(now, min(max(wanted, now + 2), until.most))
