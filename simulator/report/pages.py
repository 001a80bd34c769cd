"""The parts that every report is made of: pictures, tables of numbers, and templates filled in."""

import base64
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from simulator.report.files import write_bytes
from simulator.report.look import DARK, LIGHT, draw
from simulator.report.plots import Plot, PlotKind

__all__ = ["Picture", "csv_text", "json_text", "render", "write_picture"]


@dataclass(frozen=True)
class Picture:
    """One plot: the name of its files, its title, and its drawings as data addresses for a page."""

    name: str
    title: str
    light: str
    dark: str


def json_text(document: dict[str, Any]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_picture(name: str, kind: PlotKind[Any], plot: Plot, place: Path) -> Picture:
    """Write one plot as SVG and PNG, and return it for the page."""
    light, dark = draw(plot, LIGHT, kind.size, "svg"), draw(plot, DARK, kind.size, "svg")
    write_bytes(place / f"{name}.svg", light)
    write_bytes(place / f"{name}.png", draw(plot, LIGHT, kind.size, "png"))
    return Picture(name, kind.title, _data_address(light), _data_address(dark))


def _data_address(svg: bytes) -> str:
    """Return a drawing as an address that a page can hold."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def render(template: str, context: dict[str, Any]) -> str:
    """Return a template filled in; HTML is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=PackageLoader("simulator.report"),
        autoescape=template.endswith("html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(context) + "\n"


def csv_text(rows: Iterable[tuple[Any, ...]]) -> str:
    """Return rows as CSV text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
