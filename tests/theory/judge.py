"""Judging the simulator by exact results: run a scenario, compare with a row of exact.json within 4 standard errors.

Conventions of the rows: mean service 1 s, T sojourn time, W queueing time, rho the load of a worker. A row's own
advised tolerance is not used: the judge is the standard error over independent replications, which must itself be
small: four of them never exceed 3% of the exact value.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.replications import replicate
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.scenario.load import parse_scenario

Row = dict[str, Any]
REPLICATIONS = 20
WIDEST = 0.03
HIGH = 0.85


@cache
def all_rows() -> tuple[Row, ...]:
    """Every row of exact.json."""
    return tuple(json.loads((Path(__file__).parent / "exact.json").read_text())["checks"])


def at(value: float | str) -> Callable[[Any], bool]:
    """A test of a parameter for one value."""
    return lambda found: found == value or (not isinstance(value, str) and abs(found - value) < 1e-9)


def cases(family: str, *names: str, **wanted: Callable[[Any], bool]) -> list[Any]:
    """The distinct values of parameters `names` among the rows of a family; high loads are marked slow."""
    chosen = [row["params"] for row in rows(family, **wanted) if set(names) <= set(row["params"])]
    found = sorted({tuple(round(parameters[name], 9) for name in names) for parameters in chosen})
    load = next((i for i, name in enumerate(names) if name in ("rho", "lam")), None)
    return [
        pytest.param(*case, marks=pytest.mark.slow) if load is not None and case[load] > HIGH else case
        for case in found
    ]


def rows(family: str, **wanted: Callable[[Any], bool]) -> list[Row]:
    """The rows of one family whose parameters pass each of `wanted`.

    Bounds, self-checks, and percentiles inside an atom (a wait of exactly 0) are left out, and so is p99.9, which takes
    runs of another length.
    """
    return [
        row
        for row in all_rows()
        if row["id"].split(".")[0] == family
        and row["kind"] in ("exact", "numerical")
        and "bound" not in row["quantity"]
        and "99.9" not in row["quantity"]
        and row["value"] != 0
        and "self-check" not in row["quantity"]
        and all(name in row["params"] and test(row["params"][name]) for name, test in wanted.items())
    ]


def scenario(qps: float, funnel: list[dict[str, Any]], **traffic: Any) -> dict[str, Any]:
    """A scenario without merge or network, as a mapping."""
    stages = [{"name": f"s{i}", **stage} for i, stage in enumerate(funnel)]
    plain = {"qps": qps, "candidates": max(stage.get("shards", 1) for stage in stages), **traffic}
    return {"name": "theory", "traffic": plain, "funnel": stages, "merge": {"fixed": "0s", "per_shard": "0s"}}


class Run:
    """A scenario's replications, asked for one quantity after the other."""

    def __init__(self, asked: dict[str, Any], queries: int, rho: float = 0.0) -> None:
        asked["traffic"] |= {"queries": queries, "replications": REPLICATIONS, "warmup": self._warmup(asked, rho)}
        plan = resolve(parse_scenario(json.dumps(asked)), load_profile("default"))
        self.warmup = plan.warmup
        self.samples = list(replicate(plan, "compiled", self._keep))

    @staticmethod
    def _warmup(asked: dict[str, Any], rho: float) -> int:
        """Twice the ten relaxation times that a queue needs at least."""
        return math.ceil(20 / (1 - math.sqrt(rho)) ** 2 * asked["traffic"]["qps"]) if rho else 0

    def _keep(self, blocks: Iterable[Result]) -> tuple[np.ndarray, np.ndarray]:
        """Sojourn and queueing times of the measured queries."""
        pairs = [(block.latency, block.parts[:, :, 1].sum(axis=1)) for block in blocks]
        sojourn, wait = (np.concatenate(column) for column in zip(*pairs, strict=True))
        return sojourn[self.warmup :], wait[self.warmup :]

    def estimate(self, quantity: str) -> tuple[float, float]:
        """The mean over replications of a quantity as rows name it, and its standard error."""
        found = [self._of(quantity, *sample) for sample in self.samples]
        return float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(len(found)))

    @staticmethod
    def _of(quantity: str, sojourn: np.ndarray, wait: np.ndarray) -> float:
        """One replication's value of a quantity."""
        plain = quantity.replace("| accepted", "").replace("E[max]", "E[T]").strip()
        if plain in ("P(wait)", "P(W>0)"):
            return float((wait > 0).mean())
        if plain == "sd[W]":
            return float(wait.std())
        if match := re.fullmatch(r"E\[([TW])\]", plain):
            return float((sojourn if match[1] == "T" else wait).mean())
        match = re.match(r"(?:([TW]) )?p([\d.]+)", plain)
        assert match, f"no such quantity: {quantity}"
        samples = wait if match[1] == "W" else sojourn
        return float(np.percentile(samples, float(match[2]), method="inverted_cdf"))

    def judge(self, row: Row) -> str:
        """What is wrong with the estimate of a row; empty if nothing is."""
        value, error = self.estimate(row["quantity"])
        exact = row["value"]
        if abs(value - exact) > 4 * error + 1e-9:
            off = (value - exact) / error if error else math.inf
            return f"{row['id']}: {value:.5g} against {exact:.5g} exactly, {off:+.1f} standard errors ({row['source']})"
        if exact and 4 * error > WIDEST * abs(exact):
            return f"{row['id']}: four standard errors are {4 * error / exact:.1%} of the value: run longer"
        return ""


def judged(run: Run, chosen: list[Row]) -> list[str]:
    """The complaints about all of `chosen`."""
    assert chosen, "no rows were chosen: nothing would be tested"
    return [complaint for row in chosen if (complaint := run.judge(row))]
