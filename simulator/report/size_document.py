"""The JSON of a search for the cheapest system; its schema is size.schema.json."""

from collections.abc import Iterable
from typing import Any

from simulator.capacity.price import cost_per_hour
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.size import SizeAnswer, total_workers
from simulator.capacity.size_bounds import StageBounds
from simulator.capacity.size_space import Design
from simulator.capacity.size_trial import Trial
from simulator.report.document import MS, SCHEMA_VERSION, provenance_document, run_document
from simulator.report.size_text import advice, assumptions, nearest_miss

__all__ = ["size_csv", "size_document"]

OF_A_RUN = ("seed", "replications", "queries", "warmup_queries", "latency_ms", "objectives", "verdict")


def size_document(answer: SizeAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of `answer`, as plain JSON values; `overrides` are the `--set` settings by path."""
    winner = answer.winner
    prices = answer.scenario.prices if winner else None
    outcome = "found" if winner else "nowhere" if answer.complete else "unfinished"
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "size",
        "scenario": answer.scenario.name,
        "question": answer.scenario.question,
        "seed": answer.scenario.seed,
        "engine": answer.engine,
        "target_qps": answer.target_qps,
        "headroom": answer.headroom,
        "survive": answer.survive,
        "complete": answer.complete,
        "outcome": outcome,
        "design": _stages(answer, winner.design) if winner else None,
        "total_workers": total_workers(winner.design) if winner else None,
        "cost_per_hour": cost_per_hour(answer.scenario, total_workers(winner.design)) if winner else None,
        "currency": prices.currency if prices else None,
        "proven_cheapest": winner.proven if winner else None,
        "confirmation": [_case(trial.lost, run) for trial, run in winner.cases] if winner else [],
        "miss": {"nearest": nearest_miss(answer), "what_would_help": advice(answer)} if outcome == "nowhere" else None,
        "space": [_space(bounds) for bounds in answer.bounds],
        "search": vars(answer.steps),
        "tried": [_trial(answer, trial) for trial in answer.tried],
        "assumptions": assumptions(answer),
        "warnings": list(answer.warnings),
        "provenance": provenance_document(answer.profile, overrides),
    }


def size_csv(answer: SizeAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the designs that were simulated whole as CSV rows, a line for each stage of each design."""
    yield ("design", "chosen", "total_workers", "verdict", "stage", "shards", "replicas", "workers")
    for number, trial in enumerate(answer.tried):
        chosen = answer.winner is not None and trial.design == answer.winner.design
        for stage in _stages(answer, trial.design):
            sizes = (stage[key] for key in ("name", "shards", "replicas", "workers"))
            yield (number, chosen, total_workers(trial.design), trial.verdict, *sizes)


def _stages(answer: SizeAnswer, design: Design) -> list[dict[str, Any]]:
    """Return the settings of a design, stage by stage."""
    return [
        {"name": bounds.space.name, **setting._asdict(), "total_workers": setting.total_workers}
        for bounds, setting in zip(answer.bounds, design, strict=True)
        if setting is not None
    ]


def _case(lost: str, run: RunAnswer) -> dict[str, Any]:
    """Return what fresh seeds said of the winner, whole (`lost` is null) or without replicas of a stage."""
    document = run_document(run, {})
    stages = [{key: stage[key] for key in ("name", "utilization", "latency_ms")} for stage in document["stages"]]
    return {"lost": lost or None, **{key: document[key] for key in OF_A_RUN}, "stages": stages}


def _space(bounds: StageBounds) -> dict[str, Any]:
    """Return what could be chosen for a stage, and what theory left of it."""
    space = bounds.space
    return {
        "name": space.name,
        "shards": list(space.shards),
        "replicas": list(space.replicas),
        "workers": list(space.workers),
        "settings": space.count,
        "left": len(bounds.settings),
        "skipped": bounds.reasons(),
    }


def _trial(answer: SizeAnswer, trial: Trial) -> dict[str, Any]:
    """Return a design that was simulated whole, with the simulation that decided."""
    objective = trial.objective
    is_time = objective is not None and objective.metric in ("percentile", "mean", "max")
    found = trial.found.scaled(MS if is_time else 1.0).as_json()
    return {
        "design": _stages(answer, trial.design),
        "total_workers": total_workers(trial.design),
        "depth": trial.depth,
        "verdict": trial.verdict,
        "lost": trial.lost or None,
        "objective": objective.text if objective else None,
        "estimate": found["value"],
        "low": found["low"],
        "high": found["high"],
        "unit": "ms" if is_time else "share",
    }
