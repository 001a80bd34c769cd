"""The quality of a funnel for people: a table, its rows as text, and sentences; and for programs, a document."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.capacity.judged import has_quality, why_not_judged
from simulator.capacity.quality import TOP_K, Quality, StageQuality
from simulator.report.quality_splits import (
    SPLIT_CAPTION,
    SPLIT_HEADS,
    log_document,
    log_sentence,
    number_text,
    share_text,
    split_blocks,
    split_rows,
    split_sentence,
    truth_words,
)
from simulator.report.tables import new_table
from simulator.scenario.model import Scenario
from simulator.scenario.ranker_names import is_own

__all__ = [
    "assumption_sentence",
    "quality_context",
    "quality_document",
    "quality_rows",
    "quality_sentence",
    "quality_table",
    "quality_tables",
]


def quality_tables(quality: Quality | None, scenario: Scenario) -> list[RenderableType]:
    """Return the tables of the quality that was found; without any, why a funnel that names rankers has none."""
    if quality is not None:
        return [quality_table(quality)]
    if not any(stage.ranker for stage in scenario.funnel) or has_quality(scenario):
        return []
    return [Text(f"What is found is not judged: {why_not_judged(scenario)}.", style="dim")]


def quality_table(quality: Quality) -> RenderableType:
    """Return the quality by stage, what loses most, and what was assumed."""
    table = new_table("Quality of what is found (± 95% interval)")
    for i, head in enumerate(_heads(quality)):
        table.add_column(head, justify="right" if i else "left", no_wrap=True)
    for row in quality_rows(quality):
        table.add_row(*row)
    table.caption = (
        f"recall of the {TOP_K} best of all by {quality.stages[-1].cut.ranker}, and {truth_words(quality)}; "
        "NDCG were the funnel to end there; costs: NDCG, in the last ranker's order"
    )
    table.caption_justify = "left"
    return Group(
        table,
        Text(quality_sentence(quality)),
        Text(assumption_sentence(quality), style="dim"),
        *(split_blocks(quality) if quality.other else []),
    )


def _heads(quality: Quality) -> tuple[str, ...]:
    """Return the heads of the table by stage."""
    true = "liked left" if quality.recorded else "of truth"
    return ("stage", "keep", f"recall@{TOP_K}", true, f"NDCG@{TOP_K}", "cut costs")


def quality_rows(quality: Quality) -> list[tuple[str, ...]]:
    """Return the cells of every stage, and at the end of the last ranker over everything."""
    rows = [
        (
            stage.cut.name,
            f"{stage.cut.keep:,}",
            share_text(stage.recall),
            share_text(stage.true_recall),
            number_text(stage.ndcg, 3),
            number_text(stage.loss, 4),
        )
        for stage in quality.stages
    ]
    last, everything = quality.stages[-1].cut.ranker, number_text(quality.everything, 3)
    return [*rows, (f"{'the last' if is_own(last) else last} on all", f"{quality.items:,}", "", "", everything, "")]


def quality_context(quality: Quality) -> dict[str, Any]:
    """Return what a report's templates show of the quality, as text."""
    return {
        "sentence": quality_sentence(quality),
        "assumption": assumption_sentence(quality),
        "heads": _heads(quality),
        "rows": quality_rows(quality),
        "truth": truth_words(quality),
        "over": "users" if quality.recorded else "test queries",
        "split_heads": SPLIT_HEADS,
        "split_rows": split_rows(quality) if quality.other else [],
        "split_sentence": split_sentence(quality),
        "split_caption": SPLIT_CAPTION,
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
    return text + f"stage {quality.losing} loses most, {number_text(worst.loss, 4)}." + _uncovered(quality)


def _beside_everything(quality: Quality) -> str:
    """Return how a funnel does beside ranking everything with its last ranker."""
    loss = quality.loss
    if loss.low <= 0 <= loss.high:
        return "but for luck as good as ranking all with it"
    return f"{abs(loss.value):.3f} {'below' if loss.value > 0 else 'above'} ranking all with it"


def assumption_sentence(quality: Quality) -> str:
    """Return what stands behind the numbers: the world, and how the scenario's counts were scaled to it."""
    if quality.recorded is not None:
        world = log_sentence(quality, quality.recorded)
    else:
        world = f"Judged on a synthetic world of {quality.items:,} items by {quality.queries:,} test queries"
    if not quality.scaled:
        return f"{world}." if quality.recorded else f"{world}, an item for each candidate."
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
        f"{number_text(quality.coverage_loss, 4)} of NDCG@{TOP_K}."
    )


def quality_document(quality: Quality) -> dict[str, Any]:
    """Return the quality as plain JSON values."""
    return {
        "world": quality.recorded.name if quality.recorded else "synthetic",
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
        **log_document(quality),
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
