"""The plots of a training answer: the learning curve, the samples over days, the cluster, and embeddings to carry."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.report.train_text import days_text, parted
from simulator.training.answer import DataAnswer, TrainAnswer
from simulator.training.mix import worth_over_days
from simulator.units import format_duration

__all__ = ["CLUSTER_PLOT", "CURVE_PLOT", "GO_PLOT", "SOURCES_PLOT", "TRANSFER_PLOT"]

HOUR = 3600.0


def learning_curve(answer: TrainAnswer) -> Plot:
    """Return the plot of the error against samples, with its band, the runs, and the target."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        curve, needed = answer.curve.curve, answer.curve.needed
        grid = np.array(answer.curve.grid)
        bands = answer.curve.bands
        axes.fill_between(
            grid, [b.low for b in bands], [b.high for b in bands], color=look.blue, alpha=0.18, linewidth=0
        )
        known = grid <= curve.measured_to
        line = np.array([b.value for b in bands])
        axes.plot(grid[known], line[known], color=look.blue)
        axes.plot(grid[~known], line[~known], "--", color=look.blue)
        points = curve.points
        axes.errorbar(
            [p.samples for p in points],
            [p.error for p in points],
            [1.96 * p.standard_error for p in points],
            fmt="o",
            color=look.ink,
            markersize=4,
            capsize=2,
            label="mean of training runs",
        )
        if curve.follows:
            axes.axhline(curve.limit.value, color=look.faint, linewidth=1.2)
            axes.text(grid[0], curve.limit.value, f"limit {curve.limit.value:.3f}", va="bottom", color=look.ink)
        if answer.curve.target is not None:
            axes.axhline(answer.curve.target, color=look.red, linewidth=1.2)
            text = f"target {answer.curve.target:.3g} "
            axes.text(grid[-1], answer.curve.target, text, va="bottom", ha="right", color=look.red)
            if needed is not None and math.isfinite(needed.samples.value):
                n = needed.samples
                axes.axvspan(n.low, min(n.high, grid[-1]), color=look.red, alpha=0.1, linewidth=0)
                axes.plot([n.value], [answer.curve.target], "o", color=look.red, markersize=6)
        to = grid[-1] * (1.0 if curve.follows else 1.1)  # where the last point is the end of what is known
        axes.set(xscale="log", ylim=(0, None), xlim=(grid[0] * 0.9, to))
        axes.set_title(_curve_title(answer))
        axes.set(
            xlabel="samples to learn from, log scale; dashed beyond what was measured", ylabel="error, 1 - NDCG@10"
        )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.legend(loc="upper right")

    return plot


def _curve_title(answer: TrainAnswer) -> str:
    """Return what the curve says."""
    curve, needed = answer.curve, answer.curve.needed
    if needed is None or curve.target is None:
        return f"What more samples teach {curve.ranker}"
    if math.isinf(needed.samples.value):
        how_many = "any number of" if curve.curve.follows else f"the {curve.curve.measured_to:,} measured"
        return f"{curve.ranker} does not reach {1 - curve.target:.4g} with {how_many} samples"
    return f"{curve.ranker} reaches {1 - curve.target:.4g} with {needed.samples.value:,.0f} samples"


def sources_over_days(answer: TrainAnswer) -> Plot:
    """Return the plot of clean samples over days, stacked by source, of the cheapest mix and of the fastest."""

    def plot(figure: Figure, look: Look) -> None:
        data = answer.data
        if data is None:
            return
        panels = figure.subplots(1, 2, sharey=True)
        colours = (look.blue, look.orange, look.green, look.red, look.faint, look.ink)
        named = {supply.name: colours[i % len(colours)] for i, supply in enumerate(data.supplies)}
        for axes, what in zip(panels, ("cheapest", "fastest"), strict=True):
            _stacked(axes, data, what, named, answer.currency)
            axes.axhline(data.needed.value, color=look.red, linewidth=1.2)
        panels[0].set_ylabel("clean samples")
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
        drawn = [zip(*axes.get_legend_handles_labels(), strict=True) for axes in panels]
        handles = {label: handle for pairs in drawn for handle, label in pairs}
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6)

    return plot


def _stacked(axes: Axes, data: DataAnswer, what: str, colours: dict[str, str], currency: str) -> None:
    """Draw one mix."""
    mix = data.cheapest if what == "cheapest" else data.fastest
    if mix.outcome != "found":
        axes.set_title(f"No {what} mix: {mix.outcome.replace('_', ' ')}")
        return
    days = np.linspace(0, mix.days, 121)
    course = worth_over_days(mix, data.supplies, days.tolist(), data.copies)
    axes.stackplot(
        days,
        np.array(list(course.values())),
        labels=list(course),
        colors=[colours[name] for name in course],
        alpha=0.85,
    )
    axes.set_title(f"{what.capitalize()}: {days_text(mix.days)}, {mix.cost:,.0f} {currency}")
    axes.set(xlabel="days; red: what the target takes", xlim=(0, mix.days or 1.0))


def cluster_by_workers(answer: TrainAnswer) -> Plot:
    """Return the plot of time and of cost against the number of workers."""

    def plot(figure: Figure, look: Look) -> None:
        cluster = answer.cluster
        if cluster is None:
            return
        time, cost = figure.subplots(1, 2)
        rows, section = cluster.rows, answer.training.cluster
        workers = [row.workers for row in rows]
        scale, unit = (HOUR, "hours") if rows[0].time_s.value > 2 * HOUR else (60.0, "minutes")
        time.plot(workers, [rows[0].time_s.value / scale / w * workers[0] for w in workers], ":", color=look.ink)
        time.text(workers[-1], rows[0].time_s.value / scale / workers[-1] * workers[0], "ideal ", ha="right", va="top")
        time.plot(workers, [row.time_s.value / scale for row in rows], "o-", color=look.blue)
        if section is not None and section.deadline is not None:
            time.axhline(section.deadline / scale, color=look.red, linewidth=1.2)
            text = f"deadline {format_duration(section.deadline)}"
            time.text(workers[-1], section.deadline / scale, text, va="bottom", ha="right", color=look.red)
        priced = rows[0].money is not None
        cost.plot(workers, [row.money if priced else row.worker_hours for row in rows], "o-", color=look.orange)
        for axes in (time, cost):
            axes.set(xscale="log", xlabel="workers, log scale")
            axes.set_xticks(workers, [f"{w:,}" for w in workers])
            axes.xaxis.set_minor_locator(NullLocator())
            if cluster.best is not None:
                axes.axvline(cluster.best.workers, color=look.green, linewidth=1.2)
        time.set(title=f"Time to train, {unit}", yscale="log")
        cost.set_ylim(bottom=0)
        time.yaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{t:g}"))
        time.yaxis.set_minor_locator(NullLocator())
        cost.set(title=f"Cost of training, {answer.currency}" if priced else "Worker-hours of training")

    return plot


def transfer_by_users(answer: TrainAnswer) -> Plot:
    """Return the plot of what each way to learn loses against the users whose ads are learnt from."""

    def plot(figure: Figure, look: Look) -> None:
        if answer.transfer is None:
            return
        axes = figure.subplots()
        rows = answer.transfer.rows
        users = [row.amount for row in rows]
        for arm, colour, label in (
            ("scratch", look.orange, "from scratch"),
            ("frozen", look.blue, "embeddings frozen"),
            ("fine_tuned", look.green, "embeddings fine-tuned"),
        ):
            losses = [row.losses[arm] for row in rows]
            axes.plot(users, [one.value for one in losses], "o-", color=colour, label=label)
            axes.fill_between(
                users, [one.low for one in losses], [one.high for one in losses], color=colour, alpha=0.15, linewidth=0
            )
        if answer.transfer.have is not None:
            axes.axvline(answer.transfer.have, color=look.ink, linewidth=1)
            axes.text(answer.transfer.have, axes.get_ylim()[1], " at hand", va="top")
        axes.set(
            xscale="log", title="What each way to learn loses", xlabel="users whose ads are learnt from, log scale"
        )
        axes.set_ylabel("1 - NDCG@10")
        axes.set_xticks(users, [f"{count:,}" for count in users])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.legend()

    return plot


def go_by_split(answer: TrainAnswer) -> Plot:
    """Return the plot of the difference that the test shows, by the way the log is parted."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        rows = answer.go.rows if answer.go else ()
        colours = {"go": look.green, "no_go": look.red, "undecided": look.blue}
        for place, row in enumerate(rows):
            found, colour = row.difference, colours[row.verdict]
            axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2.5)
            axes.plot([found.value], [place], "o", color=colour, markersize=8)
            axes.text(found.high, place, f"  {row.chosen}: {row.verdict.replace('_', ' ')}", va="center")
        axes.axvline(0, color=look.ink, linewidth=1)
        axes.set_yticks(
            range(len(rows)), [f"parted {parted(row)}\n{row.later:.0%} learnt from later rows" for row in rows]
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.25 * (high - low))
        axes.set(title="What the chosen model gains on today's", xlabel="NDCG@10 on the test part, 95% interval")
        axes.grid(visible=False, axis="y")

    return plot


GO_PLOT: PlotKind[TrainAnswer] = PlotKind(
    "Go or no-go for an A/B test", go_by_split, (9.0, 2.8), lambda answer: answer.go is not None
)
CURVE_PLOT: PlotKind[TrainAnswer] = PlotKind(
    "How many samples the target takes",
    learning_curve,
    (9.0, 4.0),
    lambda answer: answer.curve.target is not None or (answer.go is None and answer.transfer is None),
)
SOURCES_PLOT: PlotKind[TrainAnswer] = PlotKind(
    "Where samples come from, day after day",
    sources_over_days,
    (9.0, 3.8),
    lambda answer: answer.data is not None and "found" in {answer.data.cheapest.outcome, answer.data.fastest.outcome},
)
CLUSTER_PLOT: PlotKind[TrainAnswer] = PlotKind(
    "Time and cost against workers",
    cluster_by_workers,
    (9.0, 3.6),
    lambda answer: answer.cluster is not None and len(answer.cluster.rows) > 1,
)
TRANSFER_PLOT: PlotKind[TrainAnswer] = PlotKind(
    "Freeze, fine-tune, or start anew", transfer_by_users, (9.0, 3.8), lambda answer: answer.transfer is not None
)
