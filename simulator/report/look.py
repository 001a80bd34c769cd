"""How the house's plots look, on light and on dark paper."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["DARK", "LIGHT", "PART_COLOURS", "Look", "draw", "looking"]


@dataclass(frozen=True)
class Look:
    """Colours of one kind of paper."""

    name: str
    ink: str
    faint: str
    paper: str
    blue: str
    orange: str
    green: str
    red: str


# The Okabe-Ito palette, which readers with any colour vision can tell apart; on dark paper a little lighter.
LIGHT = Look("light", "#1a1a1a", "#c9ccd1", "#ffffff", "#0072b2", "#d55e00", "#009e73", "#c0392b")
DARK = Look("dark", "#e8e8e8", "#4a4f57", "#15181c", "#56b4e9", "#e69f00", "#2cc79b", "#ff7b6b")

PART_COLOURS = {
    "request": "#999999",
    "queue": "#d55e00",
    "service": "#0072b2",
    "response": "#bbbbbb",
    "merge": "#009e73",
}


def draw(
    plot: Callable[[Figure, Look], Any],
    look: Look,
    size: tuple[float, float],
    look_at: Callable[[Figure], None] = lambda _: None,
) -> tuple[bytes, bytes]:
    """Return a drawn plot as SVG and as PNG; the same input always gives the same bytes.

    Parameters
    ----------
    plot
        Draws on the figure that it is given, with the colours it is given.
    size
        Width and height in inches.
    look_at
        Called with the figure once it has been drawn.
    """
    svg, png = io.BytesIO(), io.BytesIO()
    with looking(look):
        figure = Figure(figsize=size, layout="constrained")
        plot(figure, look)
        figure.savefig(svg, format="svg", metadata={"Date": None})
        look_at(figure)
        figure.set_layout_engine("none")  # which would take as long again to find the same places
        figure.savefig(png, format="png", dpi=144, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """Set matplotlib's defaults to the house's look in the body."""
    settings: Any = {
        "svg.hashsalt": "capacity-simulator",
        "figure.facecolor": look.paper,
        "axes.facecolor": look.paper,
        "axes.edgecolor": look.faint,
        "axes.labelcolor": look.ink,
        "axes.titlecolor": look.ink,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": look.faint,
        "grid.linewidth": 0.5,
        "text.color": look.ink,
        "xtick.color": look.ink,
        "ytick.color": look.ink,
        "font.size": 9.5,
        "legend.frameon": False,
    }
    with mpl.rc_context(settings):
        yield
