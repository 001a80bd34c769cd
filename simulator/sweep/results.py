"""What a sweep found, as tables: every cell, and what each setting does on average over all others.

Of a sweep that was ended early these are the cells with a row.
"""

from pathlib import Path
from typing import Any

import numpy as np

from simulator.report.files import write_bytes, write_text
from simulator.report.pages import csv_text
from simulator.report.text_table import TextTable
from simulator.statistics.intervals import estimate
from simulator.sweep.cells import Sweep, SweepCell
from simulator.sweep.measure import COLUMNS

__all__ = ["effects_table", "is_complete", "results_document", "sweep_sentence", "write_results"]

Rows = dict[str, dict[str, Any]]
MEASURES = ("p99_ms", "max_qps", "cost_per_hour")


def table_of(sweep: Sweep, rows: Rows) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the heads and the cells' rows, in the order of the cells."""
    heads = ("scenario", *(axis for axis in sweep.axes if axis not in ("scenario", "seed")), "seed", *COLUMNS)
    lines = []
    for cell in _measured(sweep, rows):
        settings = [sweep.value(cell, axis) for axis in sweep.axes if axis not in ("scenario", "seed")]
        found = [rows[cell.key][column] for column in COLUMNS]
        lines.append((cell.scenario.name, *settings, cell.scenario.seed, *found))
    return heads, lines


def _measured(sweep: Sweep, rows: Rows) -> list[SweepCell]:
    """Return the cells that have a row."""
    return [cell for cell in sweep.cells if cell.key in rows]


def is_complete(sweep: Sweep, rows: Rows) -> bool:
    """Return whether every cell has a row."""
    return len(rows) == len(sweep.cells)


def write_results(sweep: Sweep, rows: Rows, place: Path) -> list[Path]:
    """Write results.csv, results.parquet where pyarrow is installed, and report.md into `place`; return their paths."""
    heads, lines = table_of(sweep, rows)
    text = [[("" if value is None else value) for value in line] for line in lines]
    paths = [place / "results.csv", place / "report.md"]
    write_text(paths[0], csv_text([heads, *map(tuple, text)]))
    write_text(paths[1], _report(sweep, rows))
    parquet = _parquet(heads, lines)
    if parquet is not None:
        paths.append(place / "results.parquet")
        write_bytes(paths[-1], parquet)
    return paths


def _parquet(heads: tuple[str, ...], lines: list[tuple[Any, ...]]) -> bytes | None:
    """Return the rows as Parquet; None where pyarrow is not installed."""
    import io  # with what it serves, and only where it is there
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        return None
    import pandas as pd

    out = io.BytesIO()
    pd.DataFrame(lines, columns=list(heads)).to_parquet(out, index=False, engine="pyarrow")
    return out.getvalue()


def effects_table(sweep: Sweep, rows: Rows) -> TextTable:
    """Return what each value of each axis does, on average over all cells that differ in nothing else.

    Differences are to the first value of the axis, paired over those cells.
    """
    heads = ("setting", "cells", "met", "p99, ms", "p99 to first", "max QPS", "max QPS to first")
    lines = [line for axis in sweep.axes for line in _effects(sweep, rows, axis)]
    return TextTable(
        "What each setting does",
        heads,
        lines,
        "Means over the cells with that value, saturated ones left out; to first: paired with the cells that differ in "
        "nothing else, ± 95%, ~ where luck explains it",
    )


def _effects(sweep: Sweep, rows: Rows, axis: str) -> list[tuple[str, ...]]:
    """Return the lines of one axis."""
    others = [other for other in sweep.axes if other != axis]
    by_value: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    for cell in _measured(sweep, rows):
        at = tuple(sweep.value(cell, other) for other in others)
        by_value.setdefault(sweep.value(cell, axis), {})[at] = rows[cell.key]
    first = next(iter(by_value.values()), {})
    lines = []
    for value, found in by_value.items():
        met = sum(row["verdict"] == "met" for row in found.values())
        numbers = []
        for measure in ("p99_ms", "max_qps"):
            known = [row[measure] for row in found.values() if row[measure] is not None]
            numbers.append(f"{np.mean(known):,.4g}" if known else "–")
            numbers.append("" if found is first else _difference(first, found, measure))
        lines.append((f"{axis}={value}", f"{len(found):,}", f"{met:,}", *numbers))
    return lines


def _difference(
    first: dict[tuple[str, ...], dict[str, Any]], found: dict[tuple[str, ...], dict[str, Any]], measure: str
) -> str:
    """Return the mean difference of a measure over the cells that both values have."""
    pairs = [(first[at][measure], row[measure]) for at, row in found.items() if at in first]
    known = [two - one for one, two in pairs if one is not None and two is not None]
    if not known:
        return "–"
    mean = estimate(known)
    if len(known) < 2:
        return f"{mean.value:+.3g}"
    sure = "" if mean.low > 0 or mean.high < 0 else " ~"
    return f"{mean.value:+.3g} ±{(mean.high - mean.low) / 2:.2g}{sure}"


def sweep_sentence(sweep: Sweep, rows: Rows) -> str:
    """Return how many cells meet their objectives, and the best of them."""
    done = [(cell, rows[cell.key]) for cell in _measured(sweep, rows)]
    met = [(cell, row) for cell, row in done if row["verdict"] == "met"]
    wrong = sum(1 for _, row in done if row["error"])
    said = f"{len(met):,} of {len(done):,} cells meet all objectives"
    said += f", {wrong:,} could not be simulated" if wrong else ""
    if not met:
        return f"{said}."
    cell, row = min(
        met, key=lambda pair: (pair[1]["cost_per_hour"] or 0.0, pair[1]["workers"], pair[1]["p99_ms"] or 0.0)
    )
    workers = f"{row['workers']:,.0f} worker{'s' if row['workers'] > 1 else ''}"
    where = ", ".join(f"{axis}={sweep.value(cell, axis)}" for axis in sweep.axes) or cell.scenario.name
    cost = f" for {row['cost_per_hour']:.4g} an hour" if row["cost_per_hour"] is not None else ""
    return f"{said}; the cheapest is {where}: p99 {row['p99_ms']:.4g} ms with {workers}{cost}."


def results_document(sweep: Sweep, rows: Rows) -> dict[str, Any]:
    """Return a sweep as plain JSON values."""
    heads, lines = table_of(sweep, rows)
    return {
        "schema_version": 1,
        "command": "sweep",
        "sweep": sweep.asked.name,
        "question": sweep.asked.question,
        "complete": is_complete(sweep, rows),
        "answer": sweep_sentence(sweep, rows),
        "cells": [dict(zip(heads, line, strict=True)) for line in lines],
    }


def _report(sweep: Sweep, rows: Rows) -> str:
    """Return the report of a sweep as Markdown."""
    table = effects_table(sweep, rows)
    lines = [f"# {sweep.asked.question or sweep.asked.name}", "", f"**{sweep_sentence(sweep, rows)}**", ""]
    lines += [f"## {table.title}", "", f"| {' | '.join(table.heads)} |", "|---|" + "---:|" * (len(table.heads) - 1)]
    lines += [f"| {' | '.join(row)} |" for row in table.rows]
    lines += ["", f"{table.note}.", "", "Every cell is in [results.csv](results.csv)."]
    return "\n".join(lines) + "\n"
