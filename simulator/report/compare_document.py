"""The JSON of a comparison: one document, whose rows hold what the document of a run holds, under the same names."""

from typing import Any

from simulator.capacity.compare import Comparison, Difference, Row, significant
from simulator.report.compare_sentence import compare_sentence
from simulator.report.document import (
    MS,
    SCHEMA_VERSION,
    UNKNOWN,
    cost_document,
    objective_document,
    provenance_document,
    stage_document,
    window_document,
)

__all__ = ["compare_document"]


def compare_document(comparison: Comparison, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of `comparison` as plain JSON values; `overrides` are the `--set` settings by path."""
    base, first = comparison.grid.base, comparison.rows[0].run
    best = comparison.rows[comparison.best]
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "compare",
        "scenario": base.name,
        "question": base.question,
        "seed": first.plan.seed,
        "engine": first.engine,
        "replications": first.plan.replications,
        "vary": [axis.text for axis in comparison.grid.axes],
        "rows": [_row(row) for row in comparison.rows],
        "complete": comparison.complete,
        "best": {
            "row": comparison.best,
            "settings": best.cell.settings,
            "meets_objectives": best.meets,
            "because": compare_sentence(comparison),
        },
        "verdict": comparison.verdict,
        "provenance": provenance_document(comparison.profile, overrides),
    }


def _row(row: Row) -> dict[str, Any]:
    """Return one row; of a saturated system no latency is given."""
    run = row.run
    document = {
        "settings": row.cell.settings,
        "offered_qps": run.plan.qps,
        "queries": run.plan.queries,
        "warmup_queries": run.plan.warmup,
        "latency_ms": {
            name: (UNKNOWN if run.saturated else found.scaled(MS)).as_json() for name, found in run.latency.items()
        },
        "error_rate": run.error_rate.as_json(),
        "coverage": run.coverage.as_json(),
        "goodput_qps": run.goodput_qps.as_json(),
        "max_qps": row.maximum.qps.as_json() if row.maximum else UNKNOWN.as_json(),
        "max_qps_outcome": row.maximum.outcome if row.maximum else None,
        "utilization": row.utilization,
        "bottleneck": run.bottleneck,
        "saturated": bool(run.saturated),
        "saturated_queues": list(run.saturated),
        **cost_document(row.cell.scenario, row.workers),
        "stages": [_stage(row, s) for s in range(len(run.stages))],
        "objectives": [objective_document(run, judged) for judged in run.judged],
        "verdict": run.verdict,
        "difference": _difference(row.difference) if row.difference else None,
        "warnings": list(run.warnings),
    }
    if run.worst_window and not run.saturated:
        document["worst_window"] = window_document(run.worst_window)
    return document


def _stage(row: Row, s: int) -> dict[str, Any]:
    """Return a stage as a run's document has it, with where a query's time in it goes."""
    stage, time = row.run.stages[s], row.times[s]
    saturated = stage.name in row.run.saturated
    known = {"slowest_ms": time.slowest, "merge_ms": time.merge}
    return stage_document(stage, saturated=saturated) | {
        "mean_service_ms": time.service * MS,
        **{name: None if saturated else seconds * MS for name, seconds in known.items()},
    }


def _difference(difference: Difference) -> dict[str, Any]:
    """Return what a row is more than the first, by each measure, and whether that is more than luck."""
    return {
        "p99_ms": difference.p99.scaled(MS).as_json(),
        "significant": significant(difference.p99),
        "max_qps": difference.max_qps.as_json(),
        "max_qps_significant": significant(difference.max_qps),
    }
