"""The JSON of an optimisation, and its frontier as CSV; times in milliseconds with the unit in the name."""

from collections.abc import Iterable
from typing import Any

from simulator.capacity.optimize import OptimizeAnswer
from simulator.capacity.optimize_space import Design
from simulator.capacity.optimize_trial import Confirmed, Found
from simulator.report.document import MS, SCHEMA_VERSION, objective_document, provenance_document
from simulator.report.quality_text import quality_document

__all__ = ["optimize_csv", "optimize_document"]

LEVELS = ("mean", "p50", "p95", "p99")


def optimize_document(answer: OptimizeAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of `answer`, as plain JSON values; `overrides` are the `--set` settings by path."""
    prices = answer.scenario.prices
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "optimize",
        "scenario": answer.scenario.name,
        "question": answer.scenario.question,
        "seed": answer.scenario.seed,
        "engine": answer.engine,
        "complete": answer.complete,
        "target_qps": answer.target_qps,
        "cost": "money an hour" if prices else "workers",
        "currency": prices.currency if prices else None,
        "space": [vars(stage) | {"settings": stage.count} for stage in answer.choices],
        "search": {"trials": answer.trials, **{name.replace(" ", "_"): count for name, count in answer.ended.items()}},
        "frontier": [_point(answer, point) for point in answer.points],
        "own": _point(answer, answer.own) if answer.own else None,
        "pick": answer.points.index(answer.pick) if answer.pick else None,
        "tried": [_tried(found) for found in answer.tried],
        "warnings": list(answer.warnings),
        "provenance": provenance_document(answer.profile, overrides),
    }


def optimize_csv(answer: OptimizeAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the frontier as CSV rows, a line for each stage of each point."""
    yield (
        "point",
        "ndcg_at_10",
        "p95_ms",
        "p99_ms",
        "cost",
        "stage",
        "ranker",
        "keep",
        "shards",
        "replicas",
        "workers",
    )
    for number, point in enumerate(answer.points):
        tails = (point.run.latency[name].value * MS for name in ("p95", "p99"))
        own = (number, point.quality.ndcg.value, *tails, point.cost)
        yield from ((*own, *chosen) for chosen in point.design)


def _point(answer: OptimizeAnswer, point: Confirmed) -> dict[str, Any]:
    """Return a confirmed design."""
    return {
        "stages": _stages(point.design),
        "own": point is answer.own,
        "ndcg_at_10": point.quality.ndcg.as_json(),
        "latency_ms": {name: point.run.latency[name].scaled(MS).as_json() for name in LEVELS},
        "cost": point.cost,
        "verdict": point.run.verdict,
        "objectives": [objective_document(point.run, judged) for judged in point.run.judged],
        "quality": quality_document(point.quality),
    }


def _tried(found: Found) -> dict[str, Any]:
    """Return a design as the search saw it."""
    return {"stages": _stages(found.design), "ndcg_at_10": found.ndcg, "p99_ms": found.p99 * MS, "cost": found.cost}


def _stages(design: Design) -> list[dict[str, Any]]:
    """Return the stages of a design."""
    return [dict(chosen._asdict()) for chosen in design]
