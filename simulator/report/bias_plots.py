"""The plots of what each policy does to its own data: who is shown, and what that brings, over time."""

from math import ceil, sqrt

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.report.bias_text import percent
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind

__all__ = ["COURSE_PLOT", "EXPOSURE_PLOT", "NEW_ITEMS_PLOT"]

MOST_ARMS = 8


def exposure_by_rank(answer: BiasAnswer) -> Plot:
    """Return the plot of the share of impressions that the most shown item has, the second, and so on, by arm."""

    def plot(figure: Figure, look: Look) -> None:
        arms = answer.arms[:MOST_ARMS]
        columns = ceil(sqrt(len(arms))) if len(arms) <= 4 else 4
        panels = figure.subplots(ceil(len(arms) / columns), columns, sharex=True, sharey=True, squeeze=False)
        for axes, arm in zip(panels.flat, arms, strict=False):
            _panel(axes, arm, 1 / answer.items[1], look)
        for axes in panels.flat[len(arms) :]:
            axes.set_visible(False)
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.suptitle(
            "Share of all impressions so far that each item has, from the most shown to the least",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        for axes in panels.flat[max(0, len(arms) - columns) : len(arms)]:  # those with none below
            axes.set_xlabel("rank of the item, log scale")
            axes.tick_params(labelbottom=True)
        figure.supylabel("share of impressions, log scale", fontsize=9.5)

    return plot


def _panel(axes: Axes, arm: ArmAnswer, even: float, look: Look) -> None:
    """Draw one arm's curves; items that were not shown are beyond the end of a curve."""
    styles = ((look.orange, ":"), (look.green, "--"), (look.blue, "-"))[-len(arm.by_rank) :]
    for (step, ranks, shares), (colour, style) in zip(arm.by_rank, styles, strict=True):
        shown = shares > 0
        axes.plot(ranks[shown], shares[shown], style, color=colour, linewidth=1.8, label=f"after step {step + 1}")
        if not shown.all():  # the last item shown stands before the next rank known
            last = shown.sum() - 1
            edge = max(ranks[last], ranks[last + 1] - 1)
            axes.plot([ranks[last], edge, edge], [shares[last]] * 2 + [even / 100], style, color=colour, linewidth=1.8)
    axes.axhline(even, color=look.ink, linewidth=0.8, label="an even share")
    axes.set(xscale="log", yscale="log", ylim=(even / 100, 1.5))
    axes.set_title(f"{arm.name}: Gini {arm.totals['exposure_gini'].value:.2f}", fontsize=9.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:g}%"))
    axes.xaxis.set_minor_locator(NullLocator())


def course_by_arm(answer: BiasAnswer) -> Plot:
    """Return the plot of how unevenly items are shown, and of clicks per request, over time."""

    def plot(figure: Figure, look: Look) -> None:
        panels = figure.subplots(1, 2, sharex=True)
        for axes, measure in zip(panels, ("exposure_gini", "click_rate"), strict=True):
            for i, arm in enumerate(answer.arms[:MOST_ARMS]):
                colour, style = _style(look, i)
                line = arm.lines[measure]
                axes.plot(line.steps + 1, line.value, style, color=colour, linewidth=1.8, label=arm.name)
                axes.fill_between(line.steps + 1, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
            axes.set_ylim(bottom=0)
            axes.set_xlabel("step")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        panels[0].set(title="Gini of exposure so far; 0 is even", ylim=(0, 1.02))
        panels[1].set(title="Clicks per request")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    return plot


def _style(look: Look, i: int) -> tuple[str, str]:
    """Return colour and style of the line of arm `i`, no two alike."""
    return (look.blue, look.orange, look.green, look.red)[i % 4], ("-", "--")[i // 4 % 2]


def new_items(answer: BiasAnswer) -> Plot:
    """Return the plot of the share of new items that are found, and of the steps that it takes, by arm."""

    def plot(figure: Figure, look: Look) -> None:
        share, steps = figure.subplots(1, 2, sharey=True)
        arms = [arm for arm in answer.arms if arm.found and arm.found_after]
        window = answer.bias.steps // 2
        for row, arm in enumerate(arms):
            found, after = arm.found, arm.found_after
            if found is None or after is None:
                continue
            share.barh(row, found.value, color=look.blue, height=0.6)
            share.plot([max(found.low, 0), found.high], [row, row], color=look.ink)
            share.text(max(found.value, found.high), row, f"  {percent(found)}", va="center")
            steps.barh(row, after.value, color=look.green, height=0.6)
            steps.plot([after.low, after.high], [row, row], color=look.ink)
            steps.text(max(after.value, after.high), row, f"  {after.value:.1f}", va="center")
        share.set(title=f"New items found within {window} steps", xlabel="share of the new items", xlim=(0, 1.25))
        share.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
        share.xaxis.set_major_formatter(FuncFormatter(lambda part, _: f"{part:.0%}"))
        steps.set(title="Steps until found", xlabel=f"mean; never found counts {window}", xlim=(0, 1.2 * window))
        share.set_yticks(range(len(arms)), [arm.name for arm in arms])
        share.invert_yaxis()
        for axes in (share, steps):
            axes.grid(visible=False, axis="y")

    return plot


EXPOSURE_PLOT: PlotKind[BiasAnswer] = PlotKind("Who is shown", exposure_by_rank, (9.0, 5.0))
COURSE_PLOT: PlotKind[BiasAnswer] = PlotKind("What it does over time", course_by_arm, (9.0, 4.0))
NEW_ITEMS_PLOT: PlotKind[BiasAnswer] = PlotKind(
    "How soon new items are found", new_items, (9.0, 2.8), lambda answer: any(arm.found for arm in answer.arms)
)
