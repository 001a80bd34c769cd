"""A bias answer as a section of a report."""

from simulator.bias.answer import BiasAnswer
from simulator.bias.recorded import RecordedAnswer
from simulator.report.bias_document import bias_csv, bias_document
from simulator.report.bias_effect_plot import EFFECT_PLOT
from simulator.report.bias_plots import COURSE_PLOT, EXPOSURE_PLOT, NEW_ITEMS_PLOT
from simulator.report.bias_said import bias_said
from simulator.report.bias_worth_plots import EXPLORATION_PLOT, WORTH_PLOT
from simulator.report.plots import PlotKind
from simulator.report.recorded import recorded_csv, recorded_document
from simulator.report.recorded_plot import RECORDED_PLOT
from simulator.report.section import StudySection

__all__ = ["BIAS_PLOTS", "bias_section"]

NAME, TITLE = "bias", "What the ranking does to its own data"

# by the name of its files, in the order of the page
BIAS_PLOTS: dict[str, PlotKind[BiasAnswer]] = {
    "effect": EFFECT_PLOT,
    "new_items": NEW_ITEMS_PLOT,
    "exploration": EXPLORATION_PLOT,
    "worth": WORTH_PLOT,
    "bias_course": COURSE_PLOT,
    "exposure": EXPOSURE_PLOT,
}


def bias_section(answer: BiasAnswer | RecordedAnswer, overrides: dict[str, str]) -> StudySection:
    """Return what a report shows of `answer`; `overrides` are the `--set` settings by path."""
    said = bias_said(answer)
    if isinstance(answer, RecordedAnswer):
        document, rows = recorded_document(answer, overrides), list(recorded_csv(answer))
        recorded = {"recorded": (RECORDED_PLOT, RECORDED_PLOT.make(answer))} if RECORDED_PLOT.applies(answer) else {}
        return StudySection(NAME, TITLE, said, document, rows, recorded)
    plots = {name: (kind, kind.make(answer)) for name, kind in BIAS_PLOTS.items() if kind.applies(answer)}
    return StudySection(NAME, TITLE, said, bias_document(answer, overrides), list(bias_csv(answer)), plots)
