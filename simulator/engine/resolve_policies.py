"""The policies, faults and users of a scenario as a plan holds them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine.law import LawTables
from simulator.engine.no_load import no_load_percentile
from simulator.engine.plan import IDLE_NOISE, REQUEST, RESPONSE, Door, StageTable
from simulator.policies.balancing import RULES
from simulator.policies.faults import DownTable, SlowTable
from simulator.policies.hedging import CANCEL
from simulator.policies.imbalance import cumulative_sizes
from simulator.policies.shedding import NO_LIMIT
from simulator.scenario.model import Scenario, Stage
from simulator.scenario.policies import Fault
from simulator.units import format_duration

__all__ = ["door", "down_table", "hedge_delay", "idle_policies", "shard_sizes", "slow_table", "stage_table"]

KEEP_ALL = np.iinfo(np.int64).max


def stage_table(scenario: Scenario, has_idle: list[bool], delays: list[float]) -> StageTable:
    """Return the stages' settings by column; `delays` are their hedging delays in seconds."""
    rows = [
        _settings(stage) | {"has_idle_law": idle, "hedge_after": delay} | _pauses(scenario, stage)
        for stage, idle, delay in zip(scenario.funnel, has_idle, delays, strict=True)
    ]
    kinds: dict[str, Any] = {
        name: np.float64 if "float" in str(kind) else np.int64 for name, kind in StageTable.__annotations__.items()
    }
    kinds |= {"has_idle_law": np.bool_, "all_or_nothing": np.bool_}
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows], kinds[name]) for name in StageTable._fields}
    return StageTable(**columns)


def idle_policies(scenario: Scenario, delays: list[float]) -> list[str]:
    """Return a warning for each policy that another one keeps from acting; hedges are due `delays` seconds in."""
    small = [
        f"stage {stage.name}: queue_limit {stage.queue_limit} refuses requests while a batch of {stage.batching.size} "
        f"waits to be full; write queue_limit: {stage.batching.size}, or smaller batches"
        for stage in scenario.funnel
        if stage.batching and stage.batching.wait and _or(stage.queue_limit, NO_LIMIT) < stage.batching.size
    ]
    return small + [
        f"stage {stage.name} never hedges: {stage.hedging.after} of a call at no load is {format_duration(delay)}, "
        f"past the deadline of {format_duration(stage.deadline)}; hedge sooner, or raise the deadline"
        for stage, delay in zip(scenario.funnel, delays, strict=True)
        if stage.hedging and stage.deadline is not None and delay >= stage.deadline
    ]


def _settings(stage: Stage) -> dict[str, float]:
    """Return one stage's settings by the names of StageTable."""
    hedging, retry, batching, scaling = stage.hedging, stage.retry, stage.batching, stage.autoscaling
    return {
        "shards": stage.shards,
        "replicas": stage.most_replicas,
        "workers": stage.workers,
        "keep": stage.keep or KEEP_ALL,
        "balancing": RULES.index(stage.balancing),
        "deadline": _or(stage.deadline, math.inf),
        "all_or_nothing": stage.on_deadline == "fail",
        "cancel": CANCEL.index(hedging.cancel) if hedging else 0,
        "queue_limit": _or(stage.queue_limit, NO_LIMIT),
        "attempts": retry.attempts if retry else 1,
        "backoff": retry.backoff if retry else 0.0,
        "jitter": retry.jitter if retry else 0.0,
        "budget": _or(retry.budget if retry else None, math.inf),
        "timeout": _or(retry.timeout if retry else None, math.inf),
        "batch": batching.size if batching else 1,
        "batch_wait": batching.wait if batching else 0.0,
        "initial": stage.replicas,
        "fewest": scaling.min if scaling else stage.replicas,
        "scale_every": scaling.interval if scaling else math.inf,
        "scale_delay": scaling.delay if scaling else 0.0,
        "scale_target": scaling.target if scaling else 1.0,
    }


def _or(value: float | None, none: float) -> float:
    """Return a value, or what stands for none."""
    return none if value is None else value


def _pauses(scenario: Scenario, stage: Stage) -> dict[str, float]:
    """Return how the workers of a stage pause."""
    for fault in scenario.faults:
        if fault.kind == "pause" and fault.stage == stage.name:
            return {"pause_every": _or(fault.every, math.inf), "pause_length": _or(fault.length, 0.0)}
    return {"pause_every": math.inf, "pause_length": 0.0}


def hedge_delay(stage: Stage, laws: LawTables, s: int, cost: float) -> float:
    """Return when stage number `s` hedges, in seconds after its start, infinite if never.

    A percentile is that of a call to its largest shard at no load: `cost` seconds by the idle law, which is what an
    idle worker takes, without faults.
    """
    if stage.hedging is None:
        return math.inf
    after = stage.hedging.after
    if isinstance(after, float):
        return after
    return no_load_percentile(laws, (4 * s + REQUEST, 4 * s + IDLE_NOISE, 4 * s + RESPONSE), cost, float(after[1:]))


def shard_sizes(scenario: Scenario) -> tuple[NDArray[np.float64], ...]:
    """Return the cumulative sizes of each stage's shards, empty where they are even."""
    return tuple(
        cumulative_sizes(stage.imbalance, stage.shards, scenario.seed, stage.name) if stage.imbalance else np.empty(0)
        for stage in scenario.funnel
    )


def slow_table(scenario: Scenario) -> SlowTable:
    """Return the windows in which shards are slow, by stage."""
    first, windows, hit = [0], [], list[NDArray[np.bool_]]()
    for stage in scenario.funnel:
        for fault in scenario.faults:
            if fault.kind == "slow" and fault.stage == stage.name:
                start = fault.start or 0.0
                windows.append((start, start + _or(fault.length, math.inf), fault.factor, sum(one.size for one in hit)))
                hit.append(np.isin(np.arange(stage.shards), _chosen(fault.shards, stage.shards, everything=True)))
        first.append(len(windows))
    starts, ends, factors, at = np.array(windows, dtype=np.float64).reshape(-1, 4).T.copy()
    hits = np.concatenate(hit) if hit else np.zeros(0, dtype=np.bool_)
    return SlowTable(np.array(first, dtype=np.int64), starts, ends, factors, at.astype(np.int64), hits)


def _chosen(choice: float | tuple[int, ...] | None, there: int, *, everything: bool) -> list[int]:
    """Return the numbers that a choice means among `there`: a list, or the first so many; without, all or the first."""
    if isinstance(choice, tuple):
        return list(choice)
    if choice is None:
        return list(range(there if everything else 1))
    count = choice if isinstance(choice, int) else max(1, math.floor(choice * there + 0.5))
    return list(range(count))


def down_table(scenario: Scenario) -> DownTable:
    """Return every replica that goes down, once for each fault that hits it."""
    rows: list[tuple[float, ...]] = []
    for s, stage in enumerate(scenario.funnel):
        faults = [fault for fault in scenario.faults if fault.kind == "down" and fault.stage == stage.name]
        for number, fault in enumerate(faults):
            rows += [(s, *where, *_times(fault), number) for where in _hit(stage, fault)]
    stages, shards, replicas, start, length, mttf, mttr, numbers = np.array(rows).reshape(-1, 8).T.copy()
    whole = (column.astype(np.int64) for column in (stages, shards, replicas, numbers))
    s_, j_, r_, n_ = whole
    return DownTable(s_, j_, r_, start, length, mttf, mttr, n_)


def _hit(stage: Stage, fault: Fault) -> list[tuple[int, int]]:
    """Return the (shard, replica) that a fault takes down."""
    shards = _chosen(fault.shards, stage.shards, everything=True)
    return [(j, r) for j in shards for r in _chosen(fault.replicas, stage.most_replicas, everything=False)]


def _times(fault: Fault) -> tuple[float, float, float, float]:
    """Return (start, length, mttf, mttr) of a fault."""
    return fault.start or 0.0, fault.length or 0.0, fault.mttf or 0.0, fault.mttr or 0.0


def door(scenario: Scenario) -> Door:
    """Return what happens before the funnel."""
    traffic, cache = scenario.traffic, scenario.traffic.cache
    return Door(
        admission=scenario.admission.in_flight if scenario.admission else NO_LIMIT,
        hit_rate=cache.hit_rate if cache else 0.0,
        hit_latency=cache.latency if cache else 0.0,
        users=traffic.users or 0,
    )
