"""A validation, or a replay of a log, as a JSON document."""

from typing import Any

from simulator.report.document import MS, SCHEMA_VERSION, plain_data, versions_document
from simulator.report.validate_text import replay_said, validate_sentence, warnings_of
from simulator.serving.funnel import processes_of
from simulator.serving.laws import StageLaws
from simulator.serving.replay import Replay
from simulator.serving.validation import LAG_S, LEVELS, Row, Validation

__all__ = ["replay_document", "validate_document"]


def validate_document(answer: Validation, overrides: dict[str, str]) -> dict[str, Any]:
    """Return `answer` as plain data, by validate.schema.json; what is not known is null."""
    predicted, measured = answer.max_qps
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": "validate",
        "scenario": answer.funnel.scenario.name,
        "seed": answer.funnel.scenario.seed,
        "complete": answer.complete,
        "answer": validate_sentence(answer),
        "duration_s": answer.seconds,
        "repeats": answer.repeats,
        "served": [
            {
                "stage": stage.name,
                "shards": stage.shards,
                "replicas": stage.replicas,
                "workers": stage.workers,
                "processes": processes_of(stage),
                "requests": counters.requests,
                "failed": counters.failed,
                "restarts": counters.restarts,
            }
            for stage, counters in zip(answer.funnel.stages, answer.counters, strict=True)
        ],
        "send_lag_ms": {"p99": answer.lag_s * MS, "limit": LAG_S * MS, "valid": answer.valid},
        "loads": [_row(row) for row in answer.rows],
        "max_qps": {"predicted": predicted, "measured": measured},
        "goals": [vars(goal) for goal in answer.goals],
        "in_place": _in_place(answer),
        "suspect": answer.suspect,
        "verdict": answer.verdict,
        "warnings": list(warnings_of(answer)),
        "provenance": versions_document(overrides),
    }
    plain: dict[str, Any] = plain_data(document)
    return plain


def _row(row: Row) -> dict[str, Any]:
    """Return one load; a saturated one has no percentiles."""
    head = {
        "utilization": row.load,
        "qps": row.qps,
        "queries": row.queries,
        "saturated": row.saturated,
        "send_lag_p99_ms": row.lag_s * MS,
        "broker_utilization": row.broker,
    }
    latency = {
        name: {
            "predicted": row.predicted[name].scaled(MS),
            "measured": row.measured[name].scaled(MS),
            "error": row.error[name],
            "noise_floor": row.noise[name],
        }
        for name in (*LEVELS, "mean")
    }
    return head | {"latency_ms": None if row.saturated else latency}


def _in_place(answer: Validation) -> list[dict[str, Any]]:
    """Return what calls took beside each load, by stage and load."""
    found = []
    for s, stage in enumerate(answer.funnel.stages):
        for load in sorted(answer.loads):
            laws = [cell.watched[s] for cell in answer.cells if cell.load == load]
            means = {f"{part}_ms": _mean(laws, part) for part in ("busy", "idle", "request", "response", "merge")}
            found.append({"stage": stage.name, "utilization": load, **means, "contention": answer.contention[s]})
    return found


def _mean(laws: list[StageLaws], part: str) -> float:
    """Return the mean milliseconds of a part of several laws."""
    return sum(float(getattr(law, part).mean()) for law in laws) / len(laws) * MS


def replay_document(answer: Replay, overrides: dict[str, str]) -> dict[str, Any]:
    """Return a replay as plain data, by replay.schema.json."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": "validate",
        "scenario": answer.scenario.name,
        "seed": answer.scenario.seed,
        "answer": replay_said(answer).sentence,
        "queries": answer.queries,
        "qps": answer.qps,
        "latency_ms": {
            name: {
                "predicted": answer.predicted[name].scaled(MS),
                "measured": answer.measured[name].scaled(MS),
                "error": answer.error(name),
            }
            for name in (*LEVELS, "mean")
        },
        "provenance": versions_document(overrides),
    }
    plain: dict[str, Any] = plain_data(document)
    return plain
