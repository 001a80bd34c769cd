"""A bias answer in a report: its own one, or a section in that of a scenario which also serves."""

from pathlib import Path
from typing import Any

from simulator.bias.answer import BiasAnswer
from simulator.report.bias_document import bias_csv, bias_document
from simulator.report.bias_effect_plot import EFFECT_PLOT
from simulator.report.bias_plots import COURSE_PLOT, EXPOSURE_PLOT, NEW_ITEMS_PLOT
from simulator.report.bias_sentence import bias_sentence
from simulator.report.bias_text import bias_effort, bias_text_tables
from simulator.report.bias_worth_plots import EXPLORATION_PLOT, WORTH_PLOT
from simulator.report.files import make_folder, write_text
from simulator.report.pages import csv_text, json_text, render, write_picture
from simulator.report.plots import PlotKind

__all__ = ["BIAS_PLOTS", "write_bias", "write_study_report"]

# by the name of its files, in the order of the page
BIAS_PLOTS: dict[str, PlotKind[BiasAnswer]] = {
    "effect": EFFECT_PLOT,
    "new_items": NEW_ITEMS_PLOT,
    "exploration": EXPLORATION_PLOT,
    "worth": WORTH_PLOT,
    "bias_course": COURSE_PLOT,
    "exposure": EXPOSURE_PLOT,
}


def write_bias(answer: BiasAnswer, place: Path, overrides: dict[str, str]) -> dict[str, Any]:
    """Write the JSON, the CSV and the plots of `answer` into the folder `place`, and return what templates show."""
    write_text(place / "bias.json", json_text(bias_document(answer, overrides)))
    write_text(place / "bias.csv", csv_text(bias_csv(answer)))
    return {
        "bias": {
            "sentence": bias_sentence(answer),
            "effort": bias_effort(answer),
            "warnings": answer.warnings,
            "tables": bias_text_tables(answer),
        },
        "bias_pictures": [
            write_picture(name, kind, kind.make(answer), place / "plots")
            for name, kind in BIAS_PLOTS.items()
            if kind.applies(answer)
        ],
    }


def write_study_report(answer: BiasAnswer, folder: Path, overrides: dict[str, str]) -> Path:
    """Write the report of `answer`, of a file that has nothing to serve, into `folder`/<its name>.

    Returns the page's path.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written; every file is written whole or not at all.
    """
    place = folder / answer.study.name
    make_folder(place / "plots")
    context = write_bias(answer, place, overrides) | {
        "name": answer.study.name,
        "question": answer.study.question or answer.study.name,
        "headline": "what the ranking does to its own data",
        "accent": "link",
        "provenance": _provenance(answer, overrides),
    }
    write_text(place / "report.md", render("study.md.j2", context))
    write_text(place / "index.html", render("study.html.j2", context))
    return place / "index.html"


def _provenance(answer: BiasAnswer, overrides: dict[str, str]) -> list[tuple[str, str]]:
    """Return where the numbers come from, by row."""
    source = bias_document(answer, overrides)["provenance"]
    rows = [("World", answer.bias.world), ("Simulator", f"{source['package']}, NumPy {source['numpy']}")]
    if overrides:
        rows.append(("Overrides", ", ".join(f"{path}={value}" for path, value in overrides.items())))
    return rows
