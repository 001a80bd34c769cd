"""A section of a report beside what the funnel serves: the answer to one of the scenario's further questions.

Where nothing is served such sections are the whole report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.report.assumptions import reproduction
from simulator.report.files import make_folder, write_text
from simulator.report.pages import Picture, csv_text, json_text, render, write_picture
from simulator.report.plots import Plot, PlotKind
from simulator.report.text_table import Said

__all__ = ["StudySection", "Written", "write_section", "write_study_report"]


@dataclass(frozen=True)
class StudySection:
    """What a report shows of an answer.

    Attributes
    ----------
    name, title
        Of its files, and its heading.
    said
        The answer in words.
    document, rows
        All of it as JSON and as CSV.
    plots
        Those that apply, by the name of their files: kind and plot.
    """

    name: str
    title: str
    said: Said
    document: dict[str, Any]
    rows: list[tuple[Any, ...]]
    plots: dict[str, tuple[PlotKind[Any], Plot]]


@dataclass(frozen=True)
class Written:
    """A section as templates show it: its heading, its words and its pictures."""

    title: str
    said: Said
    pictures: list[Picture]


def write_section(section: StudySection, place: Path) -> Written:
    """Write the JSON, the CSV and the plots of `section` into the folder `place`, and return what templates show."""
    write_text(place / f"{section.name}.json", json_text(section.document))
    write_text(place / f"{section.name}.csv", csv_text(section.rows))
    finding = section.said.sentence
    pictures = [
        write_picture(name, kind, plot, place / "plots", finding) for name, (kind, plot) in section.plots.items()
    ]
    return Written(section.title, section.said, pictures)


def write_study_report(sections: Sequence[StudySection], folder: Path) -> Path:
    """Write the report of a file that has nothing to serve into `folder`/<its name>.

    Returns the page's path.

    Parameters
    ----------
    sections
        At least one.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written; every file is written whole or not at all.
    """
    study = sections[0].said.study
    place = folder / study.name
    make_folder(place / "plots")
    context = {
        "name": study.name,
        "question": study.question or study.name,
        "headline": ", ".join(section.title[0].lower() + section.title[1:] for section in sections),
        "accent": "link",
        "sections": [write_section(section, place) for section in sections],
        "provenance": _provenance(sections[0].document["provenance"]),
        "assumptions": [],
        "reproduce": reproduction(study, sections[0].document["provenance"]["overrides"]),
    }
    write_text(place / "report.md", render("study.md.j2", context))
    write_text(place / "index.html", render("study.html.j2", context))
    return place / "index.html"


def _provenance(source: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where the numbers come from, by row."""
    rows = [("Simulator", f"capacity-simulator {source['package']}, NumPy {source['numpy']}")]
    if source["overrides"]:
        rows.append(("Overrides", ", ".join(f"{path}={value}" for path, value in source["overrides"].items())))
    return rows
