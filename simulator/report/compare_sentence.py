"""A comparison's answer in words: which row is best, and what the others lose where."""

import math

from simulator.capacity.compare import Comparison, Row, StageTime
from simulator.capacity.price import cost_per_hour
from simulator.report.fleet import workers_text
from simulator.report.sentence import window_start
from simulator.units import format_duration

__all__ = ["compare_sentence", "compare_warnings", "row_label", "telling_stage", "varied_names"]

_PARTS = {
    "service": "of service",
    "queue": "of queueing",
    "slowest": "of waiting for the slowest",
    "merge": "of merging",
}
_MANY_FAIL = 0.05
"""Where this share more of the queries fails than in the best row, latencies are only those of the few that do not."""
_WORTH_TELLING = 0.1
"""The least share of a row's largest change that another of its changes must be to be told."""


def varied_names(comparison: Comparison) -> list[str]:
    """Return short names of the varied settings: the last key of each path, with its stage where that is not enough."""
    paths = [path for axis in comparison.grid.axes for path in axis.paths]
    ends = [path.rpartition(".")[2] for path in paths]
    if len(set(ends)) == len(ends):
        return ends
    return [path.removeprefix("funnel.") for path in paths]


def row_label(row: Row) -> str:
    """Return the values of a row's settings: `200`, or `300 x 2`."""
    return " x ".join(row.cell.shown.values())


def telling_stage(comparison: Comparison) -> int:
    """Return the number of the stage whose mean latency the settings change most."""
    stable = [row for row in comparison.rows if not row.run.saturated]
    spans = []
    for s in range(min(len(row.times) for row in comparison.rows)):
        latencies = [row.run.stages[s].latency.value for row in stable]
        spans.append(max(latencies) - min(latencies) if latencies else 0.0)
    return spans.index(max(spans))


def compare_sentence(comparison: Comparison) -> str:
    """Return which row is best and why: its numbers, and where the mean time of the others goes instead."""
    tellers = (_verdict, _failing, _trade, _fastest, _saturated, _worst)
    parts = [tell(comparison) for tell in tellers]
    return " ".join(part for part in parts if part)


def compare_warnings(comparison: Comparison) -> list[str]:
    """Return what the reader should know about the rows, each message once with the rows that it is about."""
    rows: dict[str, list[str]] = {}
    for row in comparison.rows:
        for warning in row.run.warnings:
            rows.setdefault(warning, []).append(row_label(row))
    names = " x ".join(varied_names(comparison))
    return [f"{names} {_few(labels)}: {warning}" for warning, labels in rows.items()]


def _few(labels: list[str]) -> str:
    """Return the first labels and how many more there are."""
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return f"{', '.join(labels[:3])}{more}"


def _named(comparison: Comparison, row: Row) -> str:
    """Return a row's settings with their names."""
    values = row.cell.shown.values()
    return ", ".join(f"{name}={value}" for name, value in zip(varied_names(comparison), values, strict=True))


def _tail(row: Row) -> str:
    """Return a row's p99."""
    return f"p99 {format_duration(row.run.latency['p99'].value)}"


def _price(row: Row) -> str:
    """Return what a row costs, or how many workers it has."""
    hourly, prices = cost_per_hour(row.cell.scenario, row.workers), row.cell.scenario.prices
    if hourly is None or prices is None:
        return f"{workers_text(row.workers)} worker{'s' if row.workers > 1 else ''}"
    return f"{prices.currency} {hourly:,.2f} an hour"


def _verdict(comparison: Comparison) -> str:
    """Return the best row with the reason that it was chosen."""
    row = comparison.rows[comparison.best]
    named = _named(comparison, row)
    if row.run.saturated:
        where = f"where the backlog of {row.run.saturated[0]} grows at {row.run.load.highest:.0%} of its capacity"
        return f"Every row is saturated; the least is {named}, {where}."
    if row.meets:
        meeting = [one for one in comparison.rows if one.meets]
        asked = "every objective" if len(row.run.judged) > 1 else row.run.judged[0].objective.text
        if len(meeting) == 1:
            return f"Best: {named}, the only row that meets {asked}: {_tail(row)}, {_price(row)}."
        hourly = [cost_per_hour(one.cell.scenario, one.workers) for one in meeting]
        priced = None not in hourly
        choice = "cheapest" if priced and len(set(hourly)) > 1 else "fastest"
        return f"Best: {named}, the {choice} of {len(meeting)} rows that meet {asked}: {_tail(row)}, {_price(row)}."
    if not row.run.judged:
        return f"Fastest: {named}: {_tail(row)}, {_price(row)}; without objectives no row is right or wrong."
    missed = "; ".join(f"{one.objective.text} is {one.verdict}" for one in row.run.judged if one.verdict != "met")
    surely = "surely " if comparison.verdict == "inconclusive" else ""
    return f"No row {surely}meets every objective; the nearest is {named}: {_tail(row)}, {missed}."


def _fastest(comparison: Comparison) -> str:
    """Return the row of lowest p99, where it is another than the best."""
    failing = _failing_rows(comparison)
    known = [row for row in comparison.rows if row.run.latency["p99"].value > 0 and not row.run.saturated]
    stable = [row for row in known if row not in failing]
    if not stable:
        return ""
    fastest = min(stable, key=lambda row: row.run.latency["p99"].value)
    best = comparison.rows[comparison.best]
    if fastest.run.latency["p99"].value >= best.run.latency["p99"].value:
        return ""
    return f"The lowest p99 is that of {_named(comparison, fastest)}: {_tail(fastest)}."


def _failing_rows(comparison: Comparison) -> list[Row]:
    """Return the rows in which many more queries fail than in the best."""
    most = comparison.rows[comparison.best].run.error_rate.value + _MANY_FAIL
    return [row for row in comparison.rows if row.run.error_rate.value > most]


def _failing(comparison: Comparison) -> str:
    """Return which rows leave how many queries without an answer, where that is many more than in the best."""
    failing = _failing_rows(comparison)
    if not failing:
        return ""
    told = [f"{row.run.error_rate.value:.1%} with {_named(comparison, row)}" for row in failing]
    ours = comparison.rows[comparison.best].run.error_rate.value
    return f"Without an answer stay {_few(told)}, beside {ours:.1%}."


def _trade(comparison: Comparison) -> str:
    """Return where the rows of the longest and the shortest service lose time against the best one, on average."""
    best = comparison.rows[comparison.best]
    s = telling_stage(comparison)
    failing = _failing_rows(comparison)
    stable = [row for row in comparison.rows if not row.run.saturated and row not in failing]
    stable.sort(key=lambda row: row.times[s].service)
    if best.run.saturated or len(stable) < 2:
        return ""
    told = [
        f"{_named(comparison, row)} {change}"
        for row in (stable[-1], stable[0])
        if row is not best and (change := _change(best.times[s], row.times[s]))
    ]
    if not told:
        return ""
    return f"Beside it, in stage {best.run.stages[s].name} and on average, {'; '.join(told)}."


def _change(best: StageTime, other: StageTime) -> str:
    """Return what `other` adds and saves, the largest first; what is small beside the largest is left out."""
    changes = {text: getattr(other, part) - getattr(best, part) for part, text in _PARTS.items()}
    largest = max(map(abs, changes.values()))
    if largest == 0 or math.isnan(largest):
        return ""
    told = [(text, change) for text, change in changes.items() if abs(change) >= _WORTH_TELLING * largest]
    told.sort(key=lambda one: -abs(one[1]))
    sides = []
    for verb, sign in (("adds", 1), ("saves", -1)):
        found = [f"{format_duration(abs(change))} {text}" for text, change in told if change * sign > 0]
        if found:
            listed = " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)
            sides.append(f"{verb} {listed}")
    return (" but " if len(sides) > 1 else "").join(sides)


def _worst(comparison: Comparison) -> str:
    """Return the worst five minutes of the first row and of the best, where windows are known."""
    rows = [comparison.rows[0], comparison.rows[comparison.best]][: 2 if comparison.best else 1]
    told = [
        f"{_named(comparison, row)}: p99 {format_duration(worst.p99.value)} from {window_start(row.run, worst)} on"
        for row in rows
        if (worst := row.run.worst_window) and not row.run.saturated
    ]
    return f"Worst five minutes, {'; '.join(told)}." if told else ""


def _saturated(comparison: Comparison) -> str:
    """Return which rows cannot bear their load, where some can."""
    lost = [row_label(row) for row in comparison.rows if row.run.saturated]
    if not lost or len(lost) == len(comparison.rows):
        return ""
    return f"Saturated: {_few(lost)}."
