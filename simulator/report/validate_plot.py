"""The plot of a validation: latency against load, predicted and measured, every repeat of it."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.report.look import Look
from simulator.report.plots import MS, Plot
from simulator.serving.validation import Validation

__all__ = ["validate_plot"]


def validate_plot(answer: Validation) -> Plot:
    """Return the plot of p50 and p99 against load: predictions as lines, measurements as dots, one a repeat."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        cells = [cell for cell in answer.cells if cell.predicted]
        loads = sorted({cell.load for cell in cells})
        for name, colour in (("p50", look.blue), ("p99", look.orange)):
            by_load = [[cell for cell in cells if cell.load == load] for load in loads]
            line = [float(np.median([cell.predicted_at(name) for cell in some])) * MS for some in by_load]
            axes.plot([load * 100 for load in loads], line, color=colour, label=f"{name} predicted")
            found = [cell.measured.latency[name] * MS for cell in cells]
            places = [cell.load * 100 for cell in cells]
            axes.plot(places, found, "o", color=colour, alpha=0.65, markersize=5, label=f"{name} measured")
        axes.set(
            yscale="log",
            xlabel="load, % of what the processes can do",
            ylabel="latency, ms, log scale",
            xticks=[load * 100 for load in loads],
        )
        axes.set_title(f"{answer.funnel.scenario.name}: predicted, and measured {answer.repeats} times")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="upper left", ncols=2)

    return plot
