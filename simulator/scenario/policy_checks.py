"""Policies and faults that contradict each other, or the stage that they stand in; each finding says what to do."""

import math
from collections.abc import Iterator

from simulator.distributions.base import Law
from simulator.scenario.fields import MOST_ATTEMPTS
from simulator.scenario.model import Scenario, Stage
from simulator.scenario.policies import Fault
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.source import Path
from simulator.units import format_duration

__all__ = ["check_policies"]

_KEYS = {
    "slow": ({"factor"}, {"shards", "from", "for"}),
    "down": (set(), {"shards", "replicas", "from", "for", "mttf", "mttr"}),
    "pause": ({"every", "for"}, set()),
}


def check_policies(scenario: Scenario) -> list[Finding]:
    """Return what the policies, the faults and the users of `scenario` say that cannot be."""
    found = [*_users(scenario)]
    for i, stage in enumerate(scenario.funnel):
        path: Path = ("funnel", i)
        for check in (_deadline, _hedging, _retry, _batching, _imbalance, _autoscaling):
            found += check(stage, path)
    for i, fault in enumerate(scenario.faults):
        found += _fault(scenario, fault, ("faults", i))
    pauses = [(i, fault.stage) for i, fault in enumerate(scenario.faults) if fault.kind == "pause"]
    for at, (i, name) in enumerate(pauses):
        if name in [other for _, other in pauses[:at]]:
            found.append(Finding(("faults", i), f"expected one pause a stage, got a second for {name}", "remove one"))
    return found


def _users(scenario: Scenario) -> Iterator[Finding]:
    """Yield what does not fit about closed arrivals."""
    traffic = scenario.traffic
    if traffic.arrivals == "closed":
        if traffic.users is None or traffic.think is None:
            yield Finding(("traffic",), "expected users and think of closed arrivals", "add users: 100, think: 1s")
        if traffic.qps is not None:
            expected = "expected no qps of closed arrivals, whose rate follows from users and think"
            yield Finding(("traffic", "qps"), expected, "leave it out")
        return
    for key in ("users", "think"):
        if getattr(traffic, key) is not None:
            expected = f"expected {key} with arrivals: closed only, got arrivals: {traffic.arrivals}"
            yield Finding(("traffic", key), expected, "add arrivals: closed, or leave it out")


def _least(law: Law[float]) -> float:
    """Return the smallest value of a law."""
    import numpy as np  # a tenth of a second to load, and few scenarios ask for it

    return float(law.quantile(np.zeros(1), np.ones(1))[0])


def _network(stage: Stage) -> float:
    """Return the least time that a request and its answer spend on the network."""
    return _least(stage.network.request) + _least(stage.network.response)


def _deadline(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about a deadline."""
    if stage.deadline is None:
        if stage.on_deadline is not None:
            yield Finding((*path, "on_deadline"), "expected a deadline that it applies to, got none", "add deadline:")
        return
    if stage.deadline <= _network(stage):
        expected = f"expected a deadline longer than the network there and back ({format_duration(_network(stage))})"
        yield Finding(
            (*path, "deadline"), f"{expected}, got {format_duration(stage.deadline)}", "raise it, or no call can answer"
        )


def _hedging(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about hedging."""
    if stage.hedging is None:
        return
    if stage.most_replicas < 2:
        expected = "expected at least 2 replicas, since a hedge goes to another one, got 1"
        yield Finding((*path, "hedging"), expected, "add replicas: 2, or leave hedging out")
    after = stage.hedging.after
    if stage.deadline is not None and isinstance(after, float) and after >= stage.deadline:
        expected = f"expected hedges before the deadline of {format_duration(stage.deadline)}"
        yield Finding((*path, "hedging", "after"), f"{expected}, got {format_duration(after)}", "hedge sooner")


def _retry(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about retries."""
    if stage.retry is None:
        return
    if stage.queue_limit == 0 and stage.retry.attempts == MOST_ATTEMPTS:
        expected = "expected a number of attempts where nothing may wait (queue_limit: 0), got unlimited"
        yield Finding((*path, "retry", "attempts"), expected, "write attempts: 3, or raise queue_limit")
    timeout, here = stage.retry.timeout, (*path, "retry", "timeout")
    if timeout is None:
        return
    if timeout <= _network(stage):
        expected = f"expected a timeout longer than the network there and back ({format_duration(_network(stage))})"
        yield Finding(here, f"{expected}, got {format_duration(timeout)}", "raise it, or every attempt is given up")
    if stage.deadline is not None and timeout >= stage.deadline:
        expected = f"expected a timeout before the deadline of {format_duration(stage.deadline)}"
        yield Finding(here, f"{expected}, got {format_duration(timeout)}", "give attempts up sooner, or leave it out")


def _batching(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about batching."""
    if stage.batching and stage.hedging and stage.hedging.cancel == "on_response":
        expected = "expected no cancel: on_response with batching, since a request in a batch cannot be stopped alone"
        yield Finding((*path, "hedging", "cancel"), expected, "write cancel: on_start or never")


def _imbalance(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about the shards' sizes."""
    most = math.sqrt(stage.shards - 1)
    if stage.imbalance and stage.imbalance >= most:
        of = f"of {stage.shards} shard{'s' if stage.shards > 1 else ''}"
        expected = f"expected a coefficient of variation below {most:.3g}, the most {of}"
        yield Finding((*path, "imbalance"), f"{expected}, got {stage.imbalance:.3g}", "lower it, or add shards")


def _autoscaling(stage: Stage, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about a changing number of replicas."""
    scaling, here = stage.autoscaling, (*path, "autoscaling")
    if scaling is None:
        return
    if not scaling.min <= stage.replicas <= scaling.max:
        expected = f"expected replicas, the number at the start, from min {scaling.min} to max {scaling.max}"
        yield Finding(here, f"{expected}, got {stage.replicas}", "set replicas:, or widen the bounds")
    if scaling.target <= 0:
        yield Finding((*here, "target"), "expected a utilisation above 0%, got 0%", "write target: 60%")
    if scaling.interval <= 0:
        yield Finding((*here, "interval"), "expected an interval above 0s, got 0s", "write interval: 15s")


def _fault(scenario: Scenario, fault: Fault, path: Path) -> Iterator[Finding]:
    """Yield what does not fit about one fault."""
    stages = {stage.name: stage for stage in scenario.funnel}
    if fault.stage not in stages:
        expected = f"expected the name of a stage, got {fault.stage!r}"
        yield Finding((*path, "stage"), expected, nearest(fault.stage, stages))
        return
    needed, possible = _KEYS[fault.kind]
    given = {Fault.model_fields[name].alias or name for name in fault.model_fields_set} - {"kind", "stage"}
    for key in sorted(given - needed - possible):
        known = ", ".join(sorted(needed | possible))
        yield Finding((*path, key), f"expected no {key} of kind: {fault.kind}", f"known here: {known}", at_key=True)
    missing = sorted(needed - given)
    if missing:
        yield Finding(path, f"expected {' and '.join(missing)} of kind: {fault.kind}, got none", f"add {missing[0]}:")
    once, again = {"from", "for"} & given, {"mttf", "mttr"} & given
    if fault.kind == "down" and {len(once), len(again)} != {0, 2}:
        expected = "expected either from and for, or mttf and mttr, of kind: down"
        yield Finding(path, expected, "write from: 20s, for: 5s, or mttf: 24h, mttr: 5min")
    for key, value in (("every", fault.every), ("mttf", fault.mttf)):
        if value == 0:
            yield Finding((*path, key), f"expected {key} above 0s, got 0s", "give a longer time")
    if "shards" in possible:
        yield from _chosen(fault.shards, stages[fault.stage].shards, (*path, "shards"))
    if "replicas" in possible:
        yield from _chosen(fault.replicas, stages[fault.stage].most_replicas, (*path, "replicas"))


def _chosen(choice: float | tuple[int, ...] | None, there: int, path: Path) -> Iterator[Finding]:
    """Yield what a choice asks for beyond the `there` that are."""
    highest = max(choice) + 1 if isinstance(choice, tuple) else choice if isinstance(choice, int) else 0
    if highest > there:
        what = f"{path[-1]} numbered 0 to {there - 1}" if isinstance(choice, tuple) else f"at most {there} {path[-1]}"
        got = highest - 1 if isinstance(choice, tuple) else highest
        yield Finding(path, f"expected {what}, got {got}", "choose among those of the stage")
