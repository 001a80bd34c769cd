"""The answer to `simulator validate`: what was predicted beside what was measured, and how far to trust it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Literal

import numpy as np

from simulator.data.features import FloatArray
from simulator.serving.broker import Counters
from simulator.serving.funnel import Funnel
from simulator.serving.laws import StageLaws
from simulator.statistics.intervals import Estimate, estimate
from simulator.statistics.percentiles import percentile

__all__ = [
    "BROKER",
    "GOALS",
    "JUDGED_TO",
    "LAG_S",
    "LEVELS",
    "SATURATED",
    "Cell",
    "Goal",
    "Measured",
    "Row",
    "Validation",
]

LEVELS = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
GOALS = {"p50": 0.05, "p99": 0.10, "max_qps": 0.05}
"""How far from what was measured a prediction may be, as a share."""
JUDGED_TO = 0.8
"""The largest load that the goals are about."""
BROKER = 0.8
"""From this share of its time on the broker, and not a worker, is what limits."""
LAG_S = 200e-6
"""A run is invalid whose queries are sent later than this after their moment, at the 99th percentile."""
SATURATED = 1.0


@dataclass(frozen=True)
class Measured:
    """Percentiles of latencies in seconds, by LEVELS and "mean", and the share of queries that failed."""

    latency: dict[str, float]
    error_rate: float

    @classmethod
    def of(cls, latencies: FloatArray) -> "Measured":
        """Return those of latencies, shape (Q,), NaN of a query that failed."""
        answered = latencies[~np.isnan(latencies)].astype(np.float64)
        found = {name: percentile(answered, level) for name, level in LEVELS.items()}
        mean = float(answered.mean()) if answered.size else float("nan")
        return cls(found | {"mean": mean}, 1 - answered.size / max(1, latencies.size))


@dataclass(frozen=True)
class Cell:
    """One load of one repeat.

    Attributes
    ----------
    load, repeat, qps, queries
        The share of what the processes can do; which repeat; queries a second, and in all.
    measured, predicted
        What was measured; and what each replication of the simulation says, none where the load is saturated.
    lag_s
        The 99th percentile of how late queries were sent.
    watched, during
        The laws seen beside the load, which the prediction is from, and those under the load itself.
    """

    load: float
    repeat: int
    qps: float
    queries: int
    measured: Measured
    predicted: tuple[Measured, ...]
    lag_s: float
    watched: tuple[StageLaws, ...]
    during: tuple[StageLaws, ...]

    def predicted_at(self, name: str) -> float:
        """Return a predicted percentile, the mean over replications."""
        return float(np.mean([one.latency[name] for one in self.predicted])) if self.predicted else float("nan")

    @property
    def broker(self) -> float:
        """The share of its time that the broker works for the requests of this load."""
        return self.qps * sum(law.broker_s * len(law.by_shard) for law in self.watched)

    def error(self, name: str) -> float:
        """Return predicted over measured, less 1."""
        return self.predicted_at(name) / self.measured.latency[name] - 1


@dataclass(frozen=True)
class Row:
    """One load, over its repeats.

    Attributes
    ----------
    load, qps, queries
        As in a cell, the last one of all repeats.
    measured, predicted
        By percentile, with 95% intervals over the repeats.
    error
        By percentile, the median over repeats of predicted over measured, less 1.
    noise
        By percentile, how far two repeats of the real system are apart, over their mean: the median over pairs.
    lag_s
        The 99th percentile of how late queries were sent: the median over repeats.
    broker
        The share of its time that the broker, which sends the load too, worked: the median over repeats.
    saturated
        Whether more was asked than can be done.
    """

    load: float
    qps: float
    queries: int
    measured: dict[str, Estimate]
    predicted: dict[str, Estimate]
    error: dict[str, float]
    noise: dict[str, float]
    lag_s: float
    broker: float
    saturated: bool

    def noise_or_none(self, name: str) -> float:
        """Return the noise of a percentile; none where one repeat does not tell it."""
        return 0.0 if math.isnan(self.noise[name]) else self.noise[name]


@dataclass(frozen=True)
class Goal:
    """A number that is judged.

    Attributes
    ----------
    name
        Of GOALS.
    error
        The median over loads up to JUDGED_TO of the size of their error.
    goal, noise
        How far it may be, and the noise floor: the same median of the real system against itself.
    verdict
        "met"; "within_noise" where only the noise is larger; "missed"; "unknown" without repeats or judged loads.
    """

    name: str
    error: float
    goal: float
    noise: float
    verdict: Literal["met", "within_noise", "missed", "unknown"]


@dataclass(frozen=True, eq=False)
class Validation:
    """What was predicted, and what was measured.

    Attributes
    ----------
    funnel
        What was served.
    cells
        Every load of every repeat, in the order they were run.
    most
        The most queries a second, predicted and measured, of each repeat.
    contention
        By stage, how much longer a call takes while all workers are busy than while its worker is the only one.
    counters
        By stage, what happened.
    repeats, seconds
        How many were made, and the time that was asked for.
    complete
        Whether as many repeats were made as were asked.
    """

    funnel: Funnel
    cells: tuple[Cell, ...]
    most: tuple[tuple[float, float], ...]
    contention: tuple[float, ...]
    counters: tuple[Counters, ...]
    repeats: int
    seconds: float
    complete: bool = True

    @property
    def rows(self) -> tuple[Row, ...]:
        """The loads, rising."""
        return tuple(_row([cell for cell in self.cells if cell.load == load]) for load in sorted(self.loads))

    @property
    def loads(self) -> set[float]:
        """The loads that were offered."""
        return {cell.load for cell in self.cells}

    @property
    def lag_s(self) -> float:
        """The 99th percentile of how late queries were sent: the median over loads and repeats."""
        return median(cell.lag_s for cell in self.cells)

    @property
    def valid(self) -> bool:
        """Whether queries were sent when they were to be."""
        return self.lag_s < LAG_S

    @property
    def max_qps(self) -> tuple[Estimate, Estimate]:
        """The most queries a second, predicted and measured."""
        predicted, measured = zip(*self.most, strict=True)
        return estimate(predicted), estimate(measured)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """What is judged."""
        judged = [row for row in self.rows if row.load <= JUDGED_TO]
        found = {
            name: (_median([abs(row.error[name]) for row in judged]), _median([row.noise[name] for row in judged]))
            for name in ("p50", "p99")
        }
        best = [measured for _, measured in self.most]
        found["max_qps"] = (abs(_median([one / two - 1 for one, two in self.most])), _apart(best))
        return tuple(_goal(name, *pair) for name, pair in found.items())

    @property
    def verdict(self) -> Literal["met", "missed", "inconclusive"]:
        """Whether all goals are met, or missed by no more than noise; inconclusive where queries were sent late."""
        verdicts = {goal.verdict for goal in self.goals}
        if not self.valid or "unknown" in verdicts:
            return "inconclusive"
        return "missed" if "missed" in verdicts else "met"

    @property
    def suspect(self) -> str:
        """Which assumption the largest error points to."""
        judged = [row for row in self.rows if row.load <= JUDGED_TO and not math.isnan(row.error["p99"])]
        if not judged:
            return ""
        worst = max(judged, key=lambda row: abs(row.error["p99"]) - row.noise_or_none("p99"))
        cells = [cell for cell in self.cells if cell.load == worst.load]
        names = [stage.name for stage in self.funnel.stages]
        found = [(share, what) for s, name in enumerate(names) for what, share in _changes(cells, s, name).items()]
        share, what = max(found, key=lambda one: abs(one[0]))
        if abs(worst.error["p99"]) <= max(GOALS["p99"], worst.noise_or_none("p99")):
            return "no load's p99 is further off than its goal, or than the machine is from itself"
        where = f"at {worst.load:.0%} load, where p99 is off most ({worst.error['p99']:+.0%})"
        if abs(share) >= NOTICEABLE:
            how = "longer" if share > 0 else "less"
            return f"{where}, {what} took {how} than beside it, by {abs(share):.0%} of a call"
        return (
            f"{where}, every part took as long as beside the load: what is assumed and does not hold is that calls are "
            "slow independently of one another, while this machine is slow for a while and then fast again"
        )


NOTICEABLE = 0.05
Part = Callable[[StageLaws], FloatArray]
PARTS: dict[str, Part] = {
    "calls behind another": lambda law: law.busy,
    "calls that found the worker waiting": lambda law: law.idle,
    "requests on the wire": lambda law: law.request,
    "responses on the wire": lambda law: law.response,
}


def _changes(cells: Sequence[Cell], s: int, name: str) -> dict[str, float]:
    """Return how much longer each part of a stage took under the load than beside it, as a share of a whole call."""
    found = {}
    for what, part in PARTS.items():
        pairs = [(part(cell.during[s]).mean(), part(cell.watched[s]).mean(), _call_s(cell, s)) for cell in cells]
        found[f"{what} of {name}"] = float(np.median([(now - before) / call for now, before, call in pairs]))
    return found


def _call_s(cell: Cell, s: int) -> float:
    """Return the mean seconds of a request of stage `s` without waiting."""
    law = cell.watched[s]
    return float(law.request.mean() + law.idle.mean() + law.response.mean())


def _row(cells: Sequence[Cell]) -> Row:
    """Return one load over its repeats."""
    names = (*LEVELS, "mean")
    return Row(
        load=cells[0].load,
        qps=float(np.mean([cell.qps for cell in cells])),
        queries=sum(cell.queries for cell in cells),
        measured={name: estimate([cell.measured.latency[name] for cell in cells]) for name in names},
        predicted={name: estimate([cell.predicted_at(name) for cell in cells]) for name in names},
        error={name: _median([cell.error(name) for cell in cells]) for name in names},
        noise={name: _apart([cell.measured.latency[name] for cell in cells]) for name in names},
        lag_s=median(cell.lag_s for cell in cells),
        broker=median(cell.broker for cell in cells),
        saturated=cells[0].load >= SATURATED,
    )


def _apart(values: Sequence[float]) -> float:
    """Return how far two of `values` are apart over their mean: the median over pairs; NaN of fewer than two."""
    return _median([abs(one - two) / ((one + two) / 2) for one, two in combinations(values, 2)])


def _median(values: Sequence[float]) -> float:
    """Return the median of the numbers among `values`; NaN without any."""
    known = [value for value in values if value == value]
    return median(known) if known else float("nan")


def _goal(name: str, error: float, noise: float) -> Goal:
    """Return a number as it is judged."""
    goal = GOALS[name]
    if error != error:
        return Goal(name, error, goal, noise, "unknown")
    return Goal(name, error, goal, noise, "met" if error <= goal else "within_noise" if error <= noise else "missed")
