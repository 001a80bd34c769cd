"""The plot of a funnel's quality: what each stage keeps of the good documents, and what its cut costs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from simulator.capacity.quality import TOP_K, Quality
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.statistics.intervals import Estimate

__all__ = ["QUALITY_PLOT", "quality_by_stage"]

NOTHING = 1e-3
"""Where the axis of losses ends if no stage loses anything."""


def quality_by_stage(quality: Quality) -> Plot:
    """Return the plot of recall and of NDCG lost by stage, with 95% intervals."""
    best = "good items" if quality.recorded else f"{TOP_K} best of all"

    def plot(figure: Figure, look: Look) -> None:
        found, lost = figure.subplots(1, 2, sharey=True)
        rows = np.arange(float(len(quality.stages)))
        names = [f"{stage.cut.name}\n{stage.cut.ranker}, keeps {stage.cut.keep:,}" for stage in quality.stages]
        truth = "liked later" if quality.recorded else "by the truth"
        by_last = f"by {quality.stages[-1].cut.ranker}, the last ranker"
        _bars(found, rows - 0.19, [stage.recall for stage in quality.stages], (look.blue, look, by_last))
        _bars(found, rows + 0.19, [stage.true_recall for stage in quality.stages], (look.green, look, truth))
        found.set(title=f"Left of the {best} after the stage", xlim=(0, 1.0))
        found.xaxis.set_major_formatter(PercentFormatter(1.0))
        found.set_yticks(rows, names)
        found.invert_yaxis()
        found.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
        losses = [stage.loss for stage in quality.stages]
        _bars(lost, rows, losses, (look.orange, look, ""))
        for row, loss in zip(rows, losses, strict=True):
            lost.text(max(loss.high, 0.0), row, f"  {loss.value:.4f}", va="center")
        lost.set(title=f"NDCG@{TOP_K} that the stage's cut costs")
        most = max(loss.high for loss in losses)
        if most > 0:
            lost.set_xlim(right=1.3 * most)
        else:
            lost.set_xlim(0, NOTHING)
        for axes in (found, lost):
            axes.grid(visible=False, axis="y")

    return plot


def _bars(axes: Axes, rows: NDArray[np.float64], values: list[Estimate], style: tuple[str, Look, str]) -> None:
    """Draw bars with their intervals in (colour, look, label)."""
    colour, look, label = style
    middle = np.array([found.value for found in values])
    ends = np.array([[found.value - found.low, found.high - found.value] for found in values]).T
    height = 0.36 if label else 0.6
    axes.barh(rows, middle, height=height, color=colour, label=label, xerr=ends, error_kw={"ecolor": look.ink, "lw": 1})


QUALITY_PLOT: PlotKind[Quality] = PlotKind("What the funnel finds", quality_by_stage, (9.0, 3.4))
