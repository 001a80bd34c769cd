"""A drawing for a page: inside the page's own markup, in the reader's colours, with its values on hover.

A plot is drawn once, on light paper. Its colours become the page's variables, so dark paper costs no second drawing;
over every bar and every point of a line lies an invisible shape that tells its value.
"""

import re
from collections.abc import Iterator
from html import escape

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulator.report.look import DARK, LIGHT

__all__ = ["COLOUR_VARIABLES", "inline", "tips_of"]

COLOURS = ("ink", "faint", "paper", "blue", "orange", "green", "red")
MOST_POINTS = 60
RADIUS = 5.0
POINTS_PER_INCH = 72.0

# The page's variables, on light and on dark paper.
COLOUR_VARIABLES = {look.name: {f"--plot-{name}": getattr(look, name) for name in COLOURS} for look in (LIGHT, DARK)}


def tips_of(figure: Figure) -> str:
    """Return the shapes that tell the values of a figure that has been laid out, as SVG over its drawing."""
    figure.set_dpi(POINTS_PER_INCH)
    height = figure.get_figheight() * POINTS_PER_INCH
    return "".join(tip for axes in figure.axes for tip in (*_bars(axes, height), *_lines(axes, height)))


def _bars(axes: Axes, height: float) -> Iterator[str]:
    """Yield a shape over each bar."""
    names = {axis: _ticks(axes, axis) for axis in ("x", "y")}
    for container in axes.containers:
        if not isinstance(container, BarContainer):
            continue
        for bar in container.patches:
            lying = container.orientation == "horizontal"
            value = bar.get_width() if lying else bar.get_height()
            middle = bar.get_y() + bar.get_height() / 2 if lying else bar.get_x() + bar.get_width() / 2
            at = names["y" if lying else "x"].get(round(middle, 6), "")
            text = axes.format_xdata(value) if lying else axes.format_ydata(value)
            unit = axes.get_xlabel() if lying else axes.get_ylabel()
            (left, low), (right, high) = axes.transData.transform(bar.get_bbox().get_points())
            left, right = min(left, right), max(left, right)
            size = f'width="{right - left:.1f}" height="{abs(high - low):.1f}"'
            box = f'x="{left:.1f}" y="{height - max(low, high):.1f}" {size}'
            yield f'<rect {box} fill="transparent"><title>{_told(at, unit, text)}</title></rect>'


def _lines(axes: Axes, height: float) -> Iterator[str]:
    """Yield a shape over points of each line that shows data."""
    for line in axes.lines:
        points = _points(line, axes)
        for (x, y), (across, up) in zip(points, axes.transData.transform(points) if len(points) else [], strict=True):
            name = str(line.get_label())
            parts = (axes.get_xlabel(), axes.format_xdata(x)), (axes.get_ylabel(), axes.format_ydata(y))
            told = "; ".join(_told("", unit, value) for unit, value in parts)
            text = told if name.startswith("_") else f"{escape(name)}: {told}"
            place = f'cx="{across:.1f}" cy="{height - up:.1f}" r="{RADIUS}"'
            yield f'<circle {place} fill="transparent"><title>{text}</title></circle>'


def _points(line: Line2D, axes: Axes) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return some of a line's points inside the axes, shape (n, 2); none of a line that marks a value."""
    points = np.column_stack([np.asarray(part, dtype=np.float64) for part in (line.get_xdata(), line.get_ydata())])
    if len(points) < 3 or line.get_transform() != axes.transData:
        return np.zeros((0, 2))
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    inside = (points >= (min(left, right), min(low, high))).all(axis=1) & (
        points <= (max(left, right), max(low, high))
    ).all(axis=1)
    points = points[inside]
    return (
        points[np.unique(np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS)).astype(int))]
        if len(points)
        else points
    )


def _ticks(axes: Axes, axis: str) -> dict[float, str]:
    """Return the labels of an axis's ticks by place."""
    places, labels = (
        (axes.get_xticks(), axes.get_xticklabels()) if axis == "x" else (axes.get_yticks(), axes.get_yticklabels())
    )
    return {round(float(place), 6): label.get_text() for place, label in zip(places, labels, strict=False)}


def _told(name: str, unit: str, text: str) -> str:
    """Return a value in words."""
    return escape(": ".join(part for part in (name, unit.split(";", maxsplit=1)[0], text) if part))


def inline(svg: bytes, name: str, alt: str, tips: str) -> str:
    """Return a drawing as markup of a page, in one line.

    Parameters
    ----------
    name
        Tells its parts apart from those of the page's other drawings.
    alt
        What it shows, for those who do not see it.
    tips
        Shapes over it that tell values.
    """
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = " ".join(text.split())
    for colour in COLOURS:
        text = text.replace(getattr(LIGHT, colour), f"var(--plot-{colour})")
    head = re.sub(r'\s(width|height)="[^"]*"', "", text[: text.index(">")])
    labelled = f'{head} role="img" aria-label="{escape(alt)}"><desc>{escape(alt)}</desc>'
    body = text[text.index(">") + 1 : text.rindex("</svg>")]
    return f"{labelled}{body}{tips}</svg>"
