"""A bias answer in a report: its own one, or a section in that of a scenario which also serves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.bias.answer import BiasAnswer
from simulator.bias.recorded import RecordedAnswer
from simulator.report.bias_document import bias_csv, bias_document
from simulator.report.bias_effect_plot import EFFECT_PLOT
from simulator.report.bias_plots import COURSE_PLOT, EXPOSURE_PLOT, NEW_ITEMS_PLOT
from simulator.report.bias_sentence import bias_sentence
from simulator.report.bias_text import TextTable, bias_effort, bias_text_tables
from simulator.report.bias_worth_plots import EXPLORATION_PLOT, WORTH_PLOT
from simulator.report.files import make_folder, write_text
from simulator.report.pages import csv_text, json_text, render, write_picture
from simulator.report.plots import Plot, PlotKind
from simulator.report.recorded import (
    recorded_csv,
    recorded_document,
    recorded_effort,
    recorded_sentence,
    recorded_text_tables,
)
from simulator.report.recorded_plot import RECORDED_PLOT
from simulator.scenario.model import Study

__all__ = ["BIAS_PLOTS", "BiasSection", "bias_section", "write_bias", "write_study_report"]

# by the name of its files, in the order of the page
BIAS_PLOTS: dict[str, PlotKind[BiasAnswer]] = {
    "effect": EFFECT_PLOT,
    "new_items": NEW_ITEMS_PLOT,
    "exploration": EXPLORATION_PLOT,
    "worth": WORTH_PLOT,
    "bias_course": COURSE_PLOT,
    "exposure": EXPOSURE_PLOT,
}


@dataclass(frozen=True)
class BiasSection:
    """What a report shows of a bias answer.

    Attributes
    ----------
    study
        What was asked.
    sentence, effort, warnings, tables
        The answer in words, what it comes from, what to be careful about, and its numbers as text.
    document, rows
        All of it as JSON and as CSV.
    plots
        Those that apply, by the name of their files: kind and plot.
    """

    study: Study
    sentence: str
    effort: str
    warnings: tuple[str, ...]
    tables: list[TextTable]
    document: dict[str, Any]
    rows: list[tuple[Any, ...]]
    plots: dict[str, tuple[PlotKind[Any], Plot]]


def bias_section(answer: BiasAnswer | RecordedAnswer, overrides: dict[str, str]) -> BiasSection:
    """Return what a report shows of `answer`; `overrides` are the `--set` settings by path."""
    if isinstance(answer, RecordedAnswer):
        return BiasSection(
            answer.study,
            recorded_sentence(answer),
            recorded_effort(answer),
            answer.warnings,
            recorded_text_tables(answer),
            recorded_document(answer, overrides),
            list(recorded_csv(answer)),
            {"recorded": (RECORDED_PLOT, RECORDED_PLOT.make(answer))} if RECORDED_PLOT.applies(answer) else {},
        )
    return BiasSection(
        answer.study,
        bias_sentence(answer),
        bias_effort(answer),
        answer.warnings,
        bias_text_tables(answer),
        bias_document(answer, overrides),
        list(bias_csv(answer)),
        {name: (kind, kind.make(answer)) for name, kind in BIAS_PLOTS.items() if kind.applies(answer)},
    )


def write_bias(section: BiasSection, place: Path) -> dict[str, Any]:
    """Write the JSON, the CSV and the plots of `section` into the folder `place`, and return what templates show."""
    write_text(place / "bias.json", json_text(section.document))
    write_text(place / "bias.csv", csv_text(section.rows))
    pictures = [write_picture(name, kind, plot, place / "plots") for name, (kind, plot) in section.plots.items()]
    return {"bias": section, "bias_pictures": pictures}


def write_study_report(section: BiasSection, folder: Path) -> Path:
    """Write the report of a file that has nothing to serve into `folder`/<its name>.

    Returns the page's path.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written; every file is written whole or not at all.
    """
    place = folder / section.study.name
    make_folder(place / "plots")
    context = write_bias(section, place) | {
        "name": section.study.name,
        "question": section.study.question or section.study.name,
        "headline": "what the ranking does to its own data",
        "accent": "link",
        "provenance": _provenance(section),
    }
    write_text(place / "report.md", render("study.md.j2", context))
    write_text(place / "index.html", render("study.html.j2", context))
    return place / "index.html"


def _provenance(section: BiasSection) -> list[tuple[str, str]]:
    """Return where the numbers come from, by row."""
    source = section.document["provenance"]
    rows = [("Simulator", f"{source['package']}, NumPy {source['numpy']}")]
    if source["overrides"]:
        rows.append(("Overrides", ", ".join(f"{path}={value}" for path, value in source["overrides"].items())))
    return rows
