"""What one design comes to: NDCG, p99 at the load of the SLA, and cost; first briefly, then with fresh seeds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator.capacity.judged import book_for
from simulator.capacity.optimize_space import Design, scenario_of
from simulator.capacity.price import cost_per_hour, workers_in_all
from simulator.capacity.quality import Quality, cuts_of, quality_of, quality_of_run
from simulator.capacity.run import run_with
from simulator.capacity.run_answer import RunAnswer
from simulator.costs.profile import Profile
from simulator.engine.replications import replicate
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.statistics.load import offered_load
from simulator.statistics.summary import measure
from simulator.statistics.warmup import planned_warmup

__all__ = ["Confirmed", "Found", "Trials"]

P99 = "p99"
LEVELS = (99.0,)
REPLICATIONS = 4
"""Replications of a trial, at most; the confirmation has all that the scenario asks."""

FRESH = 3_000_017
"""Added to the seed of the confirmations, which share their luck with one another but not with the search."""


@dataclass(frozen=True)
class Found:
    """What a trial said of a design: NDCG@10, p99 in seconds, cost an hour, or workers where there are no prices."""

    design: Design
    ndcg: float
    p99: float
    cost: float

    @property
    def judged_by(self) -> tuple[float, float, float]:
        """What designs are compared by, lower is better."""
        return -self.ndcg, self.p99, self.cost


@dataclass(frozen=True, eq=False)
class Confirmed:
    """A design simulated in full with fresh seeds, and its quality with the coverage seen."""

    design: Design
    run: RunAnswer
    quality: Quality
    cost: float

    @property
    def judged_by(self) -> tuple[float, float, float]:
        """What designs are compared by, lower is better."""
        return -self.quality.ndcg.value, self.run.latency[P99].value, self.cost


class Trials:
    """Simulations of one scenario, at the load to bear, in many designs; all but confirmations share their luck."""

    def __init__(self, scenario: Scenario, profile: Profile, engine: str) -> None:
        self.scenario, self.profile, self.engine = scenario, profile, engine
        self.book = book_for(scenario)

    def reason_against(self, design: Design) -> str:
        """Return why a design is not worth a simulation: "overloaded" or "not measured"; empty if it is.

        Overloaded by the utilisation law: some queue is offered all that it can serve, or more.
        """
        try:
            plan = resolve(scenario_of(self.scenario, design), self.profile)
        except InputError:  # a ranker asked for far more candidates than it was measured with
            return "not measured"
        return "overloaded" if offered_load(plan).highest >= 1 else ""

    def look(self, design: Design) -> Found:
        """Return a short look at a design; its quality is that with every shard answering."""
        scenario = scenario_of(self.scenario, design)
        plan = resolve(scenario, self.profile)
        if scenario.traffic.warmup == "auto":
            plan = replace(plan, warmup=planned_warmup(plan, offered_load(plan)))
        plan = replace(plan, replications=min(plan.replications, REPLICATIONS))

        def tail(blocks: Iterable[Result]) -> float:
            return measure(plan, blocks, LEVELS, ()).latency[P99]

        tails = list(replicate(plan, self.engine, tail))
        quality = quality_of(cuts_of(scenario, self.book), self.book)
        return Found(design, quality.ndcg.value, math.fsum(tails) / len(tails), _cost(scenario))

    def confirm(self, design: Design) -> Confirmed | None:
        """Return what fresh seeds say of a design; None if it is saturated, or its p99 is not known."""
        scenario = scenario_of(self.scenario, design).model_copy(update={"seed": self.scenario.seed + FRESH})
        run = run_with(scenario, self.profile, self.engine)
        quality = quality_of_run(run, both=False)
        if run.saturated or quality is None or math.isnan(run.latency[P99].value):
            return None
        return Confirmed(design, run, quality, _cost(scenario))


def _cost(scenario: Scenario) -> float:
    """Return the price of an hour, or the number of workers where no price is given."""
    workers = float(workers_in_all(scenario))
    hourly = cost_per_hour(scenario, workers)
    return workers if hourly is None else hourly
