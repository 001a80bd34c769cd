"""What changed since an earlier report: its numbers beside those of today, paired where both met the same luck."""

import json
import math
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.report.text_table import TextTable
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["changes_since", "read_earlier"]

MEASURES = ("mean", "p50", "p90", "p95", "p99", "p99.9")


def read_earlier(path: Path) -> dict[str, Any]:
    """Return an earlier run's document.

    Raises
    ------
    InputError
        If the file cannot be read, or is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--compare-to {path}: cannot be read ({error}); give the report.json of a report") from error
    if not isinstance(found, dict) or found.get("command") != "run":
        raise InputError(f"--compare-to {path}: expected the report.json of a report, got something else")
    try:
        changes_since(found, found)  # what can be compared with itself has all that it takes
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"--compare-to {path}: expected a whole report.json, got a part of one ({error})") from error
    return found


def changes_since(earlier: dict[str, Any], now: dict[str, Any]) -> TextTable:
    """Return the table of what changed from one document of a run to another.

    Latencies of equal seed and replications are compared replication by replication; others by their intervals, as
    independent.
    """
    rows: list[tuple[str, ...]] = []
    for name in MEASURES:
        pair = [document["latency_ms"].get(name, {}).get("value") for document in (earlier, now)]
        if None in pair:
            continue
        change = _paired(earlier, now, name) or _apart(earlier["latency_ms"][name], now["latency_ms"][name])
        rows.append((f"{name}, ms", f"{pair[0]:.4g}", f"{pair[1]:.4g}", _text(change)))
    for name, unit in (("goodput_qps", "QPS"), ("error_rate", "share"), ("coverage", "share")):
        change = _apart(earlier[name], now[name])
        values = [f"{document[name]['value']:.4g}" for document in (earlier, now)]
        rows.append((f"{name.replace('_qps', '').replace('_', ' ')}, {unit}", *values, _text(change)))
    rows.append(
        ("verdict", earlier["verdict"], now["verdict"], "" if earlier["verdict"] == now["verdict"] else "changed")
    )
    paired = _same_luck(earlier, now)
    luck = "replication by replication, under the same luck" if paired else "as of independent runs"
    return TextTable(
        "What changed",
        ("", "before", "now", "difference"),
        rows,
        f"Compared {luck}; ± the 95% interval, ~ where luck explains it",
    )


def _same_luck(earlier: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return whether both runs met the same arrivals and draws."""
    return all(earlier.get(key) == now.get(key) for key in ("scenario", "seed", "replications")) and bool(
        earlier.get("by_replication_ms")
    )


def _paired(earlier: dict[str, Any], now: dict[str, Any], name: str) -> Estimate | None:
    """Return the mean difference over replications; None where they cannot be paired."""
    if not _same_luck(earlier, now):
        return None
    pair = [document["by_replication_ms"].get(name) for document in (earlier, now)]
    if None in pair or None in pair[0] or None in pair[1] or len(pair[0]) != len(pair[1]):
        return None
    return estimate([after - before for before, after in zip(*pair, strict=True)])


def _apart(before: dict[str, Any], after: dict[str, Any]) -> Estimate:
    """Return the difference of two independent estimates; without intervals where either has none."""
    change = after["value"] - before["value"]
    if before["low"] is None or after["low"] is None:
        return Estimate(change, math.nan, math.nan)
    half = math.hypot(before["high"] - before["value"], after["high"] - after["value"])
    return Estimate(change, change - half, change + half)


def _text(change: Estimate) -> str:
    """Return a difference with its interval."""
    if math.isnan(change.low):
        return f"{change.value:+.3g}"
    sure = "" if change.low > 0 or change.high < 0 else " ~"
    return f"{change.value:+.3g} ±{(change.high - change.low) / 2:.2g}{sure}"
