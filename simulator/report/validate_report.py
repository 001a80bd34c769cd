"""The report of validations: a page of Markdown with a plot a scenario."""

from collections.abc import Sequence
from pathlib import Path

from simulator.costs.calibrate import provenance
from simulator.report.files import make_folder, write_bytes, write_text
from simulator.report.look import LIGHT, draw
from simulator.report.text_table import TextTable
from simulator.report.validate_plot import validate_plot
from simulator.report.validate_text import validate_said
from simulator.serving.validation import Validation

__all__ = ["write_validation"]

HEAD = """# Predicted against measured

Funnels really served by processes on one machine, loaded by open-loop Poisson arrivals, and simulated with what was
measured of the same processes between parts of each load. Latency counts from the moment a query was to be sent. Every
repeat is in the tables and in the plots, also those that missed.

Machine: {cpu}, {cores} cores; Python {python}, NumPy {numpy}, {blas}; {date}. Written by

    {command}
"""


def write_validation(answers: Sequence[Validation], path: Path, command: str) -> None:
    """Write the page of `answers` to `path`, and its plots into a folder of the same name beside it.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    folder = path.with_suffix("")
    make_folder(folder)
    parts = [HEAD.format(command=command, **provenance())]
    for answer in answers:
        said, name = validate_said(answer), answer.funnel.scenario.name
        write_bytes(folder / f"{name}.svg", draw(validate_plot(answer), LIGHT, (7.2, 4.2))[0])
        parts.append(f"## {name}\n\n{said.sentence}\n\nIt was {said.effort}.\n")
        parts.append(f"![Latency against load, predicted and measured, of {name}]({folder.name}/{name}.svg)\n")
        parts += [f"Careful: {warning}.\n" for warning in said.warnings]
        parts += [_markdown(table) for table in said.tables]
    write_text(path, "\n".join(parts))


def _markdown(table: TextTable) -> str:
    """Return a table."""
    rows = [table.heads, ("---", *["---:"] * (len(table.heads) - 1)), *table.rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"### {table.title}\n\n{lines}\n\n{table.note}.\n"
