"""A diagnosis as a section of a report."""

from simulator.diagnosis.answer import Diagnosed
from simulator.report.diagnose_document import diagnose_csv, diagnose_document
from simulator.report.diagnose_plots import (
    DRIFT_PLOT,
    LOST_PLOT,
    MISSED_PLOT,
    SKEW_PLOT,
    TAIL_PLOT,
    TORNADO_PLOT,
)
from simulator.report.diagnose_text import diagnose_said
from simulator.report.plots import PlotKind
from simulator.report.section import StudySection

__all__ = ["DIAGNOSE_PLOTS", "diagnose_section"]

# by the name of its files, in the order of the page
DIAGNOSE_PLOTS: dict[str, PlotKind[Diagnosed]] = {
    "tail_waterfall": TAIL_PLOT,
    "changes": TORNADO_PLOT,
    "lost_quality": LOST_PLOT,
    "drift": DRIFT_PLOT,
    "skew": SKEW_PLOT,
    "missed": MISSED_PLOT,
}


def diagnose_section(answer: Diagnosed, overrides: dict[str, str]) -> StudySection:
    """Return what a report shows of `answer`; `overrides` are the `--set` settings by path."""
    plots = {name: (kind, kind.make(answer)) for name, kind in DIAGNOSE_PLOTS.items() if kind.applies(answer)}
    document, rows = diagnose_document(answer, overrides), list(diagnose_csv(answer))
    return StudySection("diagnosis", "What is wrong", diagnose_said(answer), document, rows, plots)
