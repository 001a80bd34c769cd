"""The plot of an optimisation: quality against p99, with cost as colour and size."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.capacity.optimize import OptimizeAnswer
from simulator.capacity.optimize_trial import Confirmed
from simulator.capacity.quality import TOP_K
from simulator.report.look import Look
from simulator.report.optimize_text import cost_text
from simulator.report.plots import Plot, PlotKind
from simulator.units import format_duration

__all__ = ["OPTIMIZE_PLOT", "frontier_plot"]

SMALLEST, LARGEST = 40.0, 260.0


def frontier_plot(answer: OptimizeAnswer) -> Plot:
    """Return the plot of the frontier among all that was tried; answer.points must not be empty."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        axes.scatter(
            [found.p99 for found in answer.tried],
            [found.ndcg for found in answer.tried],
            s=14,
            color=look.faint,
            label="tried, and dominated",
        )
        points = answer.points
        tail = np.array([point.run.latency["p99"].value for point in points])
        ndcg = np.array([point.quality.ndcg.value for point in points])
        cost = np.array([point.cost for point in points])
        span = max(float(cost.max() - cost.min()), 1e-12)
        size = SMALLEST + (LARGEST - SMALLEST) * (cost - cost.min()) / span
        dots = axes.scatter(tail, ndcg, s=size, c=cost, cmap="viridis_r", edgecolors=look.ink, linewidths=0.8, zorder=3)
        figure.colorbar(dots, ax=axes, label=f"cost, {_unit(answer)}; larger is dearer")
        _ring(axes, answer.own, ("the scenario's own", look.orange, 1.6))
        _ring(axes, answer.pick, ("the cheapest that is as good", look.red, 2.4))
        axes.set(xscale="log", xlabel="p99 at the load of the SLA, log scale", ylabel=f"NDCG@{TOP_K}")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: format_duration(seconds, 1)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(0.07)
        axes.legend(loc="best", markerscale=0.5)

    return plot


def _ring(axes: Axes, point: Confirmed | None, style: tuple[str, str, float]) -> None:
    """Draw a ring of (label, colour, size) around a point; none where there is no such point."""
    label, colour, size = style
    if point is not None:
        at = (point.run.latency["p99"].value, point.quality.ndcg.value)
        axes.scatter(*at, s=LARGEST * size, facecolors="none", edgecolors=colour, linewidths=1.6, label=label, zorder=4)


def _unit(answer: OptimizeAnswer) -> str:
    """Return what costs are counted in."""
    return cost_text(answer, 0.0).split(" ", 1)[1]


OPTIMIZE_PLOT: PlotKind[OptimizeAnswer] = PlotKind("Quality, latency and cost", frontier_plot, (9.0, 4.4))
