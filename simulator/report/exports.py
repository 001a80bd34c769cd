"""A run in the formats of other tools: HdrHistogram's percentiles, OpenMetrics, JUnit's XML, Chrome's trace events."""

import json
from xml.etree import ElementTree as ET

import numpy as np

from simulator.capacity.run_answer import RunAnswer
from simulator.engine.compiled import simulate
from simulator.engine.event_run import answers_to
from simulator.units import format_duration

__all__ = ["hgrm_text", "junit_text", "openmetrics_text", "trace_events_text"]

MS = 1000.0
TICKS_PER_HALF = 5
US = 1e6
MOST_TRACED = 500
"""Queries of a trace: more than a viewer shows at once, few enough for it to load."""

MOST_REQUESTS = 200_000


def hgrm_text(answer: RunAnswer) -> str:
    """Return all replications' latencies, in milliseconds, in the percentile format that HdrHistogram's plotters read.

    Lines halve the distance to 100% every five, down to the slowest query (HdrHistogram, outputPercentileDistribution).
    """
    values, weights = answer.latencies()
    total, below = int(weights.sum()), np.cumsum(weights)
    lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    level = 0.0
    while total and level < 1.0:
        at = min(int(np.searchsorted(below, max(1, np.ceil(level * total)))), values.size - 1)
        lines.append(f"{values[at] * MS:12.3f} {level:14.12f} {below[at]:10d} {1 / (1 - level):14.2f}")
        if below[at] == total:
            break
        halvings = 2 ** (int(np.log2(1 / (1 - level))) + 1)
        level += 1 / (TICKS_PER_HALF * halvings)
    if total:
        lines.append(f"{values[-1] * MS:12.3f} {1.0:14.12f} {total:10d}")
        mean = float(np.average(values, weights=weights)) * MS
        spread = float(np.sqrt(np.average((values * MS - mean) ** 2, weights=weights)))
        lines.append(f"#[Mean    = {mean:12.3f}, StdDeviation   = {spread:12.3f}]")
        lines.append(f"#[Max     = {values[-1] * MS:12.3f}, Total count    = {total:12d}]")
    return "\n".join(lines) + "\n"


def openmetrics_text(answer: RunAnswer) -> str:
    """Return a run as OpenMetrics 1.0: latency by quantile, load by queue, and whether each objective is met."""
    scenario = f'scenario="{answer.scenario.name}"'
    lines = _family("simulated_latency_seconds", "summary", "Latency of a query.", "seconds")
    if not answer.saturated:
        quantiles = [(name, found.value) for name, found in answer.latency.items() if name.startswith("p")]
        lines += [
            f'simulated_latency_seconds{{{scenario},quantile="{float(name[1:]) / 100:g}"}} {value:.9g}'
            for name, value in quantiles
            if np.isfinite(value)
        ]
    lines += _family("simulated_utilization_ratio", "gauge", "Share of time that a queue's workers are busy.", "ratio")
    lines += [
        f'simulated_utilization_ratio{{{scenario},queue="{name}"}} {load:.9g}'
        for name, load in answer.loads.items()
        if np.isfinite(load)
    ]
    lines += _family(
        "simulated_objective_met", "gauge", "1 where an objective is met, 0 where it is missed or undecided."
    )
    lines += [
        f'simulated_objective_met{{{scenario},objective="{judged.objective.text}"}} {int(judged.verdict == "met")}'
        for judged, _ in answer.all_judged
    ]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _family(name: str, kind: str, what: str, unit: str = "") -> list[str]:
    """Return the head of a family of metrics."""
    return [f"# TYPE {name} {kind}", *([f"# UNIT {name} {unit}"] if unit else []), f"# HELP {name} {what}"]


def junit_text(answer: RunAnswer, more: dict[str, str] | None = None) -> str:
    """Return a run as JUnit XML: a test case for each objective, which fails unless it is met.

    Parameters
    ----------
    more
        Further failures by name.
    """
    failures = {judged.objective.text: _failure(answer, i) for i, (judged, _) in enumerate(answer.all_judged)}
    cases = {**failures, **(more or {})}
    failed = sum(1 for text in cases.values() if text)
    suite = ET.Element("testsuite", name=answer.scenario.name, tests=str(len(cases)), failures=str(failed), errors="0")
    for name, text in cases.items():
        case = ET.SubElement(suite, "testcase", classname=answer.scenario.name, name=name)
        if text:
            ET.SubElement(case, "failure", message=text).text = text
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _failure(answer: RunAnswer, number: int) -> str:
    """Return why an objective is not met; "" where it is."""
    judged, of = answer.all_judged[number]
    if judged.verdict == "met":
        return ""
    found = judged.estimate
    where = f" of class {of}" if of else ""
    if answer.saturated:
        return f"{judged.objective.text}{where}: {judged.verdict}, {', '.join(answer.saturated)} is saturated"
    text = format_duration if judged.objective.metric in ("percentile", "mean", "max") else "{:.4g}".format
    interval = f"{text(found.low)} to {text(found.high)}" if np.isfinite(found.low) else "no interval"
    return f"{judged.objective.text}{where}: {judged.verdict}, {text(found.value)} ({interval})"


def trace_events_text(answer: RunAnswer, replication: int = 0) -> str:
    """Return the first measured queries of a replication as trace events, for chrome://tracing or Perfetto.

    A process a stage with a thread a replica, where requests wait and are served; one of queries with a thread each.
    At most 500 queries, and about 200,000 requests.
    """
    plan, result = answer.plan, simulate(answer.plan, replication)
    wanted = max(1, min(MOST_TRACED, MOST_REQUESTS // max(1, int(plan.stages.shards.sum())), plan.queries))
    rows = np.arange(plan.warmup, plan.warmup + wanted)
    watched = np.zeros(result.end.size, dtype=bool)
    watched[rows] = True
    answers = answers_to(plan, replication, watched, int(result.attempts[rows].sum()))
    start = float(result.arrival[rows[0]])
    events = [_named("process_name", 0, "queries")]
    events += [_named("process_name", s + 1, name) for s, name in enumerate(plan.names)]
    for q in rows.tolist():
        for s, name in enumerate(plan.names):
            span = (float(result.stage_start[q, s]) - start, float(result.stage_end[q, s] - result.stage_start[q, s]))
            events.append(_span(name, span, (0, q), {"candidates": int(result.candidates[q, s])}))
    for one in answers:
        replicas = int(plan.stages.replicas[one["stage"]])
        place = (int(one["stage"]) + 1, int(one["shard"]) * replicas + int(one["replica"]))
        told = {"query": int(one["query"]), "attempt": int(one["attempt"]), "batch": int(one["batch"])}
        if one["begun"] > one["arrived"]:
            waited = (float(one["arrived"]) - start, float(one["begun"] - one["arrived"]))
            events.append(_span("waits", waited, place, told))
        events.append(_span("served", (float(one["begun"]) - start, float(one["service"])), place, told))
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}) + "\n"


def _named(kind: str, process: int, name: str) -> dict[str, object]:
    """Return the event that names a process."""
    return {"name": kind, "ph": "M", "pid": process, "args": {"name": name}}


def _span(name: str, span: tuple[float, float], place: tuple[int, int], told: dict[str, int]) -> dict[str, object]:
    """Return an event of (start, length) in seconds at (process, thread)."""
    start, length = span
    process, thread = place
    return {"name": name, "ph": "X", "ts": start * US, "dur": length * US, "pid": process, "tid": thread, "args": told}
