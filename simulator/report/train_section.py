"""A training answer as a section of a report."""

from simulator.report.plots import PlotKind
from simulator.report.section import StudySection
from simulator.report.train_document import train_csv, train_document
from simulator.report.train_plots import CLUSTER_PLOT, CURVE_PLOT, GO_PLOT, SOURCES_PLOT, TRANSFER_PLOT
from simulator.report.train_text import train_said
from simulator.training.answer import TrainAnswer

__all__ = ["TRAIN_PLOTS", "train_section"]

# by the name of its files, in the order of the page
TRAIN_PLOTS: dict[str, PlotKind[TrainAnswer]] = {
    "learning_curve": CURVE_PLOT,
    "sources": SOURCES_PLOT,
    "cluster": CLUSTER_PLOT,
    "go_no_go": GO_PLOT,
    "transfer": TRANSFER_PLOT,
}


def train_section(answer: TrainAnswer, overrides: dict[str, str]) -> StudySection:
    """Return what a report shows of `answer`; `overrides` are the `--set` settings by path."""
    plots = {name: (kind, kind.make(answer)) for name, kind in TRAIN_PLOTS.items() if kind.applies(answer)}
    document, rows = train_document(answer, overrides), list(train_csv(answer))
    return StudySection("training", "What training takes", train_said(answer), document, rows, plots)
