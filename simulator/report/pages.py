"""The parts that every report is made of: pictures, tables of numbers, and templates filled in."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from simulator.report.files import write_bytes
from simulator.report.hover import COLOUR_VARIABLES, inline, tips_of
from simulator.report.look import LIGHT, draw
from simulator.report.plots import Plot, PlotKind

__all__ = ["Picture", "csv_text", "json_text", "render", "write_picture"]


@dataclass(frozen=True)
class Picture:
    """One plot: the name of its files, its title, what it shows in words, and its drawing as markup of a page."""

    name: str
    title: str
    alt: str
    svg: str


def json_text(document: dict[str, Any]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_picture(name: str, kind: PlotKind[Any], plot: Plot, place: Path, finding: str = "") -> Picture:
    """Write one plot as SVG and PNG, and return it for the page; `finding` says what it shows."""
    tips = ""

    def told(figure: Figure) -> None:
        nonlocal tips
        tips = tips_of(figure)

    svg, png = draw(plot, LIGHT, kind.size, told)
    write_bytes(place / f"{name}.svg", svg)
    write_bytes(place / f"{name}.png", png)
    alt = f"{kind.title}. {finding}".strip()
    return Picture(name, kind.title, alt, inline(svg, name, alt, tips))


def render(template: str, context: dict[str, Any]) -> str:
    """Return a template filled in; HTML is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=PackageLoader("simulator.report"),
        autoescape=template.endswith("html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(context, colours=COLOUR_VARIABLES) + "\n"


def csv_text(rows: Iterable[tuple[Any, ...]]) -> str:
    """Return rows as CSV text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
