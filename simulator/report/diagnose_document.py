"""A diagnosis as a JSON document and as CSV."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from simulator.diagnosis.answer import DataDiagnosis, Diagnosed, Latency
from simulator.diagnosis.elasticity import Change
from simulator.diagnosis.tail import OF_ANSWER, PARTS, Tail
from simulator.report.diagnose_text import diagnose_sentence
from simulator.report.document import MS, SCHEMA_VERSION, plain_data, versions_document

__all__ = ["diagnose_csv", "diagnose_document"]


def diagnose_document(answer: Diagnosed, overrides: dict[str, str]) -> dict[str, Any]:
    """Return `answer` as plain data, by diagnose.schema.json; what is infinite or not known is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": "diagnose",
        "scenario": answer.study.name,
        "question": answer.study.question,
        "seed": answer.study.seed,
        "complete": answer.complete,
        "answer": diagnose_sentence(answer),
        "latency": _latency(answer.latency) if answer.latency else None,
        "quality": _quality(answer),
        "data": _data(answer.data) if answer.data else None,
        "warnings": list(answer.warnings),
        "provenance": versions_document(overrides),
    }
    plain: dict[str, Any] = plain_data(document)
    return plain


def diagnose_csv(answer: Diagnosed) -> Iterable[tuple[Any, ...]]:
    """Return the parts of the tail and the drift of features as CSV rows."""
    yield ("what", "of", "value", "beside")
    tail = answer.latency.tail if answer.latency else None
    if tail is not None:
        for s, name in enumerate(tail.names):
            for p, part in enumerate(PARTS):
                yield (f"{part}_ms", name, tail.parts[s, p] * MS, tail.typical_parts[s, p] * MS)
    for one in answer.data.drift if answer.data else ():
        yield ("psi", one.feature, one.psi, one.q_value)


def _latency(latency: Latency) -> dict[str, Any]:
    """Return why it is slow, times in milliseconds."""
    following = latency.elasticities.next
    return {
        "p99_ms": latency.run.latency["p99"].scaled(MS),
        "saturated": bool(latency.run.saturated),
        "tail": _tail(latency.tail) if latency.tail else None,
        "changes": [_change(one) for one in latency.elasticities.changes],
        "change_next": None if following is None else {"stage": following.stage, "change": following.what},
    }


def _tail(tail: Tail) -> dict[str, Any]:
    """Return the tail in parts."""
    return {
        "queries": tail.queries,
        "typical_queries": tail.typical_queries,
        "replications": tail.replications,
        "latency_ms": tail.latency * MS,
        "typical_latency_ms": tail.typical_latency * MS,
        "door_ms": tail.door * MS,
        "typical_door_ms": tail.typical_door * MS,
        "stages": [
            {
                "name": name,
                "culprit_share": float(tail.culprits[s]),
                "parts_ms": _named(PARTS, tail.parts[s]),
                "typical_parts_ms": _named(PARTS, tail.typical_parts[s]),
                "slowest_shard_ms": _named(OF_ANSWER, tail.beyond[s]),
            }
            for s, name in enumerate(tail.names)
        ],
        "blames": [one._asdict() for one in tail.blames],
        "attribution_error_ms": tail.error * MS,
    }


def _named(names: tuple[str, ...], seconds: Any) -> dict[str, float]:  # noqa: ANN401  a row of an array
    """Return times in milliseconds by the name of their part."""
    pairs = zip(names, seconds.tolist(), strict=True)
    return {name.replace(" ", "_"): value * MS for name, value in pairs}


def _change(change: Change) -> dict[str, Any]:
    """Return what a change does."""
    return {
        "stage": change.stage,
        "change": change.what,
        "settings": change.settings,
        "p99_ms": change.p99.scaled(MS),
        "max_qps": change.max_qps,
        "relative_p99": change.relative_p99,
        "relative_max_qps": change.relative_max_qps,
        "workers": change.workers,
        "cost_per_hour": change.per_hour,
        "helps": change.helps,
    }


def _quality(answer: Diagnosed) -> dict[str, Any] | None:
    """Return where the good documents are lost."""
    if answer.quality is None:
        return None
    return {
        "ndcg_at_10": answer.quality.ndcg,
        "losing_stage": answer.quality.worst.stage,
        "stages": [asdict(one) for one in answer.quality.stages],
        "segments": [asdict(one) for one in answer.quality.segments],
    }


def _data(data: DataDiagnosis) -> dict[str, Any]:
    """Return what is wrong with the data."""
    skew, missed = data.skew, data.missed
    return {
        "tables": [{"name": name, "rows": rows} for name, rows in zip(data.names, data.rows, strict=True)],
        "left_out": list(data.alone),
        "drift": [{**asdict(one), "size": one.size} for one in data.drift],
        "seasons": asdict(data.seasons) if data.seasons else None,
        "drift_cost": asdict(data.drift_cost) if data.drift_cost else None,
        "skew": asdict(skew) if skew else None,
        "missed": None
        if missed is None
        else {**asdict(missed), "missing": missed.missing.column if missed.missing else None},
    }
