"""Prediction against a log of production: the queries as they arrived, simulated, beside what they really took.

The log is a CSV file with the columns arrival (seconds), latency (seconds) and, where their number varies, candidates.
"""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.costs.profile import load_profile
from simulator.data.features import FloatArray
from simulator.distributions.empirical import Empirical
from simulator.engine.replications import engine_named
from simulator.engine.resolve import resolve
from simulator.engine.result import COMPLETED
from simulator.engine.traffic import TRACE, Arrivals
from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.serving.validation import LEVELS, Measured
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.percentiles import percentile

__all__ = ["FEWEST_ROWS", "Logged", "Replay", "read_log", "replay"]

FEWEST_ROWS = 100
"""A 99th percentile takes as many."""
PARTS = 10
"""The log is cut into as many parts, from which the interval of what was measured comes."""


@dataclass(frozen=True, eq=False)
class Logged:
    """A log of production, in the order of arrival, shape (Q,) each: seconds, candidates, seconds."""

    arrival: FloatArray
    candidates: FloatArray | None
    latency: FloatArray


@dataclass(frozen=True)
class Replay:
    """What was predicted for a log, and what it says.

    Attributes
    ----------
    scenario, queries, qps
        What was simulated: how many queries, how many a second.
    measured, predicted
        By percentile and "mean", in seconds; the interval of what was measured is over parts of the log one after the
        other, that of the prediction over replications.
    """

    scenario: Scenario
    queries: int
    qps: float
    measured: dict[str, Estimate]
    predicted: dict[str, Estimate]

    def error(self, name: str) -> float:
        """Return predicted over measured, less 1."""
        return self.predicted[name].value / self.measured[name].value - 1


def read_log(path: Path) -> Logged:
    """Return the log in a CSV file.

    Raises
    ------
    InputError
        Where it cannot be read, lacks a column, holds too few rows, or something that is no number of at least 0.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    reader = csv.DictReader(lines)
    heads = reader.fieldnames or []
    missing = [name for name in ("arrival", "latency") if name not in heads]
    if missing:
        raise InputError(f"{path}:1: expected columns arrival, latency and perhaps candidates, got {', '.join(heads)}")
    names = ["arrival", "latency", *(["candidates"] if "candidates" in heads else [])]
    rows = [[_number(path, reader.line_num, name, row[name]) for name in names] for row in reader]
    if len(rows) < FEWEST_ROWS:
        raise InputError(f"{path}: expected at least {FEWEST_ROWS} requests, got {len(rows)}; log for longer")
    table = np.array(sorted(rows, key=lambda row: row[0]))
    if table[-1, 0] <= table[0, 0]:
        raise InputError(f"{path}: arrival: expected times that rise, got {table[0, 0]:g} in every row")
    candidates = table[:, 2] if len(names) == 3 else None
    if candidates is not None and candidates.min() < 1:
        raise InputError(f"{path}: candidates: expected at least 1, got {candidates.min():g}")
    return Logged(table[:, 0], candidates, table[:, 1])


def _number(path: Path, line: int, name: str, text: str | None) -> float:
    """Return one number of a log."""
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{path}:{line}: {name}: expected a number of at least 0, got {text!r}")
    return value


def replay(scenario: Scenario, log: Logged, engine: str = "compiled") -> Replay:
    """Return what `scenario` is predicted to do with the queries of a log, beside what they took.

    Queries arrive as logged; where the log says their candidates, each draws its number from those of all of them.

    Raises
    ------
    InputError
        If the cost profile cannot be used, or does not cover the scenario.
    """
    seconds = float(log.arrival[-1] - log.arrival[0])
    qps = len(log.arrival) / seconds
    if log.candidates is not None:
        law = Empirical[float].of(log.candidates.tolist())
        scenario = scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"candidates": law})})
    plan = resolve(scenario, load_profile(scenario.costs.profile))
    arrivals = Arrivals(TRACE, trace=log.arrival - log.arrival[0], trace_qps=qps)
    plan = replace(plan, arrivals=arrivals, qps=qps, queries=len(log.arrival), warmup=0)
    simulate = engine_named(engine)
    found = []
    for replication in range(plan.replications):
        result = simulate(plan, replication)
        found.append(Measured.of(np.where(result.outcome == COMPLETED, result.latency, np.nan)))
    names = (*LEVELS, "mean")
    return Replay(
        scenario=scenario,
        queries=len(log.arrival),
        qps=qps,
        measured={name: _logged(log.latency, name) for name in names},
        predicted={name: estimate([one.latency[name] for one in found]) for name in names},
    )


def _logged(latency: FloatArray, name: str) -> Estimate:
    """Return a percentile of a log, or its mean, with an interval from its parts."""

    def of(values: FloatArray) -> float:
        return percentile(values.astype(np.float64), LEVELS[name]) if name in LEVELS else float(values.mean())

    parts = [of(part) for part in np.array_split(latency, PARTS)]
    around = estimate(parts)
    return Estimate(of(latency), around.low, around.high)
