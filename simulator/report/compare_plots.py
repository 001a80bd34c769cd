"""The plot of a comparison: p99 with its interval against the settings, and below it maximum load and cost."""

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from simulator.capacity.compare import Comparison, Row
from simulator.capacity.price import cost_per_million_queries
from simulator.report.compare_sentence import varied_names
from simulator.report.look import Look
from simulator.report.plots import MS, Plot, PlotKind
from simulator.statistics.intervals import Estimate

__all__ = ["COMPARE_PLOT", "Layout", "compare_plot", "layout_of"]

_MOST_LINES = 6  # as many as three colours and two kinds of line tell apart
_MOST_LABELS = 12
_MOST_LETTERS = 45  # under half the width of the page
_WIDE = 8.0  # from this ratio of the largest value to the smallest on, an axis of numbers is logarithmic


@dataclass(frozen=True, eq=False)
class Layout:
    """How rows become lines.

    Attributes
    ----------
    lines
        Rows by the label of their line, in order; a single line is called "".
    places
        Where on the axis the rows of each line stand, one after the other.
    labels
        What to write at the places.
    name
        What the axis shows.
    log
        Whether the axis is logarithmic.
    """

    lines: dict[str, list[Row]]
    places: list[float]
    labels: list[str]
    name: str
    log: bool


def layout_of(comparison: Comparison) -> Layout:
    """Return the lines: rows along the longest axis, a line for each setting of the others.

    Where that would be more lines than can be told apart, all rows stand side by side in one.
    """
    axes, names = comparison.grid.axes, varied_names(comparison)
    along = max(range(len(axes)), key=lambda i: len(axes[i].values))
    shown = axes[along].paths
    if len(comparison.rows) > _MOST_LINES * len(axes[along].values):
        shown = tuple(path for axis in axes for path in axis.paths)
    by_path = dict(zip((path for axis in axes for path in axis.paths), names, strict=True))
    lines: dict[str, list[Row]] = {}
    for row in comparison.rows:
        others = (f"{name}={row.cell.shown[path]}" for path, name in by_path.items() if path not in shown)
        lines.setdefault(", ".join(others), []).append(row)
    first = next(iter(lines.values()))
    name = " x ".join(by_path[path] for path in shown)
    labels = [" x ".join(row.cell.shown[path] for path in shown) for row in first]
    numbers = [row.cell.settings[shown[0]] for row in first]
    if len(shown) == 1 and all(isinstance(number, int | float) for number in numbers):
        log = min(numbers) > 0 and max(numbers) >= _WIDE * min(numbers)
        return Layout(lines, [float(number) for number in numbers], labels, f"{name}{', log scale' * log}", log)
    return Layout(lines, [float(i) for i in range(len(first))], labels, name, log=False)


def compare_plot(comparison: Comparison) -> Plot:
    """Return the plot; a saturated row has no p99, and its place is marked at the top instead."""

    def plot(figure: Figure, look: Look) -> None:
        layout = layout_of(comparison)
        grid = figure.add_gridspec(2, 2, height_ratios=(1.25, 1.0))
        tail, most, cost = (figure.add_subplot(where) for where in (grid[0, :], grid[1, 0], grid[1, 1]))
        for i, (name, rows) in enumerate(layout.lines.items()):
            colour = (look.blue, look.orange, look.green)[i % 3]
            style = ("-", "--")[i // 3]
            _line(tail, layout, [_tail(row) for row in rows], colour, style)
            _line(most, layout, [_most(row) for row in rows], colour, style)
            cost.plot(layout.places, [_cost(row) for row in rows], style, color=colour, marker="o", markersize=4)
            tail.plot([], [], style, color=colour, marker="o", markersize=4, label=name)
        _finish_tail(tail, comparison, layout, look)
        _finish_most(most, comparison, look)
        prices = comparison.grid.base.prices
        cost.set(title=f"Cost of a million queries, {prices.currency}" if prices else "Workers in all", ylim=(0, None))
        for axes in (tail, most, cost):
            _finish_places(axes, layout)

    return plot


def _tail(row: Row) -> Estimate:
    """Return a row's p99 in milliseconds; unknown where it is saturated."""
    return Estimate(math.nan, math.nan, math.nan) if row.run.saturated else row.run.latency["p99"].scaled(MS)


def _most(row: Row) -> Estimate:
    """Return a row's maximum load; unknown without objectives."""
    return row.maximum.qps if row.maximum else Estimate(math.nan, math.nan, math.nan)


def _cost(row: Row) -> float:
    """Return what a million queries cost in a row, or how many workers it has."""
    cost = cost_per_million_queries(row.cell.scenario, row.workers)
    return row.workers if cost is None else cost


def _line(axes: Axes, layout: Layout, found: list[Estimate], colour: str, style: str) -> None:
    """Draw one line with the band of its intervals."""
    values, low, high = ([getattr(one, end) for one in found] for end in ("value", "low", "high"))
    axes.fill_between(layout.places, low, high, color=colour, alpha=0.2, linewidth=0)
    reach = [[one.value - one.low for one in found], [one.high - one.value for one in found]]
    axes.errorbar(layout.places, values, reach, fmt=f"{style}o", color=colour, markersize=4, capsize=3)


def _finish_tail(axes: Axes, comparison: Comparison, layout: Layout, look: Look) -> None:
    """Give the p99 its scale, the objective's line, the marks of saturated rows and of the best."""
    known = [row for row in comparison.rows if not math.isnan(_tail(row).value)]
    tails = [_tail(row).value for row in known]
    limits = {
        judged.objective.value * MS
        for row in comparison.rows
        for judged in row.run.judged
        if judged.objective.metric == "percentile" and judged.objective.argument == 99
    }
    if tails and max(tails) >= _WIDE * min(tails):
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda ms, _: f"{ms:g}" if f"{ms:e}"[0] in "25" else ""))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:g}"))
    else:
        axes.set_ylim(0, 1.25 * max([*tails, *limits], default=1.0))
    across, up = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    for limit in limits:
        axes.axhline(limit, color=look.red, linewidth=1.2)
        x, side = (0.0, "left") if tails and _farther(tails[0], tails[-1], limit) else (1.0, "right")
        axes.text(x, limit, f" objective: p99 {limit:g} ms ", color=look.red, ha=side, va="bottom", transform=across)
    for rows in layout.lines.values():
        for place, row in zip(layout.places, rows, strict=True):
            if row.run.saturated:
                axes.text(place, 0.97, "saturated", color=look.red, rotation=90, ha="center", va="top", transform=up)
            elif row is comparison.rows[comparison.best]:
                at = (place, _tail(row).value)
                axes.plot(*at, "D", color=look.green, markersize=9, markeredgecolor=look.ink, zorder=5)
                axes.annotate("best", at, (-8, -2), textcoords="offset points", ha="right", va="top")
    axes.set(title="p99 at the offered load, with its 95% interval", ylabel="ms")
    if len(layout.lines) > 1:
        axes.legend(loc="best", ncols=2)


def _farther(one: float, other: float, limit: float) -> bool:
    """Return whether `one` is farther from `limit` than `other`, as a ratio."""
    return abs(math.log(one / limit)) > abs(math.log(other / limit))


def _finish_most(axes: Axes, comparison: Comparison, look: Look) -> None:
    """Give the maximum load its scale, and the line of the load that is offered to all rows."""
    axes.set_ylim(bottom=0)
    offered = {row.run.plan.qps for row in comparison.rows}
    if len(offered) == 1:
        axes.axhline(offered.pop(), color=look.ink, linewidth=1, linestyle=":")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda qps, _: f"{qps:,.0f}"))
    axes.set(title="Maximum QPS (dotted: offered)")


def _finish_places(axes: Axes, layout: Layout) -> None:
    """Write the settings under their places; only some of many."""
    if layout.log:
        axes.set_xscale("log")
    step = math.ceil(len(layout.places) / _MOST_LABELS)
    axes.set_xticks(layout.places[::step], layout.labels[::step])
    axes.xaxis.set_minor_locator(NullLocator())
    if sum(map(len, layout.labels[::step])) > _MOST_LETTERS:
        axes.tick_params(axis="x", labelsize="x-small")
    axes.set_xlabel(layout.name)


COMPARE_PLOT = PlotKind("Latency, maximum load and cost by setting", compare_plot, (9.0, 6.2))
