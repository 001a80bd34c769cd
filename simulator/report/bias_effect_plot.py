"""The plot of experiments: the difference that they see over time, beside what shipping makes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulator.bias.answer import BiasAnswer
from simulator.bias.experiment import ExperimentAnswer
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind

__all__ = ["EFFECT_PLOT"]


def effect_over_time(answer: BiasAnswer) -> Plot:
    """Return the plot of each experiment's difference by step, with what is true and what it settles at."""

    def plot(figure: Figure, look: Look) -> None:
        found = [(name, one) for name, one in (("A/B test", answer.ab_test), ("Holdout", answer.holdout)) if one]
        panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for axes, (name, one) in zip(panels, found, strict=True):
            _panel(axes, one, look)
            axes.set_title(f"{name}: {one.seen.value:+.2f} seen, {one.truth.value:+.2f} true")
        panels[0].set_ylabel("more clicks per request of the treatment")
        lines = dict(pair[::-1] for axes in panels for pair in zip(*axes.get_legend_handles_labels(), strict=True))
        figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4)

    return plot


def _panel(axes: Axes, found: ExperimentAnswer, look: Look) -> None:
    """Draw one experiment."""
    value, low, high = found.course
    steps = np.arange(1, len(value) + 1)
    axes.axhline(0, color=look.ink, linewidth=0.8)
    axes.fill_between(steps, low, high, color=look.blue, alpha=0.2, linewidth=0)
    axes.plot(steps, value, color=look.blue, linewidth=1.8, label="seen in the step, 95%")
    axes.axhline(found.truth.value, color=look.green, linewidth=1.8, linestyle="--", label="true: each arm alone, mean")
    fit = found.novelty
    if fit is not None and fit.novelty.value:
        axes.plot(steps, [fit.at(float(step) - 1) for step in steps], color=look.orange, label="fitted curve")
        axes.axhline(fit.steady.value, color=look.orange, linestyle=":", linewidth=1.8, label="what it settles at")
    axes.set_xlabel("steps since the start of the experiment")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


EFFECT_PLOT: PlotKind[BiasAnswer] = PlotKind(
    "What experiments see, and what is true",
    effect_over_time,
    (9.0, 4.0),
    lambda answer: answer.ab_test is not None or answer.holdout is not None,
)
