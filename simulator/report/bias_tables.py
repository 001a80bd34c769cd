"""A bias answer as tables for a terminal of 80 columns."""

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.bias.answer import BiasAnswer
from simulator.report.bias_sentence import bias_sentence
from simulator.report.bias_text import TextTable, bias_effort, bias_text_tables
from simulator.report.tables import new_table

__all__ = ["bias_tables", "printed_table"]


def bias_tables(answer: BiasAnswer) -> RenderableType:
    """Return the tables, and the sentence that answers."""
    return Group(
        Text(f"{answer.study.name}: {bias_effort(answer)}\n"),
        *(printed_table(table) for table in bias_text_tables(answer)),
        Text(bias_sentence(answer), style="bold"),
    )


def printed_table(found: TextTable) -> RenderableType:
    """Return a table for the terminal, in which what is too long for a column goes on in the next line."""
    table = new_table(found.title)
    for i, head in enumerate(found.heads):
        table.add_column(head, justify="right" if i else "left", overflow="fold")
    for row in found.rows:
        table.add_row(*row)
    return Group(table, Text(f"{found.note}.\n", style="dim")) if found.note else table
