"""The answer to `simulator run`: latency, load and verdicts of a scenario at its own load."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from simulator.capacity.course import course_of
from simulator.capacity.doubts import doubts_about, doubts_about_classes
from simulator.capacity.loads import busiest_of, loads_of, simulated_of
from simulator.capacity.run_answer import ClassAnswer, Estimates, Judged, RunAnswer, StageAnswer, WindowAnswer
from simulator.capacity.sampling import Sampled, Until, sample
from simulator.capacity.theory import disagreements, theory_of
from simulator.costs.profile import Profile, load_profile
from simulator.engine.plan import Plan
from simulator.engine.replications import Progress
from simulator.engine.resolve import resolve
from simulator.engine.windows import WINDOW_S
from simulator.errors import Interrupted
from simulator.scenario.model import Scenario
from simulator.scenario.objectives import Objective
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.little import against_little
from simulator.statistics.load import Load, offered_load
from simulator.statistics.measures import value_of
from simulator.statistics.queries import Measured
from simulator.statistics.saturation import Backlog, observe_backlog
from simulator.statistics.summary import Summary
from simulator.statistics.verdicts import replications_to_settle, verdict_of
from simulator.statistics.warmup import batch_size

__all__ = ["run_scenario", "run_with"]


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
    if not sampled.complete:
        raise Interrupted(replace(answer, warnings=(_interrupted(plan, sampled), *answer.warnings), complete=False))
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
    stages = _stages(scenario, sampled, load)
    merge_utilization = over_all(lambda one: one.merge_utilization)
    backlog = _backlog(plan, summaries)
    seen = (busiest_of(loads_of(plan, stages, merge_utilization)),) if backlog.grows else ()
    saturated = load.saturated(plan) or seen
    in_system, little = ([getattr(one, name) for one in summaries] for name in ("in_system", "little"))
    classes = _classes(scenario, sampled, saturated=bool(saturated))
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


def _classes(scenario: Scenario, sampled: Sampled, *, saturated: bool) -> tuple[ClassAnswer, ...]:
    """Return the answer on each class of queries."""
    plan, found = sampled.plan, []
    for c, asked in enumerate(scenario.traffic.classes):
        estimates = _estimates([summary.classes[c] for summary in sampled.summaries])
        judged = tuple(_judge(item, estimates, plan.replications, saturated=saturated) for item in asked.objectives)
        found.append(ClassAnswer(**vars(estimates), name=asked.name, share=asked.share, judged=judged))
    return tuple(found)


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


def _stages(scenario: Scenario, sampled: Sampled, load: Load) -> tuple[StageAnswer, ...]:
    """Return the answer on each stage."""
    numbered = enumerate(zip(load.busiest_shard, sampled.plan.sources, strict=True))
    return tuple(_stage(scenario, sampled.summaries, s, shard, source) for s, (shard, source) in numbered)


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
