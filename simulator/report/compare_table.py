"""A comparison as tables for a terminal of 80 columns."""

import math

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.capacity.compare import Comparison, Row, significant
from simulator.capacity.price import cost_per_hour, cost_per_million_queries
from simulator.report.compare_sentence import compare_sentence, row_label, telling_stage, varied_names
from simulator.report.fleet import workers_text
from simulator.report.tables import new_table, spread
from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = [
    "compare_tables",
    "latency_row",
    "load_row",
    "policy_rows",
    "time_row",
]

LATENCY_HEADS = ("busy", "p50", "p99", "95% interval", "p99 vs first")
LOAD_HEADS = ("workers", "max QPS", "95% interval", "vs first", "cost/h", "cost/M")
POLICY_HEADS = ("coverage", "errors", "extra requests", "wasted work")
TIME_HEADS = ("service", "queue", "slowest", "merge", "in all")
CAPTION = "* the best row. ~: no more than luck. cost/M: of a million queries at the offered load."


def compare_tables(comparison: Comparison) -> RenderableType:
    """Return latency, maximum load with cost, and where the time goes, row by row; and the sentence that chooses."""
    base = comparison.grid.base
    heading = Text(base.name, style="bold")
    first = comparison.rows[0].run
    heading.append(f"  {first.plan.replications} replications, seed {first.plan.seed}\n", style="default")
    if base.question:
        heading.append(base.question, style="italic")
    s = telling_stage(comparison)
    times = _table(
        comparison,
        f"Where a query's time in stage {first.stages[s].name} goes (means)",
        TIME_HEADS,
        [time_row(row, s) for row in comparison.rows],
    )
    times.caption, times.caption_justify = CAPTION, "left"
    acts = policy_rows(comparison)
    return Group(
        heading,
        _table(comparison, "Latency at the offered load", LATENCY_HEADS, [latency_row(row) for row in comparison.rows]),
        *([_table(comparison, "What is given up, and what is added", POLICY_HEADS, acts)] if acts else []),
        _table(comparison, "Maximum load and cost", LOAD_HEADS, [load_row(row) for row in comparison.rows]),
        times,
        Text(compare_sentence(comparison), style="bold"),
    )


def latency_row(row: Row) -> tuple[str, ...]:
    """Return the cells under LATENCY_HEADS; a saturated row has no latency."""
    busy = f"{row.utilization:.0%}"
    if row.run.saturated:
        return (busy, "–", "saturated", "", "")
    p50, p99 = row.run.latency["p50"], row.run.latency["p99"]
    change = _change(row.difference.p99, in_time=True) if row.difference else ""
    return (busy, format_duration(p50.value), format_duration(p99.value), spread(p99), change)


def policy_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Return the cells under POLICY_HEADS row by row, of the stage with most of each; none where nothing happened."""
    rows = comparison.rows
    if all(row.run.coverage.value == 1 and row.run.error_rate.value == 0 and _most(row) == (0, 0) for row in rows):
        return []
    return [
        (f"{row.run.coverage.value:.2%}", *(f"{share:.2%}" for share in (row.run.error_rate.value, *_most(row))))
        for row in rows
    ]


def _most(row: Row) -> tuple[float, float]:
    """Return the largest share of extra requests and of wasted work of any stage."""
    stages = row.run.stages
    return max(stage.extra_requests.value for stage in stages), max(stage.wasted.value for stage in stages)


def load_row(row: Row) -> tuple[str, ...]:
    """Return the cells under LOAD_HEADS."""
    prices = (cost_of(row.cell.scenario, row.workers) for cost_of in (cost_per_hour, cost_per_million_queries))
    costs = tuple("–" if cost is None else f"{cost:,.2f}" for cost in prices)
    workers = workers_text(row.workers)
    if row.maximum is None:
        return (workers, "–", "", "", *costs)
    most = row.maximum.qps
    known = row.maximum.outcome == "found" and not math.isnan(most.low)
    value = {"found": _qps(most.value), "never": "never", "beyond": f"over {_qps(most.value)}"}[row.maximum.outcome]
    interval = f"{_qps(most.low)} – {_qps(most.high)}" if known else ""
    change = _change(row.difference.max_qps, in_time=False) if row.difference else ""
    return (workers, value, interval, change, *costs)


def time_row(row: Row, s: int) -> tuple[str, ...]:
    """Return the cells under TIME_HEADS for stage `s`."""
    time, stage = row.times[s], row.run.stages[s]
    if stage.name in row.run.saturated:
        return (format_duration(time.service), "–", "–", format_duration(time.merge), "–")
    parts = (time.service, time.queue, time.slowest, time.merge, stage.latency.value)
    return tuple(map(format_duration, parts))


def _qps(qps: float) -> str:
    """Return a load for people, of a small one two decimals."""
    return f"{qps:,.0f}" if qps >= 100 or qps == 0 else f"{qps:.2f}"


def _change(difference: Estimate, *, in_time: bool) -> str:
    """Return a difference with its sign, `~` before it where it is no more than luck."""
    if math.isnan(difference.value):
        return ""
    size = abs(difference.value)
    text = format_duration(size) if in_time else _qps(size)
    sign = "-" if difference.value < 0 else "+" if difference.value > 0 else ""
    return f"{'' if significant(difference) else '~ '}{sign}{text}"


def _table(comparison: Comparison, title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    """Return a table with one row a cell of the grid, the best marked."""
    table = new_table(title)
    table.add_column(" x ".join(varied_names(comparison)), overflow="fold")
    for head in heads:
        table.add_column(head, justify="right")
    for i, (row, cells) in enumerate(zip(comparison.rows, rows, strict=True)):
        best = i == comparison.best
        style = "bold" if best else "red" if row.run.saturated else None
        table.add_row(f"{row_label(row)} *" if best else row_label(row), *cells, style=style)
    return table
