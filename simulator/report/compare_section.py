"""A comparison in a report: its tables as text, and its rows as CSV."""

from collections.abc import Iterable
from typing import Any

from simulator.capacity.compare import Comparison, Row
from simulator.report.compare_document import compare_document
from simulator.report.compare_sentence import compare_sentence, compare_warnings, row_label, telling_stage, varied_names
from simulator.report.compare_table import (
    LATENCY_HEADS,
    LOAD_HEADS,
    POLICY_HEADS,
    TIME_HEADS,
    latency_row,
    load_row,
    policy_rows,
    time_row,
)

__all__ = ["compare_context", "compare_csv"]


def compare_context(comparison: Comparison) -> dict[str, Any]:
    """Return what the templates show of `comparison`, as text; tables have a title, heads and rows."""
    name, s = " x ".join(varied_names(comparison)), telling_stage(comparison)
    stage = comparison.rows[0].run.stages[s].name

    def table(title: str, heads: tuple[str, ...], cells: list[tuple[str, ...]]) -> dict[str, Any]:
        labels = (_label(comparison, row) for row in comparison.rows)
        labelled = [(label, *row) for label, row in zip(labels, cells, strict=True)]
        return {"title": title, "heads": (name, *heads), "rows": labelled}

    rows, acts = comparison.rows, policy_rows(comparison)
    return {
        "sentence": compare_sentence(comparison),
        "verdict": comparison.verdict,
        "warnings": compare_warnings(comparison),
        "tables": [
            table("Latency at the offered load", LATENCY_HEADS, [latency_row(row) for row in rows]),
            *([table("What is given up, and what is added", POLICY_HEADS, acts)] if acts else []),
            table("Maximum load and cost", LOAD_HEADS, [load_row(row) for row in rows]),
            table(f"Where a query's time in stage {stage} goes", TIME_HEADS, [time_row(row, s) for row in rows]),
        ],
    }


def compare_csv(comparison: Comparison) -> Iterable[tuple[Any, ...]]:
    """Return the comparison as CSV rows, nothing where a number is not known."""
    paths = [path for axis in comparison.grid.axes for path in axis.paths]
    plain = ("workers", "utilization", "cost_per_hour", "cost_per_million_queries", "saturated", "verdict")
    ends = ("value", "low", "high")
    known = ("p50_ms", "p99_ms", "max_qps", "p99_less_first_ms", "max_qps_less_first")
    yield (*paths, *plain, *(f"{name}_{end}" if end != "value" else name for name in known for end in ends))
    for row in compare_document(comparison, {})["rows"]:
        less = row["difference"] or {}
        found = [row["latency_ms"]["p50"], row["latency_ms"]["p99"], row["max_qps"]]
        found += [less.get("p99_ms", {}), less.get("max_qps", {})]
        cells = [*(row["settings"][path] for path in paths), *(row[name] for name in plain)]
        cells += [estimate.get(end) for estimate in found for end in ends]
        yield tuple("" if cell is None else cell for cell in cells)


def _label(comparison: Comparison, row: Row) -> str:
    """Return a row's settings, the best marked."""
    return f"{row_label(row)} *" if row is comparison.rows[comparison.best] else row_label(row)
