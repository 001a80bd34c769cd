"""Predicted against measured: a funnel is served by real processes and loaded, and the engines simulate the same.

The processes are watched before, after and between short parts of each load, since machines drift, and each part is
simulated with what was seen next to it. Loads come in random order, again and again.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.costs.profile import load_profile
from simulator.data.features import FloatArray
from simulator.engine.replications import engine_named
from simulator.engine.resolve import resolve
from simulator.engine.result import COMPLETED
from simulator.engine.traffic import TRACE, Arrivals
from simulator.errors import Interrupted
from simulator.scenario.model import Scenario
from simulator.serving.fleet import Fleet, fleet
from simulator.serving.funnel import Funnel, cores, served_funnel
from simulator.serving.laws import Observed, StageLaws, laws_of, pooled, scenario_of, stalled
from simulator.serving.load import crowded, observe, offer, overload, throughput
from simulator.serving.validation import SATURATED, Cell, Measured, Validation
from simulator.statistics.load import offered_load

__all__ = ["LOADS", "validate"]

LOADS = (0.2, 0.4, 0.6, 0.8, 0.85)
REPEATS = 3
REPLICATIONS = 10
PARTS_S = 0.8
"""A load is offered in parts of about this long, with what is seen of the processes beside each."""
MOST_PARTS = 12
WATCHED = 0.4
"""Share of the time that the processes are watched rather than loaded."""
THROUGHPUT = 0.1
"""Share of the time that goes into the most that they can do."""
BURST = 0.9
"""The share of the time that the busiest stage is busy while the most that can be done is predicted."""
CONTENTION_ROUNDS = 3
OVERLOAD = 1.1

Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class _Plan:
    """How the time is spent: seconds of a part of a load and of watching beside it, and parts of a load."""

    part_s: float
    watch_s: float
    parts: int

    @classmethod
    def of(cls, seconds: float, loads: int, repeats: int) -> "_Plan":
        """Return how `seconds` are spent on so many loads."""
        cell = seconds * (1 - THROUGHPUT) / (loads * repeats)
        parts = min(MOST_PARTS, max(1, round(cell / PARTS_S)))
        return cls(cell * (1 - WATCHED) / parts, cell * WATCHED / (parts + 1), parts)


def validate(
    scenario: Scenario,
    seconds: float,
    loads: Sequence[float] = LOADS,
    repeats: int = REPEATS,
    on_progress: Progress = lambda *_: None,
) -> Validation:
    """Return what `scenario` was predicted to do, and what it did, served by processes on this machine.

    Parameters
    ----------
    seconds
        How long it is loaded and watched in all; what the processes take to start comes on top.
    loads
        Shares of what the processes can do, above 0; from 1 on a load is declared saturated.
    repeats
        How often each load is offered.
    on_progress
        Called with (loads done, loads in all).

    Raises
    ------
    InputError
        Where the scenario cannot be served, or ZeroMQ is not installed.
    SimulatorError
        Where workers die again and again.
    Interrupted
        On Ctrl-C, with the validation of the repeats that are whole by then, if any is.
    """
    funnel = served_funnel(scenario, len(cores()))
    plan = _Plan.of(seconds, len(loads), repeats)
    rng = np.random.default_rng(scenario.seed)
    most, cells = list[tuple[float, float]](), list[Cell]()
    with fleet(funnel) as running, _awake():
        for _ in range(2):  # the first calls find nothing in the caches
            throughput(running, min(1.0, seconds * THROUGHPUT / repeats), rng)
        parts = {load: _arrivals(funnel, plan, load, throughput(running, plan.watch_s, rng)) for load in loads}
        contention = _contention(running, plan.watch_s, rng)
        try:
            for repeat in range(repeats):
                for load in rng.permutation(loads).tolist():
                    cells.append(_cell(running, plan, (load, repeat), parts[load], rng))
                    on_progress(len(cells), len(loads) * repeats)
                most.append(_both_most(running, seconds * THROUGHPUT / repeats / 3, rng))
        except KeyboardInterrupt:
            if not most:
                raise
        counters = list(running.broker.counters)
    whole = len(most)
    answer = Validation(
        funnel=funnel,
        cells=tuple(cells[: whole * len(loads)]),
        most=tuple(most),
        contention=contention,
        counters=tuple(counters),
        repeats=whole,
        seconds=seconds,
        complete=whole == repeats,
    )
    if not answer.complete:
        raise Interrupted(answer)
    return answer


def _arrivals(funnel: Funnel, plan: _Plan, load: float, most: float) -> list[FloatArray]:
    """Return the arrivals of each part of a load, in mean times between two: the same in every repeat."""
    count = max(1, round(load * most * plan.part_s))
    rng = np.random.default_rng([funnel.scenario.seed, round(load * 1e6)])
    return [np.cumsum(rng.exponential(size=count)) for _ in range(plan.parts)]


def _cell(
    running: Fleet, plan: _Plan, which: tuple[float, int], parts: list[FloatArray], rng: np.random.Generator
) -> Cell:
    """Return one load of one repeat."""
    load, repeat = which
    funnel = running.funnel
    seen = [observe(running, parts[0].size / plan.part_s, load, plan.watch_s, rng)]
    measured, predicted, during, offered = [], [], list[Observed](), []
    for arrivals in parts:
        rate = load * _most(funnel, laws_of(seen[-1], funnel.stages))
        times = arrivals / rate
        with running.broker.recording() as (calls, merges):
            measured.append(offer(running, times, funnel.draw(rng, len(times)), rng))
        during.append(Observed(tuple(calls), tuple(merges), 0.0))
        seen.append(observe(running, rate, load, plan.watch_s, rng))
        offered.append(rate)
        if load < SATURATED:
            predicted.append(_simulated(funnel, pooled(seen[-2:]), times, repeat))
    latencies = np.concatenate([one.latency for one in measured])
    return Cell(
        load=load,
        repeat=repeat,
        qps=float(np.mean(offered)),
        measured=Measured.of(latencies),
        predicted=tuple(Measured.of(np.concatenate(one)) for one in zip(*predicted, strict=True)),
        lag_s=float(np.quantile(np.concatenate([one.lag for one in measured]), 0.99)),
        queries=len(latencies),
        watched=tuple(laws_of(pooled(seen), funnel.stages)),
        during=tuple(laws_of(pooled(during), funnel.stages)),
    )


def _simulated(funnel: Funnel, seen: Observed, times: FloatArray, repeat: int) -> list[FloatArray]:
    """Return the latencies of queries that arrive at `times`, shape (Q,), of each replication."""
    scenario = scenario_of(funnel.scenario, laws_of(seen, funnel.stages))
    plan = resolve(scenario, load_profile(scenario.costs.profile))
    rate = len(times) / float(times[-1])
    plan = replace(plan, qps=rate, queries=len(times), warmup=0, seed=plan.seed + repeat)
    simulate = engine_named("compiled")
    found = []
    for replication in range(REPLICATIONS):
        entered = stalled(times.astype(np.float64), seen, np.random.default_rng([plan.seed, replication]))
        arrivals = Arrivals(TRACE, trace=entered - entered[0], trace_qps=rate)
        result = simulate(replace(plan, arrivals=arrivals), replication)
        found.append(np.where(result.outcome == COMPLETED, result.latency + (entered - times), np.nan))
    return found


def _most(funnel: Funnel, laws: Sequence[StageLaws]) -> float:
    """Return the queries a second at which the busiest of workers and broker is offered all that it can do."""
    plan = resolve(scenario_of(funnel.scenario, laws), load_profile(funnel.scenario.costs.profile))
    return plan.qps / offered_load(plan).highest


def _both_most(running: Fleet, seconds: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return the most queries a second, predicted from what is seen before and after, and measured."""
    rate = throughput(running, seconds / 3, rng)
    before = observe(running, rate, BURST, seconds, rng)
    measured = overload(running, OVERLOAD * rate, seconds, rng)
    seen = pooled([before, observe(running, rate, BURST, seconds, rng)])
    return _most(running.funnel, laws_of(seen, running.funnel.stages)), measured


def _contention(running: Fleet, seconds: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Return by stage how much longer a call takes while all workers are busy than while it is the only one."""
    stages = running.funnel.stages
    units = [(s, j) for s, stage in enumerate(stages) for j in range(stage.shards)]
    if len(units) == 1:
        return (0.0,)
    ratios = dict[tuple[int, int], list[float]]()
    for _ in range(CONTENTION_ROUNDS):
        together = crowded(running, units, seconds, rng)
        for unit in units:
            alone = crowded(running, [unit], seconds, rng)[unit]
            ratios.setdefault(unit, []).append(together[unit] / alone - 1)
    by_unit = {unit: float(np.median(found)) for unit, found in ratios.items()}
    return tuple(float(np.mean([by_unit[s, j] for j in range(stage.shards)])) for s, stage in enumerate(stages))


@contextmanager
def _awake() -> Iterator[None]:
    """Collect no garbage and sleep to the microsecond while the body runs."""
    slack = Path("/proc/self/timerslack_ns")  # Linux's: by how much a sleep may end late
    with suppress(OSError):
        slack.write_text("1000")
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        with suppress(OSError):
            slack.write_text("0")  # as it was at the start
