"""The quality of a funnel for people: a table, its rows as text, and sentences; and for programs, a document."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.capacity.quality import TOP_K, Quality, StageQuality
from simulator.report.tables import new_table
from simulator.statistics.intervals import Estimate

__all__ = [
    "QUALITY_HEADS",
    "assumption_sentence",
    "quality_context",
    "quality_document",
    "quality_rows",
    "quality_sentence",
    "quality_table",
]

QUALITY_HEADS = ("stage", "keep", f"recall@{TOP_K}", "of truth", f"NDCG@{TOP_K}", "cut costs")


def quality_table(quality: Quality) -> RenderableType:
    """Return the quality by stage, what loses most, and what was assumed."""
    table = new_table("Quality of what is found (± 95% interval)")
    for i, head in enumerate(QUALITY_HEADS):
        table.add_column(head, justify="right" if i else "left", no_wrap=True)
    for row in quality_rows(quality):
        table.add_row(*row)
    table.caption = (
        f"recall of the {TOP_K} best of all by {quality.stages[-1].cut.ranker}, and by the truth; "
        "NDCG were the funnel to end there; costs: NDCG, in the last ranker's order"
    )
    table.caption_justify = "left"
    return Group(table, Text(quality_sentence(quality)), Text(assumption_sentence(quality), style="dim"))


def quality_rows(quality: Quality) -> list[tuple[str, ...]]:
    """Return the cells of every stage under QUALITY_HEADS, and at the end of the last ranker over everything."""
    rows = [
        (
            stage.cut.name,
            f"{stage.cut.keep:,}",
            _share(stage.recall),
            _share(stage.true_recall),
            _number(stage.ndcg, 3),
            _number(stage.loss, 4),
        )
        for stage in quality.stages
    ]
    return [
        *rows,
        (f"{quality.stages[-1].cut.ranker} on all", f"{quality.items:,}", "", "", _number(quality.everything, 3), ""),
    ]


def quality_context(quality: Quality) -> dict[str, Any]:
    """Return what a report's templates show of the quality, as text."""
    return {
        "sentence": quality_sentence(quality),
        "assumption": assumption_sentence(quality),
        "heads": QUALITY_HEADS,
        "rows": quality_rows(quality),
    }


def quality_sentence(quality: Quality) -> str:
    """Return what the funnel finds beside ranking everything, and which stage loses the good documents."""
    last = quality.stages[-1]
    text = (
        f"The funnel finds {last.recall.value:.0%} of the {TOP_K} that {last.cut.ranker} would pick of all, at "
        f"NDCG@{TOP_K} {quality.ndcg.value:.3f}, {_beside_everything(quality)}; "
    )
    if quality.losing is None:
        return text + "no stage's cut costs more than luck explains." + _uncovered(quality)
    worst = next(stage for stage in quality.stages if stage.cut.name == quality.losing)
    return text + f"stage {quality.losing} loses most, {_number(worst.loss, 4)}." + _uncovered(quality)


def _beside_everything(quality: Quality) -> str:
    """Return how a funnel does beside ranking everything with its last ranker."""
    loss = quality.loss
    if loss.low <= 0 <= loss.high:
        return "but for luck as good as ranking all with it"
    return f"{abs(loss.value):.3f} {'below' if loss.value > 0 else 'above'} ranking all with it"


def assumption_sentence(quality: Quality) -> str:
    """Return what stands behind the numbers: the world, and how the scenario's counts were scaled to it."""
    world = f"Judged on a synthetic world of {quality.items:,} items by {quality.queries:,} test queries"
    if not quality.scaled:
        return f"{world}, an item for each candidate."
    return (
        f"{world}; they stand for {quality.candidates:,} candidates (assumed: of what stages keep, {TOP_K} stay "
        f"{TOP_K}, all stay all, and counts between are scaled by their logarithm)."
    )


def _uncovered(quality: Quality) -> str:
    """Return what shards without an answer cost; nothing where all answer."""
    if quality.coverage_loss is None:
        return ""
    low = min(quality.stages, key=lambda stage: stage.cut.coverage)
    return (
        f" Shards that do not answer (coverage of {low.cut.name} {low.cut.coverage:.2%}) cost "
        f"{_number(quality.coverage_loss, 4)} of NDCG@{TOP_K}."
    )


def quality_document(quality: Quality) -> dict[str, Any]:
    """Return the quality as plain JSON values."""
    return {
        "world": "synthetic",
        "items": quality.items,
        "test_queries": quality.queries,
        "candidates": quality.candidates,
        "counts_scaled": quality.scaled,
        "last_ranker": quality.stages[-1].cut.ranker,
        "ndcg_at_10": quality.ndcg.as_json(),
        "ndcg_at_10_of_everything": quality.everything.as_json(),
        "loss": quality.loss.as_json(),
        "coverage_loss": quality.coverage_loss.as_json() if quality.coverage_loss else None,
        "losing_stage": quality.losing,
        "stages": [_stage(stage) for stage in quality.stages],
    }


def _stage(stage: StageQuality) -> dict[str, Any]:
    """Return one stage."""
    return {
        "name": stage.cut.name,
        "ranker": stage.cut.ranker,
        "items": stage.entering,
        "keep": stage.cut.keep,
        "coverage": stage.cut.coverage,
        "recall_at_10": stage.recall.as_json(),
        "recall_of_kept": stage.recall_of_kept.as_json(),
        "true_recall_at_10": stage.true_recall.as_json(),
        "ndcg_at_10": stage.ndcg.as_json(),
        "loss": stage.loss.as_json(),
    }


def _half(found: Estimate) -> float:
    """Return half the width of an interval."""
    return (found.high - found.low) / 2


def _share(found: Estimate) -> str:
    """Return a share with its interval."""
    return f"{found.value:.1%} ±{_half(found):.1%}"


def _number(found: Estimate, digits: int) -> str:
    """Return a number with its interval."""
    return f"{found.value:.{digits}f} ±{_half(found):.{digits}f}"
