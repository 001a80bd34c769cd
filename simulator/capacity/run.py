"""The answer to `simulator run`: latency, load and verdicts of a scenario at its own load."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulator.capacity.course import CourseStep, course_of
from simulator.capacity.doubts import doubts_about, doubts_about_classes
from simulator.capacity.loads import busiest_of, loads_of, simulated_of
from simulator.capacity.sampling import Sampled, Until, sample
from simulator.capacity.theory import Check, disagreements, theory_of
from simulator.costs.profile import Profile, load_profile
from simulator.engine.conservation import Conservation
from simulator.engine.plan import Plan
from simulator.engine.replications import Interrupted, Progress
from simulator.engine.resolve import resolve
from simulator.engine.windows import WINDOW_S
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.little import against_little
from simulator.statistics.load import Load, offered_load
from simulator.statistics.measures import value_of
from simulator.statistics.queries import Measured
from simulator.statistics.saturation import Backlog, observe_backlog
from simulator.statistics.summary import Summary
from simulator.statistics.verdicts import Verdict, replications_to_settle, verdict_of, verdict_over_all
from simulator.statistics.warmup import batch_size

__all__ = ["ClassAnswer", "Estimates", "Judged", "RunAnswer", "StageAnswer", "WindowAnswer", "run_scenario", "run_with"]


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
    interrupted
        Whether this is only a part of what was asked.
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
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """The verdict over all objectives, those of classes among them."""
        return verdict_over_all([judged.verdict for judged, _ in self.all_judged])

    @property
    def worst_window(self) -> WindowAnswer | None:
        """The five minutes with the highest p99; None where there are none, or no p99 is known of any."""
        known = [window for window in self.windows if not math.isnan(window.p99.value)]
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


def run_scenario(
    scenario: Scenario, engine: str = "compiled", on_progress: Progress | None = None, until: Until | None = None
) -> RunAnswer:
    """Return what `scenario` does at its own load.

    Parameters
    ----------
    engine
        One of `engine.replications.ENGINES`; both give the same numbers.
    on_progress
        Called with (replications done, replications asked) as they end.
    until
        How tight the interval of the p99 shall be; the scenario's replications alone unless given.

    Raises
    ------
    InputError
        If the cost profile cannot be used, or does not cover the scenario.
    Interrupted
        On Ctrl-C, with the answer that what was simulated by then gives.
    """
    return run_with(scenario, load_profile(scenario.costs.profile), engine, on_progress, until)


def run_with(
    scenario: Scenario,
    profile: Profile,
    engine: str,
    on_progress: Progress | None = None,
    until: Until | None = None,
) -> RunAnswer:
    """Return what `scenario` does at its own load with costs from `profile`; otherwise as `run_scenario`."""
    plan = resolve(scenario, profile)
    load = offered_load(plan)
    sampled = sample(scenario, plan, load, engine, until, on_progress)
    answer = _answer(scenario, profile, sampled, engine, load)
    if sampled.interrupted:
        raise Interrupted(replace(answer, warnings=(_interrupted(plan, sampled), *answer.warnings), interrupted=True))
    return answer


def _interrupted(asked: Plan, sampled: Sampled) -> str:
    """Return how much of what was asked there is."""
    plan = sampled.plan
    if plan.queries == asked.queries:
        return f"interrupted: these are {plan.replications:,} of {asked.replications:,} replications"
    share = f"the first {plan.queries:,} of {asked.queries:,} queries"
    return f"interrupted: this is {share}, in {plan.replications} of {asked.replications:,} replications"


def _answer(scenario: Scenario, profile: Profile, sampled: Sampled, engine: str, load: Load) -> RunAnswer:
    """Return the answer that the summaries add up to."""
    plan, summaries = sampled.plan, sampled.summaries

    def over_all(value: Callable[[Summary], float]) -> Estimate:
        return estimate([value(summary) for summary in summaries])

    estimates = _estimates(summaries)
    objectives = scenario.sla.objectives if scenario.sla else ()
    numbered = enumerate(zip(load.busiest_shard, plan.sources, strict=True))
    stages = tuple(_stage(scenario, summaries, s, shard, source) for s, (shard, source) in numbered)
    merge_utilization = over_all(lambda one: one.merge_utilization)
    backlog = _backlog(plan, summaries)
    seen = (busiest_of(loads_of(plan, stages, merge_utilization)),) if backlog.grows else ()
    saturated = load.saturated(plan) or seen
    in_system, little = ([getattr(one, name) for one in summaries] for name in ("in_system", "little"))
    numbers = range(len(plan.class_names))
    classes = tuple(_class(scenario, plan, summaries, c, saturated=bool(saturated)) for c in numbers)
    law = "" if saturated else against_little(in_system, little, plan.queries)
    theory = theory_of(plan, load)
    against = [] if saturated else disagreements(theory, simulated_of(stages), plan.replications)
    return RunAnswer(
        scenario=scenario,
        profile=profile,
        plan=plan,
        engine=engine,
        load=load,
        summaries=summaries,
        **vars(estimates),
        goodput_qps=over_all(lambda one: one.goodput_qps),
        stages=stages,
        merge_utilization=merge_utilization,
        judged=tuple(_judge(item, estimates, plan.replications, saturated=bool(saturated)) for item in objectives),
        classes=classes,
        windows=_windows(summaries),
        course=course_of(plan, summaries),
        saturated=saturated,
        backlog=backlog,
        in_system=estimate(in_system),
        little=estimate(little),
        theory=theory,
        warnings=(
            *plan.warnings,
            *doubts_about(plan, load, estimates.latency),
            *doubts_about_classes([(one.name, one.judged) for one in classes]),
            *filter(None, [law]),
            *against,
        ),
    )


def _estimates(measured: Sequence[Measured]) -> Estimates:
    """Return what the replications' measures add up to."""

    def over_all(value: Callable[[Measured], float]) -> Estimate:
        return estimate([value(one) for one in measured])

    return Estimates(
        latency={name: over_all(partial(_named, "latency", name)) for name in measured[0].latency},
        over={limit: over_all(partial(_named, "over", limit)) for limit in measured[0].over},
        error_rate=over_all(lambda one: one.error_rate),
        coverage=over_all(lambda one: one.coverage),
    )


def _class(scenario: Scenario, plan: Plan, summaries: tuple[Summary, ...], c: int, *, saturated: bool) -> ClassAnswer:
    """Return the answer on class number `c`."""
    asked, estimates = scenario.traffic.classes[c], _estimates([summary.classes[c] for summary in summaries])
    judged = tuple(_judge(item, estimates, plan.replications, saturated=saturated) for item in asked.objectives)
    return ClassAnswer(**vars(estimates), name=asked.name, share=asked.share, judged=judged)


def _windows(summaries: tuple[Summary, ...]) -> tuple[WindowAnswer, ...]:
    """Return the answer on every five minutes of the run."""
    qps, p99 = (np.array([summary.windows[i] for summary in summaries]) for i in (0, 1))  # (replications, W)
    reached = np.flatnonzero(np.isfinite(qps).any(axis=0)).tolist()
    replicas = np.array([summary.window_replicas for summary in summaries])  # (replications, S, W)
    return tuple(
        WindowAnswer(
            from_s=w * WINDOW_S,
            qps=float(np.nanmean(qps[:, w])),
            p99=estimate(p99[:, w].tolist()),
            replicas=tuple(np.nanmean(replicas[:, :, w], axis=0).tolist()),
        )
        for w in reached
    )


def _backlog(plan: Plan, summaries: tuple[Summary, ...]) -> Backlog:
    """Return whether latency grows through the run; a day and a trace come and go, which tells nothing."""
    if not plan.settles:
        return Backlog(math.nan, grows=False)
    leave_out = math.ceil(plan.warmup / batch_size(plan.total_queries))
    return observe_backlog([summary.series[leave_out:] for summary in summaries])


def _named(field: str, key: str | float, measured: Measured) -> float:
    """Return one number of a mapping among the measures."""
    return float(getattr(measured, field)[key])


def _stage(scenario: Scenario, summaries: tuple[Summary, ...], s: int, busiest: int | None, source: str) -> StageAnswer:
    """Return the answer on stage `s`, whose busiest shard and cost's source are given."""
    stage = scenario.funnel[s]

    def over_all(field: str) -> Estimate:
        return estimate([getattr(summary.stages[s], field) for summary in summaries])

    return StageAnswer(
        name=stage.name,
        shards=stage.shards,
        replicas=stage.replicas,
        workers=stage.workers,
        candidates=over_all("candidates"),
        utilization=over_all("utilization"),
        busiest=over_all("utilization")
        if busiest is None
        else estimate([float(summary.stages[s].by_shard[busiest]) for summary in summaries]),
        busiest_shard=busiest,
        extra_requests=over_all("extra_requests"),
        wasted=over_all("wasted"),
        mean_replicas=over_all("replicas"),
        replica_hours=over_all("replica_hours"),
        latency=over_all("mean"),
        p50=over_all("p50"),
        p99=over_all("p99"),
        queue=over_all("queue"),
        service=over_all("service"),
        source=source,
    )


def _judge(objective: Objective, estimates: Estimates, replications: int, *, saturated: bool) -> Judged:
    """Return the verdict on one objective; a saturated system has no latency, and misses what is asked of it."""
    found = value_of(objective, estimates)
    if saturated and objective.metric not in ("error_rate", "coverage"):
        return Judged(objective, found, "missed")
    verdict = verdict_of(found, objective.comparator, objective.value)
    more = replications_to_settle(found, objective.value, replications) if verdict == "inconclusive" else None
    return Judged(objective, found, verdict, more)
