"""One cell of a sweep, measured: a flat row of plain numbers; in a process of its own, here or elsewhere."""

import math
from typing import Any

from simulator.capacity.price import cost_per_hour, cost_per_million_queries, mean_workers
from simulator.capacity.run import run_with
from simulator.capacity.search import find_maximum, has_maximum
from simulator.costs.profile import load_profile
from simulator.engine.replications import one_thread
from simulator.errors import SimulatorError
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate

__all__ = ["COLUMNS", "measure"]

MS = 1000.0
COLUMNS = (
    "offered_qps", "verdict", "saturated", "p50_ms", "p99_ms", "p99_low_ms", "p99_high_ms", "error_rate", "coverage",
    "bottleneck", "utilization", "workers", "cost_per_hour", "cost_per_million_queries", "max_qps", "max_qps_low",
    "max_qps_high", "limited_by", "error",
)  # fmt: skip
"""The columns of a row; null where a number is not known. `error` says why a cell could not be simulated, else ""."""


def measure(scenario: Scenario, what: str) -> dict[str, Any]:
    """Return the row of a cell, COLUMNS; with `what` "capacity" its maximum load too; in one thread."""
    try:
        with one_thread():
            return dict.fromkeys(COLUMNS) | _row(scenario, what)
    except SimulatorError as error:
        return dict.fromkeys(COLUMNS) | {"error": str(error)}


def _row(scenario: Scenario, what: str) -> dict[str, Any]:
    """Return what is known of a cell."""
    profile = load_profile(scenario.costs.profile)
    run = run_with(scenario, profile, "compiled")
    workers = mean_workers(run.stages)
    nothing = Estimate(math.nan, math.nan, math.nan)
    p99 = nothing if run.saturated else run.latency["p99"].scaled(MS)
    row = {
        "offered_qps": run.offered_qps,
        "verdict": run.verdict,
        "saturated": bool(run.saturated),
        "p50_ms": None if run.saturated else _known(run.latency["p50"].value * MS),
        "p99_ms": _known(p99.value),
        "p99_low_ms": _known(p99.low),
        "p99_high_ms": _known(p99.high),
        "error_rate": _known(run.error_rate.value),
        "coverage": _known(run.coverage.value),
        "bottleneck": run.bottleneck,
        "utilization": _known(run.loads[run.bottleneck]),
        "workers": workers,
        "cost_per_hour": cost_per_hour(scenario, workers),
        "cost_per_million_queries": cost_per_million_queries(scenario, workers),
        "error": "",
    }
    if what == "capacity" and has_maximum(scenario):
        most = find_maximum(scenario, profile)
        row |= {
            "max_qps": _known(most.qps.value),
            "max_qps_low": _known(most.qps.low),
            "max_qps_high": _known(most.qps.high),
            "limited_by": most.queue,
        }
    return row


def _known(value: float) -> float | None:
    """Return a number, None where it is not finite."""
    return value if math.isfinite(value) else None
