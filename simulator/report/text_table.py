"""Answers as text: sentences and tables, for the terminal and for reports alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.report.tables import new_table
from simulator.scenario.model import Study

__all__ = ["Said", "TextTable", "printed_answer"]


@dataclass(frozen=True)
class TextTable:
    """A table of text: its title, the heads of its columns, its rows, and what to know about them; "" for nothing."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True)
class Said:
    """An answer in words.

    Attributes
    ----------
    study
        What was asked.
    sentence, effort
        The answer, and what it comes from.
    warnings
        What to be careful about.
    tables
        Its numbers.
    complete
        Whether this is all that was asked.
    """

    study: Study
    sentence: str
    effort: str
    warnings: tuple[str, ...]
    tables: list[TextTable]
    complete: bool = True


def printed_answer(said: Said) -> RenderableType:
    """Return an answer for a terminal of 80 columns."""
    heading = Text(f"{said.study.name}: {said.effort}\n")
    if not said.complete:
        heading.append("Not finished: this is of the part that was done.\n", style="yellow")
    return Group(heading, *map(_printed, said.tables), Text(said.sentence, style="bold"))


def _printed(found: TextTable) -> RenderableType:
    """Return a table for the terminal, in which what is too long for a column goes on in the next line."""
    table = new_table(found.title)
    for i, head in enumerate(found.heads):
        table.add_column(head, justify="right" if i else "left", overflow="fold")
    for row in found.rows:
        table.add_row(*row)
    return Group(table, Text(f"{found.note}.\n", style="dim")) if found.note else table
