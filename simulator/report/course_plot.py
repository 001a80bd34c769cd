"""The plot of runs through a fault or a recording: what is offered and answered, and how late, over time."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from simulator.capacity.compare import Comparison
from simulator.capacity.run_answer import RunAnswer
from simulator.report.compare_sentence import row_label, varied_names
from simulator.report.look import Look
from simulator.report.plots import MS, Plot, PlotKind
from simulator.statistics.course import upheavals
from simulator.units import format_duration

__all__ = ["COMPARE_COURSE", "RUN_COURSE"]

_MOST_LINES = 6
_WIDE = 8.0


def run_course(answer: RunAnswer) -> Plot:
    """Return the plot of one run."""
    return _course({"answered": answer})


def compare_course(comparison: Comparison) -> Plot:
    """Return the plot of all rows of a comparison, a line each."""
    name = " x ".join(varied_names(comparison))
    return _course({f"{name}={row_label(row)}": row.run for row in comparison.rows})


def _course(runs: Mapping[str, RunAnswer]) -> Plot:
    """Return the plot of runs by the label of their line."""

    def plot(figure: Figure, look: Look) -> None:
        answered, late = figure.subplots(2, 1, sharex=True)
        highest, lowest = 0.0, np.inf
        for i, (label, run) in enumerate(runs.items()):
            colour, style = (look.blue, look.orange, look.green)[i % 3], ("-", "--")[i // 3]
            width = 1.6 if i else 2.8  # what lies under another line still shows
            times = [step.from_s for step in run.course] + [run.course[-1].to_s]
            goodput = [step.goodput_qps.value for step in run.course]
            tails = np.array([step.p99.value for step in run.course]) * MS
            answered.stairs(goodput, times, baseline=None, color=colour, linestyle=style, linewidth=width, label=label)
            late.stairs(tails, times, baseline=None, color=colour, linestyle=style, linewidth=width)
            highest, lowest = np.nanmax([highest, *tails]), np.nanmin([lowest, *tails])
        offered = [step.offered_qps for step in run.course]
        answered.stairs(offered, times, baseline=None, color=look.ink, linestyle=":", label="offered")
        answered.set(
            title="Queries a second that are answered, by time of arrival",
            ylim=(-0.05 * max(offered), 1.3 * max(offered)),
        )
        answered.legend(loc="upper right", ncols=3)
        wide = highest > _WIDE * lowest
        late.set(title="p99 of those that are answered", yscale="log" if wide else "linear")
        late.set_ylim(bottom=None if wide else 0)
        late.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: format_duration(ms / MS)))
        late.set(xlabel="seconds since the first query", xlim=(0, times[-1]))
        for begin, end in upheavals(run.plan):
            for axes in (answered, late):
                axes.axvspan(begin, min(end, times[-1]), color=look.red, alpha=0.15, linewidth=0)
            answered.text(begin, 1.0, " fault", color=look.red, va="top", transform=answered.get_xaxis_transform())

    return plot


RUN_COURSE = PlotKind(
    "The course of the run", run_course, (9.0, 4.4), lambda answer: bool(answer.course) and not answer.saturated
)
COMPARE_COURSE = PlotKind(
    "The course of the run, by setting",
    compare_course,
    (9.0, 4.4),
    lambda found: (
        len(found.rows) <= _MOST_LINES and all(row.run.course and not row.run.saturated for row in found.rows)
    ),
)
