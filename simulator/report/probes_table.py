"""Recall against probes as a table for a terminal."""

from collections.abc import Sequence

from rich.console import RenderableType

from simulator.capacity.retrieval import CATALOGUE, K, ProbesRow
from simulator.rankers.two_tower_ivf import PROBES, TwoTowerIVF
from simulator.report.tables import new_table
from simulator.units import format_duration

__all__ = ["probes_table"]


def probes_table(rows: Sequence[ProbesRow]) -> RenderableType:
    """Return what two_tower_ivf finds and takes, by how many cells it looks into."""
    table = new_table(f"{TwoTowerIVF.name}: the best {K} of {CATALOGUE:,} items")
    for head in ("cells looked into", "items scored", f"recall at {K}", "95% interval", "search"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        interval = f"{row.recall.low:.3f} to {min(row.recall.high, 1):.3f}"
        used = " *" if row.probes == PROBES else ""
        found = f"{row.recall.value:.3f}", interval, format_duration(row.seconds.value, 2)
        table.add_row(f"{row.probes}{used}", f"{row.share:.1%}", *found)
    table.caption = "* as a call does; searches one after the other in one process, to compare rows by"
    table.caption_justify = "left"
    return table
