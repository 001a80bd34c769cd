"""The plots of a diagnosis: the tail's waterfall, the tornado of changes, lost quality, and what is wrong with data."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from simulator.diagnosis.answer import Diagnosed
from simulator.diagnosis.elasticity import Change
from simulator.diagnosis.tail import PARTS
from simulator.report.diagnose_text import change_text
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.statistics.intervals import Estimate

__all__ = ["DRIFT_PLOT", "LOST_PLOT", "MISSED_PLOT", "SKEW_PLOT", "TAIL_PLOT", "TORNADO_PLOT"]

MS = 1000.0
SMALL = 0.01
MOST_BARS = 12
PSI_STEPS = (0.01, 0.1, 0.25, 1.0)


def tail_waterfall(answer: Diagnosed) -> Plot:
    """Return the plot of how a typical query's latency becomes that of the slowest 1%, part by part."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        tail = answer.latency.tail if answer.latency else None
        if tail is None:
            return
        beyond = (tail.parts - tail.typical_parts) * MS
        whole = (tail.latency - tail.typical_latency) * MS
        steps = [
            (f"{name}: {PARTS[p]}", float(beyond[s, p]))
            for s, name in enumerate(tail.names)
            for p in range(len(PARTS))
            if abs(beyond[s, p]) > SMALL * whole
        ]
        rest = whole - sum(step for _, step in steps)
        rows = [("a typical query", tail.typical_latency * MS), *steps]
        rows += [("all else", rest)] if abs(rest) > SMALL * whole else []
        at = 0.0
        for row, (_, step) in enumerate(rows):
            colour = look.blue if row == 0 else look.red if step > 0 else look.green
            axes.barh(row, step, left=at, color=colour, height=0.6)
            at += step
            text = f" {step:.3g}" if row == 0 else f" {step:+.3g}"
            axes.text(max(at, at - step), row, text, va="center", color=look.ink)
        axes.barh(len(rows), tail.latency * MS, color=look.blue, height=0.6)
        axes.text(tail.latency * MS, len(rows), f" {tail.latency * MS:.3g}", va="center", color=look.ink)
        axes.set_yticks(range(len(rows) + 1), [*(name for name, _ in rows), "the slowest 1%"])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="mean latency, ms", xlim=(0, tail.latency * MS * 1.12))
        axes.set_title("What makes the slowest 1% slower than a typical query")

    return plot


def tornado(answer: Diagnosed) -> Plot:
    """Return the plot of what each change does to the p99 and to the maximum load."""

    def plot(figure: Figure, look: Look) -> None:
        found = answer.latency.elasticities.changes if answer.latency else ()
        shown = _by_size(found)[:MOST_BARS]
        known = any(math.isfinite(change.relative_max_qps.value) for change in shown)
        panels = figure.subplots(1, 2 if known else 1, sharey=True, squeeze=False)[0]
        titles = ("p99: lower is better", "maximum QPS: higher is better")
        for axes, title, sign in zip(panels, titles, (-1, 1), strict=False):
            spans = [change.relative_p99 if sign < 0 else change.relative_max_qps for change in shown]
            _bars(axes, spans, sign, look)
            axes.set_title(title)
            axes.set_xlabel("change, ± 95%; an arrow: beyond the axis")
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.grid(visible=False, axis="y")
        panels[0].set_yticks(range(len(shown)), [change_text(change) for change in shown])
        panels[0].invert_yaxis()

    return plot


def _by_size(changes: tuple[Change, ...]) -> list[Change]:
    """Return changes that do something, the most helpful first."""
    moving = [
        one for one in changes if any(math.isfinite(part.value) and part.value != 0 for part in (one.p99, one.max_qps))
    ]
    return moving or list(changes)


def _bars(axes: Axes, spans: list[Estimate], good: int, look: Look) -> None:
    """Draw a bar for each share with its interval, green where it moves the way that is good."""
    values = np.array([span.value for span in spans])
    finite = values[np.isfinite(values)]
    helpful = finite[finite * good > 0]
    edge = max(float(np.abs(helpful).max()) if helpful.size else 0.1, 0.02) * 1.5
    for row, span in enumerate(spans):
        if not math.isfinite(span.value):
            axes.text(0, row, " not known", va="center", color=look.ink)
            continue
        cut = abs(span.value) > edge
        length = math.copysign(edge, span.value) if cut else span.value
        axes.barh(row, length, color=look.green if span.value * good > 0 else look.red, height=0.6)
        if not cut and math.isfinite(span.low):
            axes.plot([max(span.low, -edge), min(span.high, edge)], [row, row], color=look.ink, linewidth=1.2)
        text = (
            f"{span.value:+.0%} →"
            if cut and span.value > 0
            else f"← {span.value:+.0%}"
            if cut
            else f"{span.value:+.1%}"
        )
        end = 0.0 if cut else max(span.high, length) if length >= 0 else min(span.low, length)
        side = "left" if (length >= 0) != cut else "right"
        axes.text(end, row, f" {text} ", va="center", ha=side, color=look.ink, fontsize=8.5)
    axes.axvline(0, color=look.ink, linewidth=0.8)
    axes.set_xlim(-edge * 1.35, edge * 1.35)


def lost_quality(answer: Diagnosed) -> Plot:
    """Return the plot of NDCG@10 from an ideal funnel down to the real one, stage by stage."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        quality = answer.quality
        if quality is None:
            return
        axes.barh(0, 1.0, color=look.green, height=0.6)
        at = 1.0
        for row, stage in enumerate(quality.stages, 1):
            axes.barh(row, -stage.lost.value, left=at, color=look.red, height=0.6)
            at -= stage.lost.value
            axes.text(at, row, f"{-stage.lost.value:+.3f} ", va="center", ha="right", color=look.ink)
        last = len(quality.stages) + 1
        axes.barh(last, quality.ndcg.value, color=look.blue, height=0.6)
        axes.text(quality.ndcg.value, last, f" {quality.ndcg.value:.3f}", va="center", color=look.ink)
        names = [f"{stage.stage} ({stage.ranker})" for stage in quality.stages]
        axes.set_yticks(range(last + 1), ["ideal funnel", *names, "this funnel"])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="NDCG@10", xlim=(0, 1.08), title="Where the good documents are lost")

    return plot


def drift(answer: Diagnosed) -> Plot:
    """Return the heat map of PSI by feature and period; a bar for each feature where there are no periods."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        data = answer.data
        if data is None:
            return
        if data.seasons is None:
            shown = [one for one in data.drift if math.isfinite(one.psi)][:MOST_BARS]
            colours = [look.red if one.verdict == "drifted" else look.faint for one in shown]
            axes.barh(range(len(shown)), [max(one.psi, 1e-4) for one in shown], color=colours, height=0.6)
            for row, one in enumerate(shown):
                axes.text(max(one.psi, 1e-4), row, f" {one.psi:.3f} {one.verdict}", va="center", color=look.ink)
            axes.set_yticks(range(len(shown)), [one.feature for one in shown])
            axes.set(xscale="log", xlabel="PSI, log scale", xlim=(1e-4, max(1.0, *(one.psi for one in shown)) * 30))
            axes.axvline(0.1, color=look.ink, linewidth=0.8, linestyle=":")
            axes.axvline(0.25, color=look.ink, linewidth=0.8, linestyle="--")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.set_title(f"How far features moved, {data.names[0]} to {data.names[1]}; dotted 0.1, dashed 0.25")
            axes.grid(visible=False, axis="y")
            axes.invert_yaxis()
            return
        values = np.array(data.seasons.values[:MOST_BARS])
        image = axes.imshow(np.log10(np.maximum(values, 1e-3)), aspect="auto", cmap="viridis", vmin=-3, vmax=0)
        for row, column in np.argwhere(np.isfinite(values)):
            value = values[row, column]
            colour = "#000000" if value > 0.1 else "#ffffff"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7.5, color=colour)
        axes.set_xticks(range(len(data.seasons.periods)), [_short(name) for name in data.seasons.periods])
        axes.set_yticks(range(len(values)), data.seasons.features[:MOST_BARS])
        axes.grid(visible=False)
        axes.set_title(f"PSI of each feature by period, against what was {data.names[0]}")
        bar = figure.colorbar(image, ax=axes, ticks=np.log10([1e-3, *PSI_STEPS]), extend="both")
        bar.ax.set_yticklabels(["0.001", *(f"{step:g}" for step in PSI_STEPS)])

    return plot


def _short(period: str) -> str:
    """Return a period's name as an axis has room for it."""
    return period[:3].capitalize() if period.isalpha() else period


def skew(answer: Diagnosed) -> Plot:
    """Return the plot of how often each feature is the same offline and online."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        shown = answer.data.skew.features[:MOST_BARS] if answer.data and answer.data.skew else ()
        for row, one in enumerate(shown):
            axes.barh(row, one.exact.value, color=look.red if one.kind else look.blue, height=0.6)
            axes.plot([one.exact.low, one.exact.high], [row, row], color=look.ink)
            text = f" {one.exact.value:.1%}" + (f" {one.kind}" if one.kind else "")
            axes.text(one.exact.high, row, text, va="center", color=look.ink)
        axes.set_yticks(range(len(shown)), [one.feature for one in shown])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="share of rows with the same value offline and online", xlim=(0, 1.22))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_title("The same row offline and online")

    return plot


def missed(answer: Diagnosed) -> Plot:
    """Return the plot of what each unused column would gain."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        found = answer.data.missed.candidates if answer.data and answer.data.missed else ()
        for row, one in enumerate(found):
            axes.barh(row, one.ndcg.value, color=look.green if one.helps else look.faint, height=0.6)
            axes.plot([one.ndcg.low, one.ndcg.high], [row, row], color=look.ink)
            axes.text(max(one.ndcg.high, 0), row, f" {one.ndcg.value:+.3f}", va="center", color=look.ink)
        axes.set_yticks(range(len(found)), [one.column for one in found])
        axes.invert_yaxis()
        axes.axvline(0, color=look.ink, linewidth=0.8)
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="NDCG@10 gained, retrained with the column, ± 95%", title="Which feature is missing")
        axes.margins(x=0.15)

    return plot


def _has_tail(answer: Diagnosed) -> bool:
    """Return whether a tail was traced."""
    return answer.latency is not None and answer.latency.tail is not None


TAIL_PLOT: PlotKind[Diagnosed] = PlotKind("Why the slowest 1% are slow", tail_waterfall, (9.0, 4.2), _has_tail)
TORNADO_PLOT: PlotKind[Diagnosed] = PlotKind(
    "What to change next", tornado, (9.0, 4.6), lambda answer: answer.latency is not None
)
LOST_PLOT: PlotKind[Diagnosed] = PlotKind(
    "Where the good documents are lost", lost_quality, (9.0, 3.2), lambda answer: answer.quality is not None
)
DRIFT_PLOT: PlotKind[Diagnosed] = PlotKind(
    "How features moved", drift, (9.0, 4.6), lambda answer: answer.data is not None
)
SKEW_PLOT: PlotKind[Diagnosed] = PlotKind(
    "Offline and online", skew, (9.0, 4.2), lambda answer: answer.data is not None and answer.data.skew is not None
)
MISSED_PLOT: PlotKind[Diagnosed] = PlotKind(
    "The missing feature",
    missed,
    (9.0, 2.8),
    lambda answer: bool(answer.data and answer.data.missed and answer.data.missed.candidates),
)
