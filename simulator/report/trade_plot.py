"""The plot of what a comparison trades: coverage of the documents against p99."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from simulator.capacity.compare import Comparison, Row
from simulator.report.compare_sentence import row_label, varied_names
from simulator.report.look import Look
from simulator.report.plots import MS, Plot, PlotKind
from simulator.units import format_duration

__all__ = ["TRADE_PLOT"]


def trade_plot(comparison: Comparison) -> Plot:
    """Return the plot of the rows that have a p99: the share that is missing, log scale, and the objectives' corner."""

    def plot(figure: Figure, look: Look) -> None:
        axes, rows = figure.subplots(), _shown(comparison)
        tails = [row.run.latency["p99"].value * MS for row in rows]
        missing = [1 - row.run.coverage.value for row in rows]
        axes.plot(tails, missing, "-o", color=look.blue, markersize=5)
        for tail, share, row in zip(tails, missing, rows, strict=True):
            axes.annotate(row_label(row), (tail, share), (6, 4), textcoords="offset points")
            if row is comparison.rows[comparison.best]:
                axes.plot(tail, share, "D", color=look.green, markersize=9, markeredgecolor=look.ink, zorder=5)
        for judged in comparison.rows[0].run.judged:
            objective = judged.objective
            if objective.metric == "coverage":
                axes.axhline(1 - objective.value, color=look.red, linewidth=1.2)
                axes.text(
                    1.0,
                    1 - objective.value,
                    f"{objective.text} ",
                    color=look.red,
                    ha="right",
                    va="bottom",
                    transform=axes.get_yaxis_transform(),
                )
            if objective.metric == "percentile" and objective.argument == 99:
                axes.axvline(objective.value * MS, color=look.red, linewidth=1.2)
                axes.text(
                    objective.value * MS,
                    0.99,
                    f" {objective.text}",
                    color=look.red,
                    va="top",
                    transform=axes.get_xaxis_transform(),
                )
        axes.set(xscale="log", yscale="log", xlabel="p99, log scale", ylabel="missing, log scale")
        axes.set_title(f"Share of the documents that is missed, by {' x '.join(varied_names(comparison))}")
        axes.set_xticks(tails, [format_duration(tail / MS) for tail in tails])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:g}%"))

    return plot


def _shown(comparison: Comparison) -> list[Row]:
    """Return the rows whose deadline lets something be missed and that have a p99, by rising p99."""
    rows = [
        row
        for row in comparison.rows
        if np.isfinite(row.run.plan.stages.deadline).any() and row.run.coverage.value < 1 and not row.run.saturated
    ]
    known = [row for row in rows if not math.isnan(row.run.latency["p99"].value)]
    return sorted(known, key=lambda row: row.run.latency["p99"].value)


TRADE_PLOT = PlotKind(
    "What is missing against how late it is", trade_plot, (9.0, 4.0), lambda found: len(_shown(found)) > 1
)
