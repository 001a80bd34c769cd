"""The answer to `simulator optimize` as a table for a terminal of 80 columns."""

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.capacity.optimize import OptimizeAnswer
from simulator.report.optimize_text import (
    optimize_rows,
    optimize_sentence,
    pick_sentence,
    point_heads,
    search_sentence,
)
from simulator.report.tables import new_table

__all__ = ["optimize_tables"]


def optimize_tables(answer: OptimizeAnswer) -> RenderableType:
    """Return the frontier, how the search went, and the sentences that answer."""
    heading = Text(answer.scenario.name, style="bold")
    heading.append(f"  {answer.target_qps:,g} QPS, seed {answer.scenario.seed}\n", style="default")
    heading.append(answer.scenario.question, style="italic")
    blocks: list[RenderableType] = [heading]
    if answer.points:
        table = new_table("Quality, latency and cost to choose from")
        for i, head in enumerate(point_heads(answer)):
            table.add_column(head, justify="right" if i else "left", no_wrap=bool(i))
        for row in optimize_rows(answer):
            table.add_row(*row)
        table.caption = "SxRxW: shards x replicas x workers; SLA: every objective is met"
        table.caption_justify = "left"
        blocks += [table, Text(search_sentence(answer), style="dim")]
    blocks.append(Text(optimize_sentence(answer), style="bold"))
    if pick := pick_sentence(answer):
        blocks.append(Text(pick, style="bold"))
    return Group(*blocks)
