"""A training answer as a JSON document and as CSV."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from simulator.report.document import SCHEMA_VERSION, plain_data, versions_document
from simulator.report.train_text import train_sentence
from simulator.training.answer import DataAnswer, TrainAnswer
from simulator.training.cluster_answer import ClusterAnswer, ClusterRow
from simulator.training.complexity import Complexity, Growth
from simulator.training.curve_answer import CurveAnswer
from simulator.training.learning_curve import LearningCurve

__all__ = ["train_csv", "train_document"]


def train_document(answer: TrainAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return `answer` as plain data, by train.schema.json; what is infinite or not known is null."""
    transfer = answer.transfer
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": "train",
        "scenario": answer.study.name,
        "seed": answer.study.seed,
        "complete": answer.complete,
        "answer": train_sentence(answer),
        "complexity": [_complexity(one) for one in answer.complexity],
        "learning_curve": _curve_answer(answer.curve),
        "data": _data(answer.data) if answer.data else None,
        "cluster": _cluster(answer.cluster) if answer.cluster else None,
        "go_no_go": [asdict(row) for row in answer.go.rows] if answer.go else None,
        "transfer": None
        if transfer is None
        else {
            "rows": [{"users": row.amount, **row.losses, "winner": row.winner} for row in transfer.rows],
            "fine_tuned_from": transfer.tuned_from,
            "scratch_from": transfer.scratch_from,
            "have": transfer.have,
            "at_hand": transfer.at_hand,
            "advice": transfer.advice,
        },
        "ready_days": answer.ready_days,
        "currency": answer.currency,
        "warnings": list(answer.warnings),
        "provenance": {"training_profile": answer.profile, **versions_document(overrides)},
    }
    plain: dict[str, Any] = plain_data(document)
    return plain


def train_csv(answer: TrainAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the learning curve as CSV rows."""
    yield ("samples", "error", "low", "high")
    for samples, band in zip(answer.curve.grid, answer.curve.bands, strict=True):
        yield (round(samples), band.value, band.low, band.high)


def _complexity(one: Complexity) -> dict[str, Any]:
    """Return what a ranker takes."""
    growths = {
        "step_in_batch": one.in_batch,
        "step_in_features": one.in_features,
        "step_in_width": one.in_width,
        "training_in_samples": one.in_samples,
        "serving_in_candidates": one.in_candidates,
    }
    return {
        "ranker": one.ranker,
        "parameters": one.parameters,
        "batch": one.batch,
        "epochs": one.epochs,
        "step_ms": one.step_s * 1000,
        "step_bytes": one.step_bytes,
        "serve_1000_ms": None if one.serve_s is None else one.serve_s * 1000,
        "growth": {name: _growth(growth) if growth else None for name, growth in growths.items()},
        "curve": _curve(one.curve) if one.curve else None,
    }


def _growth(growth: Growth) -> dict[str, Any]:
    """Return a growth."""
    return {"power": growth.power, "at_large": growth.at_large, "low": growth.low, "high": growth.high}


def _curve(curve: LearningCurve) -> dict[str, Any]:
    """Return a fitted curve with its points."""
    points = [
        {"samples": point.samples, "error": point.error, "standard_error": point.standard_error}
        for point in curve.points
    ]
    return {
        "limit": curve.limit,
        "scale": curve.scale,
        "power": curve.power,
        "misfit": curve.misfit,
        "measured_to": curve.measured_to,
        "points": points,
    }


def _curve_answer(curve: CurveAnswer) -> dict[str, Any]:
    """Return the curve of the answer, and what the target takes."""
    needed = curve.needed
    return {
        "ranker": curve.ranker,
        "source": curve.source,
        **_curve(curve.curve),
        "target_error": curve.target,
        "needed": None
        if needed is None
        else {
            "outcome": needed.outcome,
            "samples": needed.samples,
            "extrapolated": needed.extrapolated,
            "advice": needed.advice,
        },
    }


def _data(data: DataAnswer) -> dict[str, Any]:
    """Return sources and mixes."""
    return {
        "sources": [asdict(supply) for supply in data.supplies],
        "copies": data.copies,
        "needed": data.needed,
        "cheapest": asdict(data.cheapest),
        "fastest": asdict(data.fastest),
        "cost": data.cost,
        "days": data.days,
    }


def _cluster(cluster: ClusterAnswer) -> dict[str, Any]:
    """Return the rows of a cluster and the best of them."""
    return {
        "steps": cluster.steps,
        "rows": [_cluster_row(row) for row in cluster.rows],
        "best": cluster.best.workers if cluster.best else None,
        "fastest": cluster.fastest.workers,
        "advice": cluster.advice,
    }


def _cluster_row(row: ClusterRow) -> dict[str, Any]:
    """Return one number of workers."""
    return {
        "workers": row.workers,
        "step_ms": row.step.scaled(1000),
        "waiting_share": row.slowest_share,
        "all_reduce_ms": row.all_reduce_s * 1000,
        "time_s": row.time_s,
        "speed_up": row.speed_up,
        "efficiency": row.efficiency,
        "worker_hours": row.worker_hours,
        "cost": row.money,
        "checkpoint_interval_s": row.checkpoint_interval_s,
        "lost_s": row.lost_s,
    }
