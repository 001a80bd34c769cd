"""What is said of quality judged by a recorded log: which log, how it is split, and the other split beside it."""

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from simulator.capacity.quality import TOP_K, Quality
from simulator.capacity.score_book import Recorded
from simulator.report.tables import new_table
from simulator.statistics.intervals import Estimate

__all__ = [
    "SPLIT_CAPTION",
    "SPLIT_HEADS",
    "log_document",
    "log_sentence",
    "number_text",
    "share_text",
    "split_blocks",
    "split_rows",
    "split_sentence",
    "truth_words",
]

SPLIT_HEADS = ("split", "unseen", "users", "queries", "liked left", f"NDCG@{TOP_K}", "of all")
SPLIT_CAPTION = (
    "unseen: test rows of users without a row in training; liked left: items that users came to like and the funnel "
    f"hands on; of all: NDCG@{TOP_K} of ranking all with the last ranker"
)


def split_blocks(quality: Quality) -> list[RenderableType]:
    """Return the two splits of a log as a table, and what they say."""
    table = new_table("The same log, split by time and at random (± 95% interval)")
    for i, head in enumerate(SPLIT_HEADS):
        table.add_column(head, justify="right" if i else "left", no_wrap=True)
    for row in split_rows(quality):
        table.add_row(*row)
    table.caption, table.caption_justify = SPLIT_CAPTION, "left"
    return [table, Text(split_sentence(quality))]


def split_rows(quality: Quality) -> list[tuple[str, ...]]:
    """Return the cells of each split of a log under SPLIT_HEADS, the asked one first; none of a synthetic world."""
    return [
        (
            _split_words(log),
            f"{log.unseen:.1%}",
            f"{one.persons:,}",
            f"{one.queries:,}",
            share_text(one.stages[-1].true_recall),
            number_text(one.ndcg, 3),
            number_text(one.everything, 3),
        )
        for one in (quality, quality.other)
        if one is not None and (log := one.recorded) is not None
    ]


def split_sentence(quality: Quality) -> str:
    """Return what a random split would say of the funnel, and why; nothing where one split alone was judged."""
    found = {one.recorded.split: one.ndcg.value for one in (quality, quality.other) if one and one.recorded}
    if len(found) < 2:
        return ""
    return (
        f"Split at random the funnel would have NDCG@{TOP_K} {found['random']:.3f}, split by time it has "
        f"{found['time']:.3f}. At random the future of users and items leaks into what is known of them, and other "
        "users are asked about: only the split by time says what is to be expected of users to come."
    )


def log_sentence(quality: Quality, log: Recorded) -> str:
    """Return which log is judged by, without a stop."""
    click = "every row counts as a click" if log.liked_from is None else f"{log.liked_from:g} or more counts as a click"
    again = f", {log.again:,} rows in which a user meets an item again left out" if log.again else ""
    return (
        f"Judged on {log.name}, split {_split_words(log)} ({log.rows:,} rows of {log.users:,} users and {log.items:,} "
        f"items{again}; {click}), by {quality.queries:,} test queries of {quality.persons:,} users, the intervals over "
        f"users; {log.unseen:.1%} of the test rows are of users unseen in training. A query ranks the items that its "
        f"user has not met before, {quality.ranked:,.0f} on average"
    )


def log_document(quality: Quality) -> dict[str, Any]:
    """Return the log that is judged by as plain JSON values, and the other split; nothing of a synthetic world."""
    if quality.recorded is None:
        return {}
    return {
        "log": _log_numbers(quality, quality.recorded),
        "other_split": _log_numbers(quality.other, quality.other.recorded)
        if quality.other and quality.other.recorded
        else None,
    }


def _log_numbers(quality: Quality, log: Recorded) -> dict[str, Any]:
    """Return what one split of a log says."""
    return {
        "split": log.split,
        "rows": log.rows,
        "users": log.users,
        "items": log.items,
        "rows_met_again": log.again,
        "liked_from": log.liked_from,
        "unseen_share": log.unseen,
        "test_users": quality.persons,
        "test_queries": quality.queries,
        "items_ranked": quality.ranked,
        "true_recall_at_10": quality.stages[-1].true_recall.as_json(),
        "ndcg_at_10": quality.ndcg.as_json(),
        "ndcg_at_10_of_everything": quality.everything.as_json(),
    }


def truth_words(quality: Quality) -> str:
    """Return what recall of the truth is of."""
    return "of the items that users came to like" if quality.recorded else "by the truth"


def _split_words(log: Recorded) -> str:
    """Return how a log is split."""
    return "by time" if log.split == "time" else "at random"


def _half(found: Estimate) -> float:
    """Return half the width of an interval."""
    return (found.high - found.low) / 2


def share_text(found: Estimate) -> str:
    """Return a share with its interval."""
    return f"{found.value:.1%} ±{_half(found):.1%}"


def number_text(found: Estimate, digits: int) -> str:
    """Return a number with its interval."""
    return f"{found.value:.{digits}f} ±{_half(found):.{digits}f}"
