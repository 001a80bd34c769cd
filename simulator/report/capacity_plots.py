"""The plot of a capacity search: latency against load, the hockey stick."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.capacity.answer import CapacityAnswer
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.units import format_duration

__all__ = ["HOCKEY_STICK", "hockey_stick"]


def hockey_stick(answer: CapacityAnswer) -> Plot:
    """Return the plot of p50 and p99 against load, with what is allowed, the answer and the bound."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        curve = [point for point in answer.curve if not point.saturated]
        qps = np.array([point.qps for point in curve])
        for level, colour in (("p50", look.green), ("p99", look.blue)):
            found = [getattr(point, level) for point in curve]
            low, middle, high = (np.array([getattr(one, end) for one in found]) for end in ("low", "value", "high"))
            axes.fill_between(qps, np.maximum(low, 1e-9), high, color=colour, alpha=0.25, linewidth=0)
            axes.plot(qps, middle, "o-", color=colour, markersize=3.5, label=f"{level}, 95% interval")
        _limits(axes, answer, look)
        _answer(axes, answer, look)
        bound = answer.maximum.bound_qps
        axes.axvline(bound, color=look.ink, linestyle=":", linewidth=1.2)
        axes.text(bound, 0.02, f"{answer.maximum.queue} is full ", transform=axes.get_xaxis_transform(), ha="right")
        axes.set(xlabel="offered load, queries a second", ylabel="latency, log scale", yscale="log")
        axes.set_xlim(0, bound * 1.02)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda load, _: f"{load:,g}"))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: format_duration(seconds, 1)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="best")

    return plot


def _limits(axes: Axes, answer: CapacityAnswer, look: Look) -> None:
    """Draw the limit of each objective on a percentile that the plot shows."""
    for objective in answer.scenario.sla.objectives if answer.scenario.sla else ():
        if objective.metric == "percentile" and objective.argument in (50.0, 99.0):
            axes.axhline(objective.value, color=look.red, linewidth=1.2)
            axes.text(
                0.5,
                objective.value,
                objective.text,
                color=look.red,
                va="bottom",
                ha="center",
                transform=axes.get_yaxis_transform(),
            )


def _answer(axes: Axes, answer: CapacityAnswer, look: Look) -> None:
    """Mark the maximum load with its interval, where there is one."""
    maximum = answer.maximum
    if maximum.outcome != "found":
        return
    axes.axvspan(maximum.qps.low, maximum.qps.high, color=look.orange, alpha=0.3, linewidth=0)
    axes.axvline(maximum.qps.value, color=look.orange, linewidth=1.2)
    text = f"{maximum.qps.value:,.0f} QPS "
    axes.text(maximum.qps.value, 0.1, text, transform=axes.get_xaxis_transform(), ha="right", color=look.orange)


HOCKEY_STICK = PlotKind("Latency against load", hockey_stick, (9.0, 4.2))
