"""A validation in words and tables."""

import math
from collections.abc import Iterator, Sequence

from simulator.report.text_table import Said, TextTable
from simulator.serving.funnel import processes_of
from simulator.serving.laws import StageLaws
from simulator.serving.replay import Replay
from simulator.serving.validation import BROKER, GOALS, JUDGED_TO, LAG_S, LEVELS, Goal, Row, Validation
from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = ["replay_said", "validate_said", "validate_sentence", "warnings_of"]

MS = 1000.0
NAMED = {"p50": "p50", "p99": "p99", "max_qps": "maximum QPS"}
SAID = {
    "met": "within the goal",
    "within_noise": "no further off than the machine is from itself",
    "missed": "missed",
    "unknown": "not known",
}


def validate_said(answer: Validation) -> Said:
    """Return a validation in words."""
    repeats = f"{answer.repeats} repeat{'s' if answer.repeats > 1 else ''}"
    return Said(
        study=answer.funnel.scenario,
        sentence=validate_sentence(answer),
        effort=f"served by {_counted(answer.funnel.processes)}, {len(answer.rows)} loads, {repeats}, "
        f"{answer.seconds:g} s of load; queries sent late by {format_duration(answer.lag_s)} at the 99th percentile",
        warnings=warnings_of(answer),
        tables=[_loads(answer), _goals(answer), _seen(answer)],
        complete=answer.complete,
    )


def _counted(processes: int) -> str:
    """Return a number of processes in words."""
    return f"{processes} process{'es' if processes > 1 else ''}"


def validate_sentence(answer: Validation) -> str:
    """Return the answer."""
    if not answer.valid:
        return (
            f"Invalid: queries were sent {format_duration(answer.lag_s)} late at the 99th percentile, above "
            f"{format_duration(LAG_S)}: the machine has no core to spare for the load; stop what else runs"
            " on it, or run as a user who may set priorities."
        )
    parts = [f"{NAMED[goal.name]} off by {goal.error:.1%}, {SAID[goal.verdict]}" for goal in answer.goals]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}. {_upper(answer.suspect)}".strip()


def _upper(text: str) -> str:
    """Return a sentence of words, or nothing."""
    return f"{text[0].upper()}{text[1:]}." if text else ""


def warnings_of(answer: Validation) -> tuple[str, ...]:
    """Return what to be careful about."""
    stages = answer.funnel.stages
    pairs = list(zip(stages, answer.counters, strict=True))
    found = [
        f"funnel.{stage.name}: its workers died {counters.restarts} times and were started anew; "
        f"{counters.failed} requests failed"
        for stage, counters in pairs
        if counters.restarts
    ]
    found += [
        f"{row.load:.0%} of what can be done: saturated, its percentiles only say how long it was loaded"
        for row in answer.rows
        if row.saturated
    ]
    found += [
        f"{row.load:.0%} of what can be done: the broker, which sends the load too, is busy {row.broker:.0%} of the "
        "time, and limits as much as the workers do: more candidates a call would tell more of the ranker"
        for row in answer.rows
        if row.broker > BROKER and not row.saturated
    ]
    found += [] if answer.valid else [f"queries were sent late: {format_duration(answer.lag_s)} at the 99th percentile"]
    return (*answer.funnel.notes, *found)


def _loads(answer: Validation) -> TextTable:
    """Return predicted and measured by load."""
    return TextTable(
        "Predicted against measured",
        ("load", "QPS", "latency", "predicted, ms", "measured, ms", "error", "noise"),
        [row for one in answer.rows for row in _load_rows(one)],
        "Means over repeats with 95% intervals; error: median over repeats; noise: how far two repeats of the real "
        f"system are apart; loads above {JUDGED_TO:.0%} are not judged",
    )


def _load_rows(row: Row) -> Iterator[tuple[str, ...]]:
    """Return the rows of one load; of a saturated one there is nothing to tell but that."""
    head = (f"{row.load:.0%}", f"{row.qps:,.0f}")
    if row.saturated:
        yield (*head, "saturated", "–", "–", "–", "–")
        return
    for name in LEVELS:
        pair = (_interval(row.predicted[name]), _interval(row.measured[name]))
        yield (*head, name, *pair, _share(row.error[name], signed=True), _share(row.noise[name]))
        head = ("", "")


def _goals(answer: Validation) -> TextTable:
    """Return what is judged."""
    predicted, measured = answer.max_qps
    return TextTable(
        "What that comes to",
        ("number", "error", "goal", "noise", "verdict"),
        [_goal_row(goal) for goal in answer.goals],
        f"Median over loads up to {JUDGED_TO:.0%}; maximum QPS: what comes out where more goes in, predicted "
        f"{_interval(predicted, 1)}, measured {_interval(measured, 1)}",
    )


def _goal_row(goal: Goal) -> tuple[str, ...]:
    """Return a number that is judged."""
    return (NAMED[goal.name], _share(goal.error), f"{GOALS[goal.name]:.0%}", _share(goal.noise), SAID[goal.verdict])


def _seen(answer: Validation) -> TextTable:
    """Return what calls took, at the lowest load and at the highest that is judged."""
    rows = []
    loads = sorted({min(answer.loads), max(answer.loads)})
    for s, stage in enumerate(answer.funnel.stages):
        for load in loads:
            laws = [cell.watched[s] for cell in answer.cells if cell.load == load]
            broker = sum(law.broker_s for law in laws) / len(laws) * MS
            parts = [_mean_ms(laws, part) for part in ("idle", "busy", "request", "response")]
            where = f"{stage.name}, {processes_of(stage)} x"
            rows.append((where, f"{load:.0%}", *parts, f"{broker:.2g}", _share(answer.contention[s], signed=True)))
    return TextTable(
        "What calls took, in ms",
        ("stage", "load", "idle", "busy", "there", "back", "broker", "contention"),
        rows,
        "Idle: of a worker that waited; busy: of one that goes from call to call; there and back: on the wire; broker: "
        "its processor time for a request; contention: how much longer a call takes while all workers are busy",
    )


def _mean_ms(laws: Sequence[StageLaws], part: str) -> str:
    """Return the mean milliseconds of a part of several laws."""
    return f"{sum(float(getattr(law, part).mean()) for law in laws) / len(laws) * MS:.3g}"


def replay_said(answer: Replay) -> Said:
    """Return a replay in words."""
    worst = max(("p50", "p99"), key=lambda name: abs(answer.error(name)))
    rows: list[tuple[str, ...]] = [
        (name, _interval(answer.predicted[name]), _interval(answer.measured[name]), f"{answer.error(name):+.1%}")
        for name in (*LEVELS, "mean")
    ]
    return Said(
        study=answer.scenario,
        sentence=f"Predicted over logged: p50 {answer.error('p50'):+.1%}, p99 {answer.error('p99'):+.1%}."
        + (
            " A cost can be learnt from the log: simulator calibrate RANKER --from FILE."
            if abs(answer.error(worst)) > GOALS[worst]
            else ""
        ),
        effort=f"{answer.queries:,} logged queries at {answer.qps:,.4g} a second",
        warnings=(),
        tables=[
            TextTable(
                "Predicted against the log",
                ("latency", "predicted, ms", "logged, ms", "error"),
                rows,
                "95% intervals: over replications, and over ten parts of the log",
            )
        ],
    )


def _interval(found: Estimate, factor: float = MS) -> str:
    """Return an estimate with its interval."""
    value = f"{found.value * factor:,.4g}"
    low = max(0.0, found.low * factor)
    return value if math.isnan(found.low) else f"{value} ({low:,.3g}-{found.high * factor:,.3g})"


def _share(value: float, *, signed: bool = False) -> str:
    """Return a share in percent."""
    return "–" if math.isnan(value) else f"{value:+.1%}" if signed else f"{value:.1%}"
