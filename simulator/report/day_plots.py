"""The plots of a day or a recording by five minutes: of one run, and of a comparison's rows together."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from simulator.capacity.compare import Comparison, Row
from simulator.capacity.run_answer import RunAnswer
from simulator.engine.traffic import DAILY
from simulator.engine.windows import WINDOW_S
from simulator.report.compare_sentence import row_label, varied_names
from simulator.report.look import Look
from simulator.report.plots import MS, Plot, PlotKind
from simulator.units import format_duration

__all__ = ["COMPARE_DAY", "DAY", "rows_over_the_day"]

TAIL_LEVEL = 99.0
_MOST_ROWS = 3  # as many as there are colours


def through_the_day(answer: RunAnswer) -> Plot:
    """Return the plot of a run's 99th percentile, replicas and load; replicas only where they follow the load."""
    return _course({"": answer})


def compare_day(comparison: Comparison) -> Plot:
    """Return the plot of the rows' 99th percentiles, replicas and load in one picture; see `rows_over_the_day`."""
    name = " x ".join(varied_names(comparison))
    return _course({f"{name} {row_label(row)}": row.run for row in rows_over_the_day(comparison)})


def rows_over_the_day(comparison: Comparison) -> list[Row]:
    """Return the stable rows whose course is known; of more than can be told apart, the first and the best."""
    known = [row for row in comparison.rows if has_a_course(row.run) and not row.run.saturated]
    best = comparison.rows[comparison.best]
    return known if len(known) <= _MOST_ROWS else [row for row in known if row is known[0] or row is best]


def has_a_course(answer: RunAnswer) -> bool:
    """Return whether the p99 of at least two windows is known."""
    return sum(one.p99.value == one.p99.value for one in answer.windows) > 1


def _course(runs: dict[str, RunAnswer]) -> Plot:
    """Return the plot of what `runs`, by their label, do through one and the same stretch of time."""

    def plot(figure: Figure, look: Look) -> None:
        following, first = _following(runs), next(iter(runs.values()))
        one_load = len({run.plan.qps for run in runs.values()}) == 1
        heights = [1.6, *[1.0] * len(following), 0.8]
        tail, *fleets, load = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        for (label, run), colour in zip(runs.items(), (look.blue, look.orange, look.green), strict=False):
            times = _times(run)
            p99 = np.array([[one.p99.value, one.p99.low, one.p99.high] for one in run.windows]) * MS
            tail.plot(times, p99[:, 0], color=colour, label=label, linewidth=1.2)
            tail.fill_between(times, np.maximum(p99[:, 1], 0), p99[:, 2], color=colour, alpha=0.2, linewidth=0)
            for axes, s in zip(fleets, following, strict=True):
                axes.plot(times, [one.replicas[s] for one in run.windows], color=colour, drawstyle="steps-mid")
            if one_load and run is not first:
                continue
            load.plot(times, [one.qps for one in run.windows], color=look.ink if one_load else colour, linewidth=1.2)
        _finish_tail(tail, runs, look)
        for axes, s in zip(fleets, following, strict=True):
            axes.set(
                title=f"Replicas of {first.stages[s].name}, mean of every five minutes",
                ylim=(0, axes.get_ylim()[1] * 1.1),
            )
            axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        load.set(title="Load, QPS", ylim=(0, None))
        _finish_time(load, first)

    return plot


def _following(runs: dict[str, RunAnswer]) -> list[int]:
    """Return the numbers of the stages whose replicas follow the load in any of the runs."""
    stages = range(min(len(run.stages) for run in runs.values()))
    return [s for s in stages if any(run.scenario.funnel[s].autoscaling for run in runs.values())]


def _unit(run: RunAnswer) -> float:
    """Return the seconds of what the axis counts: hours of a day, minutes of a recording."""
    return 3600.0 if run.plan.arrivals.kind == DAILY else 60.0


def _times(run: RunAnswer) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the middle of each window on the axis, shape (W,)."""
    return (np.array([one.from_s for one in run.windows]) + WINDOW_S / 2) / _unit(run)


def _finish_tail(axes: Axes, runs: dict[str, RunAnswer], look: Look) -> None:
    """Give the p99 its scale, the line of each objective on it, and a legend of several runs."""
    p99 = np.array([one.p99.value for run in runs.values() for one in run.windows]) * MS
    wide = np.nanmax(p99) > 10 * np.nanmin(p99)
    limits = {
        judged.objective.value * MS: judged.objective.text
        for run in runs.values()
        for judged in run.judged
        if judged.objective.metric == "percentile" and judged.objective.argument == TAIL_LEVEL
    }
    axes.set(title="p99 of every five minutes, with its 95% interval", yscale="log" if wide else "linear")
    if not wide:
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.2 * max(limits, default=0.0)))
    for limit, text in limits.items():
        axes.axhline(limit, color=look.red, linewidth=1.2)
        at = axes.get_yaxis_transform()
        axes.text(0.0, limit, f" objective: {text}", va="bottom", color=look.red, transform=at)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: format_duration(ms / MS)))
    if len(runs) > 1:
        axes.legend(loc="lower left", ncols=len(runs))


def _finish_time(axes: Axes, run: RunAnswer) -> None:
    """Give the shared axis of time its unit, from the start to the end of the run."""
    daily = run.plan.arrivals.kind == DAILY
    last = (run.windows[-1].from_s + WINDOW_S) / _unit(run)
    axes.set_xlabel("hour of the day" if daily else "minutes since the first query")
    if daily:
        axes.xaxis.set_major_locator(MultipleLocator(3.0 if last <= 25 else 12.0))
    axes.set_xlim(0, last)


DAY = PlotKind("Load and latency through the run", through_the_day, (9.0, 5.6), has_a_course)
COMPARE_DAY = PlotKind(
    "The day, setting by setting", compare_day, (9.0, 6.0), lambda comparison: bool(rows_over_the_day(comparison))
)
