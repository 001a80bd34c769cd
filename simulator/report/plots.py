"""The plots of a run. Each draws one question's answer on the figure it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator, PercentFormatter

from simulator.capacity.run_answer import RunAnswer
from simulator.costs.profile import RankerCost
from simulator.engine.result import PARTS
from simulator.report.look import PART_COLOURS, Look
from simulator.scenario.model import Stage
from simulator.units import format_duration

__all__ = ["RUN_PLOTS", "Plot", "PlotKind"]

MS = 1000.0
Plot = Callable[[Figure, Look], Any]
Answer = TypeVar("Answer")


def latency_distribution(answer: RunAnswer) -> Plot:
    """Return the plot of how latencies are spread, and of the share of queries slower than any given latency."""

    def plot(figure: Figure, look: Look) -> None:
        shape, tail = figure.subplots(1, 2)
        latency, weights = answer.latencies()
        latency, slower = latency * MS, 1 - np.cumsum(weights) / weights.sum()
        shown = slower >= 0.001
        shape.hist(latency[shown], weights=weights[shown], bins=80, color=look.blue, alpha=0.85)
        shape.set(title="How long queries take", xlabel="latency, ms", ylabel="queries")
        shape.set_xlim(left=0)
        shape.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        shape.set_ylim(top=shape.get_ylim()[1] * 1.12)
        for name, side in (("p50", "right"), ("p99", "left")):
            found = answer.latency[name].value * MS
            shape.axvline(found, color=look.ink, linewidth=1)
            text = f" {name} {found:,.3g} ms "
            shape.text(found, 0.98, text, transform=shape.get_xaxis_transform(), va="top", ha=side)
        keep = _thinned(latency.size)
        tail.step(latency[keep], slower[keep], where="post", color=look.blue)
        tail.set(title="Share of queries slower than that", xlabel="latency, ms, log scale", xscale="log", yscale="log")
        tail.xaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,g}"))
        for axis in (tail.xaxis, tail.yaxis):
            axis.set_minor_locator(NullLocator())
        tail.set_ylim(bottom=0.5 / weights.sum(), top=1.2)
        tail.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:g}%"))
        _mark_objectives(tail, answer, look)

    return plot


def _thinned(count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the indices of a sorted sample that draw its tail: all of the last 2,000, few of the rest."""
    few = np.linspace(0, count - 1, 800).astype(np.int64)
    return np.unique(np.concatenate([few, np.arange(max(0, count - 2000), count)]))


def _mark_objectives(axes: Axes, answer: RunAnswer, look: Look) -> None:
    """Mark each percentile objective as a corner that the curve must pass below and to the left of."""
    for judged in answer.judged:
        objective = judged.objective
        if objective.metric == "percentile" and objective.argument is not None:
            share, limit = 1 - objective.argument / 100, objective.value * MS
            axes.plot([limit, limit], [share, 1.2], color=look.red, linewidth=1.2)
            axes.set_xlim(right=max(axes.get_xlim()[1], limit * 2))
            axes.plot([limit, axes.get_xlim()[1]], [share, share], color=look.red, linewidth=1.2)
            axes.plot([limit], [share], "o", color=look.red, markersize=4)
            axes.text(limit, share, f"{objective.text} ", ha="right", va="top", color=look.red)


def slow_query_waterfall(answer: RunAnswer) -> Plot:
    """Return the plot of where the time of the query at the 99th percentile goes, part after part."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        parts = answer.parts("p99_parts") * MS
        total, start, row, names = parts.sum(), 0.0, 0, []
        for s, stage in enumerate(answer.stages):
            for p, part in enumerate(PARTS):
                seconds = parts[s, p]
                if seconds < 0.002 * total:
                    start += seconds
                    continue
                axes.barh(row, seconds, left=start, color=PART_COLOURS[part], height=0.7)
                start += seconds
                axes.text(start, row, f" {seconds:,.3g} ms, {seconds / total:.0%}", va="center")
                names.append(f"{stage.name}: {part}")
                row += 1
        axes.set_yticks(range(row), names)
        axes.invert_yaxis()
        axes.set_xlim(0, total * 1.18)
        axes.axvline(total, color=look.ink, linewidth=1)
        axes.set(title=f"Where the {total:,.3g} ms of the p99 query go", xlabel="ms since the query arrived")
        axes.grid(visible=False, axis="y")

    return plot


def utilization(answer: RunAnswer) -> Plot:
    """Return the plot of how busy each stage's workers are."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        shards = {stage.name: stage.busiest_shard for stage in answer.stages if stage.busiest_shard is not None}
        names = [f"{name}: shard {shards[name]}" if name in shards else name for name in answer.loads]
        values = list(answer.loads.values())
        colours = [look.red if value >= 1 else look.orange if value >= 0.8 else look.blue for value in values]
        axes.barh(range(len(names)), values, color=colours, height=0.6)
        for row, value in enumerate(values):
            axes.text(value, row, f" {value:.1%}", va="center")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.axvline(1.0, color=look.red, linewidth=1.2)
        axes.set_xlim(0, max(1.12, max(values) * 1.12))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set(title="How busy the workers are", xlabel="share of time serving; at 100% the backlog grows")
        axes.grid(visible=False, axis="y")

    return plot


def funnel(answer: RunAnswer) -> Plot:
    """Return the plot of how many candidates each stage scores, and how long it takes."""

    def plot(figure: Figure, look: Look) -> None:
        many, slow = figure.subplots(1, 2, sharey=True)
        rows = range(len(answer.stages))
        counts = [stage.candidates.value for stage in answer.stages]
        times = [stage.latency.value * MS for stage in answer.stages]
        many.barh(rows, counts, color=look.blue, height=0.6)
        many.set(title="Candidates scored per query", xlabel="candidates, log scale", xscale="log")
        many.set_xlim(min(1.0, *counts), max(counts) * 40)
        many.xaxis.set_major_formatter(EngFormatter(sep=""))
        many.xaxis.set_minor_locator(NullLocator())
        slow.barh(rows, times, color=look.green, height=0.6)
        slow.set(title="Mean time in the stage", xlabel="ms, network and merge included")
        slow.set_xlim(0, max(times) * 1.25)
        for row in rows:
            many.text(counts[row], row, f" {counts[row]:,.0f}", va="center")
            slow.text(times[row], row, f" {times[row]:,.3g} ms", va="center")
        many.set_yticks(rows, [stage.name for stage in answer.stages])
        many.invert_yaxis()
        for axes in (many, slow):
            axes.grid(visible=False, axis="y")

    return plot


def _measured_stages(answer: RunAnswer) -> dict[str, Stage]:
    """Return a stage for each ranker whose measured cost the scenario uses."""
    return {stage.ranker: stage for stage in answer.scenario.funnel if stage.ranker and stage.cost is None}


def measured_cost(answer: RunAnswer) -> Plot:
    """Return the plot of measured call times against candidates, with the fit that the simulation uses."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        used = _measured_stages(answer)
        for (name, stage), colour in zip(used.items(), (look.blue, look.orange, look.green), strict=False):
            cost = answer.profile.rankers[name]
            _points(axes, cost, colour, name)
            at = next(one for one in answer.stages if one.name == stage.name)
            n = max(1.0, at.candidates.value / at.shards)
            seconds = cost.busy.curve.at(n) / (answer.scenario.costs.speed * stage.speed)
            axes.plot([n], [seconds * MS], "D", color=colour, markersize=9, markeredgecolor=look.ink)
            axes.annotate(f"  {stage.name}: {n:,.0f}", (n, seconds * MS), va="top", color=look.ink)
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="candidates in a call",
            ylabel="time of a call",
            title="Measured cost of a call (median, 5% to 95%), the fit, and where this scenario stands",
        )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: format_duration(ms / MS)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
        axes.legend(loc="upper left")

    return plot


def _points(axes: Axes, cost: RankerCost, colour: str, name: str) -> None:
    """Draw one ranker's measured points with their spread, and its fitted curve."""
    points = cost.busy.points
    n = np.array([point.candidates for point in points])
    low, middle, high = (np.array([point.quantile(level) for point in points]) * MS for level in (0.05, 0.5, 0.95))
    axes.errorbar(n, middle, yerr=[middle - low, high - middle], fmt="o", color=colour, markersize=4, label=name)
    grid = np.geomspace(n.min(), n.max(), 200)
    axes.plot(grid, [cost.busy.curve.at(count) * MS for count in grid], color=colour, linewidth=1)


@dataclass(frozen=True)
class PlotKind(Generic[Answer]):
    """A plot: its title, how it is made of an answer, its width and height in inches, and when it applies."""

    title: str
    make: Callable[[Answer], Plot]
    size: tuple[float, float]
    applies: Callable[[Answer], bool] = lambda _: True


# by the name of its files
RUN_PLOTS: dict[str, PlotKind[RunAnswer]] = {
    "latency": PlotKind("Latency distribution", latency_distribution, (9.0, 3.6)),
    "waterfall": PlotKind("Where the time of a slow query goes", slow_query_waterfall, (9.0, 3.8)),
    "utilization": PlotKind("Load by stage", utilization, (9.0, 2.4)),
    "funnel": PlotKind("Candidates and time by stage", funnel, (9.0, 2.6)),
    "cost": PlotKind("Measured cost", measured_cost, (9.0, 4.2), lambda answer: bool(_measured_stages(answer))),
}
