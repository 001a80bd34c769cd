"""The plots of random traffic: what it does to exposure and clicks, what it costs, and what its log is worth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.report.bias_sentence import alike_but_for_exploration
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.statistics.intervals import Estimate

__all__ = ["EXPLORATION_PLOT", "WORTH_PLOT"]


def by_exploration(answer: BiasAnswer) -> Plot:
    """Return the plot of Gini of exposure and of clicks per request against the share of random traffic."""

    def plot(figure: Figure, look: Look) -> None:
        uneven, clicks = figure.subplots(1, 2)
        arms = alike_but_for_exploration(answer)
        _by_share(uneven, arms, [arm.totals["exposure_gini"] for arm in arms], (look.blue, 2))
        _by_share(clicks, arms, [arm.totals["click_rate"] for arm in arms], (look.green, 2))
        uneven.set(
            title="How unevenly items were shown", ylabel="Gini of exposure at the end; 0 is even", ylim=(0, 1.1)
        )
        clicks.set(title="Clicks per request", ylabel="clicks per request over the run")
        clicks.set_ylim(bottom=0, top=1.25 * max(arm.totals["click_rate"].high for arm in arms))

    return plot


def _by_share(axes: Axes, arms: Sequence[ArmAnswer], found: Sequence[Estimate], style: tuple[str, int]) -> None:
    """Draw estimates with their intervals, a place for each share of random traffic, in (colour, digits)."""
    colour, digits = style
    places = np.arange(len(arms))
    values = np.array([one.value for one in found])
    ends = np.array([[one.value - one.low, one.high - one.value] for one in found]).T
    axes.errorbar(places, values, yerr=ends, fmt="-o", color=colour, capsize=4, markersize=6)
    for place, one in zip(places, found, strict=True):
        top = one.high if one.high == one.high else one.value
        axes.annotate(f"{one.value:.{digits}f}", (place, top), (0, 5), textcoords="offset points", ha="center")
    axes.set_xticks(places, [_share(arm) for arm in arms])
    axes.set(xlabel="share of traffic that is random", xlim=(-0.4, len(arms) - 0.6))


def cost_and_worth(answer: BiasAnswer) -> Plot:
    """Return the plot of what the log is worth, and what a list learnt from it brings, against the clicks it cost."""

    def plot(figure: Figure, look: Look) -> None:
        rows, learnt = figure.subplots(1, 2, sharex=True)
        arms = alike_but_for_exploration(answer)
        cost = np.array([arm.cost.value for arm in arms])
        random = [arm for arm in arms if arm.policy.exploration > 0]
        _against_cost(rows, random, [arm.effective for arm in random], look.blue)
        _against_cost(learnt, arms, [arm.learnt for arm in arms], look.green)
        rows.set(title="Random rows that the log is worth", ylabel="effective sample size, log scale", yscale="log")
        rows.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        most = max(arm.effective.value for arm in random)
        rows.set_ylim(min(arm.effective.value for arm in random) / 3, 4 * most)
        learnt.set(title="What a list learnt from it brings", ylabel="of the best one list for all", ylim=(0, 1.05))
        learnt.yaxis.set_major_formatter(PercentFormatter(1.0))
        for axes in (rows, learnt):
            axes.set_xlim(-0.08 * cost.max(), 1.15 * cost.max())
            axes.set_xlabel("clicks per request that random traffic costs")

    return plot


def _against_cost(axes: Axes, arms: Sequence[ArmAnswer], found: Sequence[Estimate], colour: str) -> None:
    """Draw estimates against the clicks that exploration costs, each with the share of random traffic."""
    cost = [arm.cost.value for arm in arms]
    values = np.array([one.value for one in found])
    ends = np.array([[one.value - one.low, one.high - one.value] for one in found]).T
    axes.errorbar(cost, values, yerr=ends, fmt="-o", color=colour, capsize=4, markersize=6)
    for x, y, arm in zip(cost, values, arms, strict=True):
        axes.annotate(_share(arm), (x, y), (7, -13), textcoords="offset points")


def _share(arm: ArmAnswer) -> str:
    """Return an arm's share of random traffic."""
    return f"{arm.policy.exploration * 100:g}%"


def _explores(answer: BiasAnswer) -> bool:
    """Return whether arms differ in their share of random traffic alone."""
    return bool(alike_but_for_exploration(answer))


EXPLORATION_PLOT: PlotKind[BiasAnswer] = PlotKind("What random traffic does", by_exploration, (9.0, 3.6), _explores)
WORTH_PLOT: PlotKind[BiasAnswer] = PlotKind(
    "What random traffic costs, and what it is worth", cost_and_worth, (9.0, 3.6), _explores
)
