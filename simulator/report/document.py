"""The JSON of a run: one document, times in milliseconds with the unit in the name, null for what is not known."""

import math
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from simulator.capacity.answer import CapacityAnswer, CurvePoint, PartOfCapacity
from simulator.capacity.price import cost_per_hour, cost_per_million_queries, mean_workers
from simulator.capacity.quality import Quality
from simulator.capacity.run_answer import ClassAnswer, Judged, RunAnswer, StageAnswer, WindowAnswer
from simulator.capacity.theory import Check
from simulator.costs.profile import Profile
from simulator.engine.compiled import path_of
from simulator.report.quality_text import quality_document
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate
from simulator.version import __version__

__all__ = [
    "MS",
    "SCHEMA_VERSION",
    "UNKNOWN",
    "capacity_document",
    "cost_document",
    "objective_document",
    "part_document",
    "plain_data",
    "provenance_document",
    "run_document",
    "stage_document",
    "window_document",
]

SCHEMA_VERSION = 1
MS = 1000.0
UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def run_document(answer: RunAnswer, overrides: dict[str, str], quality: Quality | None = None) -> dict[str, Any]:
    """Return the document of `answer`, as plain JSON values; `overrides` are the `--set` settings by path.

    Of a saturated system the latencies stand under `transient_latency_ms`, not `latency_ms`, and no share of slow
    queries is given: they grow with the length of the run and describe no steady state.
    """
    latency = {name: found.scaled(MS).as_json() for name, found in answer.latency.items()}
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "command": "run",
        "scenario": answer.scenario.name,
        "question": answer.scenario.question,
        "seed": answer.plan.seed,
        "engine": answer.engine,
        "path": path_of(answer.plan),
        "offered_qps": answer.offered_qps,
        "replications": answer.plan.replications,
        "queries": answer.plan.queries,
        "warmup_queries": answer.plan.warmup,
        "requests": answer.requests,
        "latency_ms": dict.fromkeys(latency, UNKNOWN.as_json()) if answer.saturated else latency,
        "by_replication_ms": _by_replication(answer),
        "over": {
            _threshold(limit): (UNKNOWN if answer.saturated else found).as_json()
            for limit, found in answer.over.items()
        },
        "error_rate": answer.error_rate.as_json(),
        "coverage": answer.coverage.as_json(),
        "goodput_qps": answer.goodput_qps.as_json(),
        "hedge_after_ms": {name: after * MS for name, after in answer.plan.hedge_after_s.items()},
        "stages": [stage_document(stage, saturated=stage.name in answer.saturated) for stage in answer.stages],
        "merge": _merge(answer),
        **cost_document(answer.scenario, mean_workers(answer.stages)),
        "bottleneck": answer.bottleneck,
        "saturated": bool(answer.saturated),
        "saturated_queues": list(answer.saturated),
        "backlog_growth": None if math.isnan(answer.backlog.growth) else answer.backlog.growth,
        "queries_in_system": answer.in_system.as_json(),
        "arrival_rate_times_latency": answer.little.as_json(),
        "theory": [_beside(answer, check) for check in answer.theory],
        "objectives": [objective_document(answer, judged) for judged in answer.judged],
        "verdict": answer.verdict,
        "warnings": list(answer.warnings),
        "complete": answer.complete,
        "conservation": vars(answer.conservation),
        "provenance": provenance_document(answer.profile, overrides),
    }
    if answer.saturated:
        document["transient_latency_ms"] = latency
    judged = {"quality": quality_document(quality)} if quality else {}
    return document | _by_kind_and_time(answer) | judged


def _merge(answer: RunAnswer) -> dict[str, Any]:
    """Return the broker's merge."""
    return {
        "utilization": answer.merge_utilization.as_json() if answer.plan.merge_workers else None,
        "workers": answer.plan.merge_workers or None,
        "cost_source": "measured" if answer.scenario.merge.measured else "assumed",
    }


def cost_document(scenario: Scenario, workers: float) -> dict[str, Any]:
    """Return how many workers ran on average, and what they cost in the currency of the scenario, null unpriced."""
    return {
        "workers": round(workers) if workers == round(workers) else workers,
        "cost_per_hour": cost_per_hour(scenario, workers),
        "cost_per_million_queries": cost_per_million_queries(scenario, workers),
        "currency": scenario.prices.currency if scenario.prices else None,
    }


def capacity_document(answer: CapacityAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of a capacity search; the confirming run stands whole under `confirmation`."""
    objective, stage = answer.limited_by
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "capacity",
        "scenario": answer.scenario.name,
        "question": answer.scenario.question,
        "seed": answer.scenario.seed,
        "engine": answer.confirmation.engine,
        "path": path_of(answer.confirmation.plan),
        "complete": True,
        "outcome": answer.maximum.outcome,
        "max_qps": answer.maximum.qps.as_json(),
        "analytic_bound_qps": answer.maximum.bound_qps,
        "judged_to_qps": answer.maximum.judged_qps,
        "search_queries": answer.maximum.queries,
        "limited_by": {"objective": objective, "stage": stage},
        "floor_p99_ms": answer.floor.latency["p99"].scaled(MS).as_json(),
        "curve": [_point(point) for point in answer.curve],
        "confirmation": run_document(answer.confirmation, overrides),
        "warnings": list(answer.warnings),
        "provenance": provenance_document(answer.profile, overrides),
    }


def part_document(part: PartOfCapacity, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of a search that was ended early."""
    maximum = part.maximum
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "capacity",
        "scenario": part.scenario.name,
        "question": part.scenario.question,
        "seed": part.scenario.seed,
        "engine": part.engine,
        "complete": False,
        "replications_searched": len(maximum.roots),
        "outcome": maximum.outcome,
        "max_qps": maximum.qps.as_json(),
        "analytic_bound_qps": maximum.bound_qps,
        "judged_to_qps": maximum.judged_qps,
        "search_queries": maximum.queries,
        "limited_by": {"objective": maximum.objective, "stage": maximum.queue},
        "provenance": provenance_document(part.profile, overrides),
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    """Return a point of the latency-load curve."""
    p50, p99 = (UNKNOWN if point.saturated else found.scaled(MS) for found in (point.p50, point.p99))
    return {
        "qps": point.qps,
        "p50_ms": p50.as_json(),
        "p99_ms": p99.as_json(),
        "utilization": point.utilization,
        "saturated": point.saturated,
    }


def stage_document(stage: StageAnswer, *, saturated: bool) -> dict[str, Any]:
    """Return one stage; latencies of a saturated stage are not known."""
    mean = UNKNOWN if saturated else stage.latency.scaled(MS)
    queue = UNKNOWN if saturated else stage.queue.scaled(MS)
    tail = {"p50": stage.p50, "p99": stage.p99}
    uneven = {"busiest_shard": {"shard": stage.busiest_shard, "utilization": stage.busiest.as_json()}}
    return {
        "name": stage.name,
        "shards": stage.shards,
        "replicas": stage.replicas,
        "workers": stage.workers,
        "candidates": stage.candidates.value,
        "utilization": stage.utilization.as_json(),
        "extra_requests": stage.extra_requests.as_json(),
        "wasted_share": stage.wasted.as_json(),
        "mean_replicas": stage.mean_replicas.as_json(),
        "replica_hours": stage.replica_hours.as_json(),
        "latency_ms": mean.as_json()
        | {name: (UNKNOWN if saturated else found.scaled(MS)).as_json() for name, found in tail.items()},
        "queue_ms": queue.as_json(),
        "service_ms": stage.service.scaled(MS).as_json(),
        "cost_source": stage.source,
    } | (uneven if stage.busiest_shard is not None else {})


def _beside(answer: RunAnswer, check: Check) -> dict[str, Any]:
    """Return what theory says of one quantity beside what was simulated, times in milliseconds."""
    is_time = check.quantity not in ("utilization", "capacity_qps")
    scale, unit = (MS, "_ms") if is_time else (1.0, "")
    simulated = answer.simulated.get((check.stage, check.quantity), UNKNOWN)
    lost = is_time and answer.saturated
    return {
        "stage": check.stage,
        "quantity": f"{check.quantity}{unit}",
        "value": check.value * scale if math.isfinite(check.value) else None,
        "simulated": (UNKNOWN if lost else simulated).scaled(scale).as_json(),
        "kind": check.kind,
        "formula": check.formula,
    }


def _by_kind_and_time(answer: RunAnswer) -> dict[str, Any]:
    """Return the parts on classes of queries and on windows of time, where the traffic has any."""
    parts: dict[str, Any] = {}
    if answer.classes:
        parts["classes"] = [_class(answer, one) for one in answer.classes]
    if answer.windows and not answer.saturated:
        parts["windows"] = [window_document(one) for one in answer.windows]
        parts["worst_window"] = window_document(answer.worst_window) if answer.worst_window else None
    return parts


def _class(answer: RunAnswer, one: ClassAnswer) -> dict[str, Any]:
    """Return one class of queries; latencies of a saturated system are not known."""
    return {
        "name": one.name,
        "share": one.share,
        "latency_ms": {
            name: (UNKNOWN if answer.saturated else found.scaled(MS)).as_json() for name, found in one.latency.items()
        },
        "objectives": [objective_document(answer, judged) for judged in one.judged],
    }


def window_document(one: WindowAnswer) -> dict[str, Any]:
    """Return five minutes of the run."""
    return {
        "from_s": one.from_s,
        "qps": one.qps,
        "p99_ms": one.p99.scaled(MS).as_json(),
        "replicas": list(one.replicas),
    }


def objective_document(answer: RunAnswer, judged: Judged) -> dict[str, Any]:
    """Return one objective; latencies in milliseconds, shares as they are."""
    is_time = judged.objective.metric in ("percentile", "mean", "max")
    known = not (answer.saturated and judged.objective.metric not in ("error_rate", "coverage"))
    found = (judged.estimate.scaled(MS if is_time else 1.0) if known else UNKNOWN).as_json()
    return {
        "objective": judged.objective.text,
        "estimate": found["value"],
        "low": found["low"],
        "high": found["high"],
        "unit": "ms" if is_time else "share",
        "verdict": judged.verdict,
        "more_replications": judged.more_replications,
    }


def _by_replication(answer: RunAnswer) -> dict[str, list[float | None]]:
    """Return each replication's own latencies, to pair runs of the same luck by."""
    return {name: [_finite(summary.latency[name] * MS) for summary in answer.summaries] for name in answer.latency}


def _finite(value: float) -> float | None:
    """Return a number, None where it is not finite."""
    return value if math.isfinite(value) else None


def _threshold(seconds: float) -> str:
    """Return a threshold as a user would write it: 1s, 250ms."""
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * MS:g}ms"


def provenance_document(profile: Profile, overrides: dict[str, str]) -> dict[str, Any]:
    """Return what made the numbers: the profile's name and machine, versions, and the `--set` settings by path."""
    return {"profile": profile.name, "profile_measured_on": dict(profile.provenance), **versions_document(overrides)}


def versions_document(overrides: dict[str, str]) -> dict[str, Any]:
    """Return which versions made the numbers, and the `--set` settings by path."""
    return {
        "package": __version__,
        "numpy": version("numpy"),
        "numba": version("numba"),
        "python": platform.python_version(),
        "overrides": overrides,
    }


def plain_data(value: Any) -> Any:  # noqa: ANN401  data of any shape
    """Return data with estimates as mappings, and null for what is not finite."""
    if isinstance(value, Estimate):
        return {key: plain_data(part) for key, part in asdict(value).items()}
    if isinstance(value, dict):
        return {key: plain_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
