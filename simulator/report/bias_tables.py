"""A bias answer as tables for a terminal of 80 columns."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.bias.answer import BiasAnswer
from simulator.report.bias_text import (
    EXPOSURE_HEADS,
    LOGGING_HEADS,
    WORTH_HEADS,
    bias_heading,
    bias_sentence,
    experiment_rows,
    experiment_sentence,
    exposure_rows,
    logging_rows,
    new_items_rows,
    position_rows,
    worth_rows,
)
from simulator.report.tables import new_table

__all__ = ["bias_tables"]

EXPOSURE_CAPTION = (
    "clicks and regret (against each user's best list) over the run; Gini, coverage, share of the most shown 1%, "
    "Kendall's tau of quality and exposure, and items with enough clicks to be known at its end"
)
WORTH_CAPTION = (
    "random: share of rows; cost: clicks a request that random items cost; worth: random rows the log is worth "
    "(effective sample size); weight: the largest, 1 is a random list's; list learnt: what a list learnt from the log "
    "brings of the best one list for all"
)


def bias_tables(answer: BiasAnswer) -> RenderableType:
    """Return the tables, and the sentences that answer."""
    blocks: list[RenderableType] = [
        Text(bias_heading(answer)),
        _table(
            "Who is shown, and what it costs (± 95% interval)", EXPOSURE_HEADS, exposure_rows(answer), EXPOSURE_CAPTION
        ),
        _table("What exploration costs, and what its log is worth", WORTH_HEADS, worth_rows(answer), WORTH_CAPTION),
    ]
    if new := new_items_rows(answer):
        caption = "of items of the first half of the run, within half a run from their arrival"
        blocks.append(_table("New items", ("arm", "found", "steps until found"), new, caption))
    heads, places = position_rows(answer)
    if places:
        caption = "clicks by place over those of the first place, on random lists alone"
        blocks.append(_table("Position bias, estimated from random lists", heads, places, caption))
    if rows := logging_rows(answer):
        blocks.append(_table("Logging at the scenario's load", LOGGING_HEADS, rows))
    for title, found in (("A/B test", answer.ab_test), ("Holdout", answer.holdout)):
        if found:
            blocks.append(_table(title, ("", ""), experiment_rows(found)))
            blocks.append(Text(experiment_sentence(found)))
    blocks.append(Text(bias_sentence(answer), style="bold"))
    return Group(*blocks)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> RenderableType:
    """Return a table of text."""
    table = new_table(title)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i and any(heads) else "left")
    for row in rows:
        table.add_row(*row)
    if not any(heads):
        table.show_header = False
    if caption:
        table.caption, table.caption_justify = caption, "left"
    return table
