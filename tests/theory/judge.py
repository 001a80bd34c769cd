"""Judging the simulator by exact results: run a scenario, compare with a row of exact.json within 4 standard errors.

Conventions of the rows: mean service 1 s, T sojourn time, W queueing wait, rho the load of a worker. A row's own
advised tolerance is not used: the judge is the standard error over independent groups of replications, which must
itself be small: four of them never exceed 3% of the exact value.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.plan import Plan
from simulator.engine.replications import replicate
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from tests.theory.left_out import reason_to_leave_out
from tests.theory.sample import Row, Sample, value_of

GROUPS = 20
WIDEST = 0.03
AIM = 0.75 * WIDEST / 4
"""The relative standard error that run lengths are planned for."""

LONGEST = 3_000_000
"""Queries simulated at once; a longer run is several replications whose latencies are pooled."""

FAST, QUICKEST = 4_000_000, 16_000_000
"""Queries that two cores simulate in two seconds; a case that needs more is slow, but for the quickest of a test."""

LOSSES = ("P(block)", "P(abandon)", "P(miss deadline)")
"""Shares of queries that may be rare, and that a longer run is then planned for."""

TESTED: set[str] = set()
"""The ids of the rows that test modules have asked for."""


@dataclass(frozen=True)
class Model:
    """What a row describes, as a scenario, and what decides how long it must run.

    Attributes
    ----------
    funnel
        The stages as JSON, so that equal models are one.
    qps
        Offered load.
    rho
        Load of a worker, 0 where nobody ever waits.
    spread
        Squared coefficient of variation of the service, and how far the index of dispersion of the arrivals exceeds 1;
        without load, how wide the law is beside the exponential.
    longer
        A factor for what the general rule underestimates.
    waits
        About the share of queries that wait: where it is small, what is known of the wait comes from few of them.
    traffic
        Settings of the traffic beside its rate, as JSON; without any it is Poisson.
    settle_s
        Seconds until the system has forgotten that it started empty, where that takes longer than a queue of this load
        with Poisson arrivals.
    """

    funnel: str
    qps: float
    rho: float = 0.0
    spread: float = 1.0
    longer: float = 1.0
    waits: float = 1.0
    traffic: str = "{}"
    settle_s: float = 0.0

    @property
    def workers(self) -> int:
        """Workers of a replica."""
        return max(stage.get("workers", 1) for stage in json.loads(self.funnel))

    @property
    def weight(self) -> float:
        """Work of a query beside that of one request to one queue."""
        stages = json.loads(self.funnel)
        by_load = [
            stage["replicas"] for stage in stages if stage.get("balancing") in ("least_outstanding", "power_of_two")
        ]
        heap = max(3.0, max(by_load) / 100) if by_load else 0.0
        sent = 2 if any("hedging" in stage for stage in stages) else 1
        return max(1.0, sent * sum(stage.get("shards", 1) for stage in stages) / 12, heap)

    def needed(self, row: Row) -> int:
        """Queries for a relative standard error of AIM in what `row` names.

        The relative asymptotic variance of the mean wait is (2 + 5 r - 4 r^2 + r^3) / r (1 - r)^2 in M/M/1 (Daley 1968)
        and grows with 1 + scv. A percentile of a nearly exponential law multiplies it by 1 / ((1 - p) ln^2 (1 - p)) at
        most, by four fifths of that up to p99 in queues. Whether a query waits is forgotten sooner, with the busy
        period, but not before the services that are under way end.
        """
        quantity, rho = row["quantity"], self.rho
        if row["value"] == 0:
            return 0
        correlation = self.spread
        if rho:
            mean_wait = (2 + 5 * rho - 4 * rho**2 + rho**3) / rho / (1 - rho) ** 2
            correlation = mean_wait * (1 + self.spread) / 2
        if "P(" in quantity:
            correlation = max(correlation * (1 - rho), 4 * self.workers)
        if "W" in quantity or "wait" in quantity:
            correlation *= min(16.0, max(1.0, 2 / self.waits - 2))
        level = re.search(r"p(\d+(?:\.\d+)?)", quantity)
        beyond = 1 - float(level[1]) / 100 if level else 0.0
        rarity = 4.0 if "sd" in quantity else 1.2
        if quantity in LOSSES:
            rarity *= max(1.0, 1 / row["value"] - 1)
        if level:
            rarity = (0.8 if rho and beyond > 0.005 else 1.0) / (beyond * math.log(beyond) ** 2)
        return math.ceil(self.longer * rarity * correlation / AIM**2)

    def work(self, row: Row) -> float:
        """What answering `row` takes, in queries to one queue."""
        return (self.needed(row) + GROUPS * self.warmup) * self.weight

    @property
    def warmup(self) -> int:
        """Queries left out at the start: twice the ten relaxation times that a queue needs at least.

        A queue with c workers forgets c times as fast, but not faster than its services end.
        """
        forgets = 20 * max(1, 1 / (1 - math.sqrt(self.rho)) ** 2 / self.workers) if self.rho else 0.0
        return math.ceil(max(forgets, self.settle_s) * self.qps)

    def plan(self, queries: int, replications: int) -> Plan:
        """The plan of so many measured queries in each of so many replications, after the warm-up."""
        stages = [{"name": f"s{i}", **stage} for i, stage in enumerate(json.loads(self.funnel))]
        arriving = json.loads(self.traffic) | {
            "qps": self.qps,
            "candidates": max(stage.get("shards", 1) for stage in stages),
            "queries": queries,
            "replications": replications,
            "warmup": self.warmup,
        }
        asked = {"name": "theory", "traffic": arriving, "funnel": stages, "merge": {"fixed": "0s", "per_shard": "0s"}}
        return resolve(parse_scenario(json.dumps(asked)), load_profile("default"))


@dataclass(frozen=True)
class Case:
    """Rows that one run answers."""

    model: Model
    ids: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """The rows themselves."""
        return [by_id()[name] for name in self.ids]

    @property
    def queries(self) -> int:
        """Queries that the hungriest row needs."""
        return max(200_000, *(self.model.needed(row) for row in self.rows))

    def complaints(self) -> list[str]:
        """What is wrong with the simulator's answers; empty if nothing is."""
        found = measure(self.model, self.queries, self.rows)
        return [
            text for row, (value, error) in zip(self.rows, found, strict=True) if (text := judged(row, value, error))
        ]


@cache
def by_id() -> dict[str, Row]:
    """Every row of exact.json by its id."""
    rows = json.loads((Path(__file__).parent / "exact.json").read_text())["checks"]
    return {row["id"]: row for row in rows}


def chosen_rows(pattern: str) -> list[Row]:
    """The rows whose ids match `pattern` from their start and that are not left out; they count as tested."""
    chosen = [row for row in by_id().values() if re.match(pattern, row["id"]) and not reason_to_leave_out(row["id"])]
    assert chosen, f"no row matches {pattern}: nothing would be tested"
    TESTED.update(row["id"] for row in chosen)
    return chosen


def cases(pattern: str, model: Callable[[Row], Model]) -> list[Any]:
    """The cases of `chosen_rows` for parametrize: rows of one model together, those of long runs apart and slow."""
    rows = [(row["id"], found := model(row), found.work(row)) for row in chosen_rows(pattern)]
    least = min(work for *_, work in rows)
    fast = max(FAST, least) if least <= QUICKEST else FAST
    chosen: dict[tuple[Model, bool], list[str]] = {}
    for name, found, work in rows:
        chosen.setdefault((found, work > fast), []).append(name)
    return [
        pytest.param(Case(found, tuple(ids)), id=ids[0], marks=pytest.mark.slow if slow else ())
        for (found, slow), ids in chosen.items()
    ]


def traffic(**settings: Any) -> str:
    """The settings as a Model holds them."""
    return json.dumps(settings)


def funnel(*stages: dict[str, Any]) -> str:
    """The stages as a Model holds them."""
    return json.dumps(stages)


def measure(model: Model, queries: int, rows: Sequence[Row]) -> list[tuple[float, float]]:
    """The mean and its standard error, over GROUPS pools of replications, of the quantity that each row names."""
    pooled = math.ceil(queries / GROUPS / LONGEST)
    plan = model.plan(math.ceil(queries / GROUPS / pooled), GROUPS * pooled)
    found: list[list[float]] = []
    pool: list[Sample] = []
    for sample in replicate(plan, "compiled", lambda blocks: Sample.of(blocks, plan.warmup)):
        pool.append(sample)
        if len(pool) == pooled:
            whole = Sample.joined(pool)
            pool.clear()
            found.append([value_of(row, whole) for row in rows])
    return [mean_and_error(values) for values in zip(*found, strict=True)]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean of independent values, and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))


def judged(row: Row, value: float, error: float) -> str:
    """What is wrong with an estimate of a row, or on which side of a bound it lies; empty if nothing is."""
    exact, off = row["value"], value - row["value"]
    if exact and 4 * error > WIDEST * abs(exact):
        return f"{row['id']}: four standard errors are {4 * error / exact:.1%} of the value: run longer"
    upper = row["kind"] == "bound" and "lower" not in row["quantity"]
    beyond = off if upper else -off if row["kind"] == "bound" else abs(off)
    if beyond > 4 * error + 1e-9:
        many = off / error if error else math.inf
        return f"{row['id']}: {value:.6g} against {exact:.6g}, {many:+.1f} standard errors ({row['source']})"
    return ""


def faster(model: Model, factor: float) -> Model:
    """The same model at another load: what a judge that works must complain about."""
    return replace(model, qps=model.qps * factor)
