"""What `simulator run` found, as values; estimates are over the run's replications."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.capacity.course import CourseStep
from simulator.capacity.loads import busiest_of, loads_of, simulated_of
from simulator.capacity.theory import Check
from simulator.costs.profile import Profile
from simulator.engine.conservation import Conservation
from simulator.engine.plan import Plan
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import Estimate
from simulator.statistics.load import Load
from simulator.statistics.saturation import Backlog
from simulator.statistics.summary import Summary
from simulator.statistics.verdicts import Verdict, verdict_over_all

__all__ = ["ClassAnswer", "Estimates", "Judged", "RunAnswer", "StageAnswer", "WindowAnswer"]


@dataclass(frozen=True)
class StageAnswer:
    """One stage; times in seconds, of the slowest request of each query; utilisation between 0 and about 1.

    `busiest` is the utilisation of the shard that is offered most, `busiest_shard` its number; where all are alike it
    is that of the stage, and there is no number. `extra_requests`, hedges and retries, are a share of the other
    requests; `wasted` is the share of the busy time whose answer was lost or came too late; `mean_replicas` the
    replicas of a shard on average over time; `replica_hours` the hours of all replicas of all shards, while the
    measured queries of one replication arrived.
    """

    name: str
    shards: int
    replicas: int
    workers: int
    candidates: Estimate
    utilization: Estimate
    busiest: Estimate
    busiest_shard: int | None
    extra_requests: Estimate
    wasted: Estimate
    mean_replicas: Estimate
    replica_hours: Estimate
    latency: Estimate
    p50: Estimate
    p99: Estimate
    queue: Estimate
    service: Estimate
    source: str


@dataclass(frozen=True)
class Judged:
    """An objective with its estimate, in seconds or as a share, and the verdict on it.

    `more_replications` is about how many more would settle an inconclusive one; None where that is not known.
    """

    objective: Objective
    estimate: Estimate
    verdict: Verdict
    more_replications: int | None = None


@dataclass(frozen=True, eq=False)
class Estimates:
    """What objectives may ask of a run.

    Attributes
    ----------
    latency
        Seconds by name: mean, p50, ..., max.
    over
        Share of queries slower than each threshold in seconds.
    """

    latency: dict[str, Estimate]
    over: dict[float, Estimate]
    error_rate: Estimate
    coverage: Estimate


@dataclass(frozen=True, eq=False)
class ClassAnswer(Estimates):
    """One class of queries: its share of them, and the verdicts on its own objectives."""

    name: str
    share: float
    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class WindowAnswer:
    """Five minutes of a day or of a trace, from `from_s` seconds after its start; p99 in seconds.

    `replicas` are those of a shard of each stage, on average over these minutes.
    """

    from_s: float
    qps: float
    p99: Estimate
    replicas: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class RunAnswer(Estimates):
    """What a run found.

    Attributes
    ----------
    judged, classes
        The verdicts on the objectives of all queries; each class with those on its own.
    windows
        The run by five minutes of arrivals, where its traffic is not the same at all times.
    course
        The run step by step, where a fault comes and goes at a stated time.
    saturated
        Names of the queues offered as much as they can serve or more, or the busiest where the backlog is seen to grow;
        percentiles then describe the length of the run, not the system.
    backlog
        How latency moved through the run.
    theory
        What queueing theory says of each stage, beside what was simulated.
    in_system, little
        Queries in the system on average over time, and their rate times their mean latency: by Little's law the same.
    warnings
        What the reader should know before believing the numbers.
    complete
        Whether this is all that was asked.
    """

    scenario: Scenario
    profile: Profile
    plan: Plan
    engine: str
    load: Load
    summaries: tuple[Summary, ...]
    goodput_qps: Estimate
    stages: tuple[StageAnswer, ...]
    merge_utilization: Estimate
    judged: tuple[Judged, ...]
    classes: tuple[ClassAnswer, ...]
    windows: tuple[WindowAnswer, ...]
    course: tuple[CourseStep, ...]
    saturated: tuple[str, ...]
    backlog: Backlog
    in_system: Estimate
    little: Estimate
    theory: tuple[Check, ...]
    warnings: tuple[str, ...]
    complete: bool = True

    @property
    def verdict(self) -> Verdict:
        """The verdict over all objectives, those of classes among them."""
        return verdict_over_all([judged.verdict for judged, _ in self.all_judged])

    @property
    def offered_qps(self) -> float:
        """The mean rate at which queries arrive; of users that wait for their answers, as it was seen."""
        answered = 1 - self.error_rate.value
        return self.goodput_qps.value / answered if self.plan.door.users and answered > 0 else self.plan.qps

    @property
    def worst_window(self) -> WindowAnswer | None:
        """The five minutes with the highest p99; None where there are not several whose p99 is known."""
        known = [window for window in self.windows if not math.isnan(window.p99.value)]
        if len(known) == 1:
            return None
        return max(known, key=lambda window: window.p99.value, default=None)

    @property
    def all_judged(self) -> tuple[tuple[Judged, str], ...]:
        """Every verdict with the name of the class that it is about, empty for all queries."""
        own = [(judged, one.name) for one in self.classes for judged in one.judged]
        return (*((judged, "") for judged in self.judged), *own)

    @property
    def bottleneck(self) -> str:
        """The queue with the highest utilisation: a stage's name, or "merge"."""
        return busiest_of(self.loads)

    @property
    def loads(self) -> dict[str, float]:
        """The utilisation of every queue by name, of a stage that of its busiest shard; "merge" is the broker's."""
        return loads_of(self.plan, self.stages, self.merge_utilization)

    @property
    def simulated(self) -> dict[tuple[str, str], Estimate]:
        """What was simulated of each (stage, quantity) that theory may say something of."""
        return simulated_of(self.stages)

    @property
    def conservation(self) -> Conservation:
        """Counts of queries over all replications, the warm-up's included."""
        total = Conservation(0, 0, 0, 0, 0)
        for summary in self.summaries:
            total += summary.conservation
        return total

    @property
    def requests(self) -> int:
        """Requests sent to shards over all replications, the warm-up's included."""
        return sum(summary.requests for summary in self.summaries)

    def parts(self, which: str) -> NDArray[np.float64]:
        """Return `which` ("mean_parts" or "p99_parts") averaged over replications, seconds, shape (S, 5)."""
        average: NDArray[np.float64] = np.mean([getattr(summary, which) for summary in self.summaries], axis=0)
        return average

    def latencies(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return all replications' latencies in seconds, rising, and how many queries each stands for."""
        samples = [summary.sample for summary in self.summaries]
        values = np.concatenate([sample.values() for sample in samples])
        weights = np.concatenate([sample.weights() for sample in samples])
        order = np.argsort(values, kind="stable")
        return values[order], weights[order]
