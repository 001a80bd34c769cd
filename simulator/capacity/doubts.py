"""What makes a run's own numbers doubtful, in words for the reader."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simulator.engine.plan import Plan
from simulator.engine.traffic import DAILY
from simulator.statistics.intervals import Estimate
from simulator.statistics.load import Load
from simulator.statistics.warmup import enough_queries

if TYPE_CHECKING:
    from simulator.capacity.run_answer import Judged

__all__ = ["doubts_about", "doubts_about_classes"]


def doubts_about(plan: Plan, load: Load, latency: dict[str, Estimate]) -> list[str]:
    """Return what makes the run's own numbers doubtful."""
    doubts = []
    enough = enough_queries(plan, load)
    if load.highest < 1 and enough > plan.queries:
        doubts.append(
            f"the run is short for its load: at {load.highest:.0%} utilisation {enough:,} queries a replication make "
            f"its intervals hold, and {plan.queries:,} are measured; raise traffic.queries"
        )
    if load.highest < 1 <= load.at_peak:
        doubts.append(_overloaded_meanwhile(plan, load))
    if plan.replications < 2:
        doubts.append("one replication gives no interval and no verdict; set traffic.replications to 2 or more")
    short = [name for name, found in latency.items() if np.isnan(found.value)]
    if short:
        doubts.append(f"too few queries for {', '.join(short)}; raise traffic.queries")
    return doubts


def _overloaded_meanwhile(plan: Plan, load: Load) -> str:
    """Return what happens where a run's highest rate is beyond capacity although its mean rate is not."""
    busiest = load.busiest(plan)
    queue = "the broker's merge" if busiest == "merge" else f"stage {busiest}"
    offered = f"{queue} is offered {load.at_peak:.0%} of what it can serve"
    if plan.arrivals.kind == DAILY:
        minutes = round(plan.arrivals.peak_s / 60)
        return (
            f"at the day's peak, {minutes // 60}:{minutes % 60:02}, {offered}: a backlog grows around it and drains "
            "later, and the latencies are those of the whole run, quiet hours included"
        )
    return f"during a burst {offered}: each burst leaves a backlog, and the latencies are those of all queries"


def doubts_about_classes(classes: "Sequence[tuple[str, tuple[Judged, ...]]]") -> list[str]:
    """Return which objectives have too few queries; `classes` are their names and the verdicts on each."""
    return [
        f"too few queries of class {name} for {judged.objective.text}; raise traffic.queries"
        for name, verdicts in classes
        for judged in verdicts
        if np.isnan(judged.estimate.value)
    ]
