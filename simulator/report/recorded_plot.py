"""The plot of two policies that really ran: what each earned, and what the log of the other says of it."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from simulator.bias.recorded import RecordedAnswer
from simulator.report.look import Look
from simulator.report.plots import Plot, PlotKind
from simulator.report.recorded import weighted

__all__ = ["RECORDED_PLOT"]


def earned_and_told(answer: RecordedAnswer) -> Plot:
    """Return the plot of clicks a row of each policy: in its own log, and by weights from the other's."""

    def plot(figure: Figure, look: Look) -> None:
        axes = figure.subplots()
        cases = [(f"{one.name}: {judged.policy}", judged) for one in answer.campaigns for judged in one.policies]
        for row, (_, judged) in enumerate(cases):
            own, told = judged.click_rate, weighted(judged)
            colour, label = (look.blue, "the other's log, weighted") if told.holds else (look.red, "not to be believed")
            for found, shift, ink, name in (
                (own, -0.14, look.ink, "its own log"),
                (told.estimate, 0.14, colour, label),
            ):
                ends = [[found.value - found.low], [found.high - found.value]]
                axes.errorbar(found.value, row + shift, xerr=ends, fmt="o", color=ink, capsize=3, label=name)
            if not told.holds:
                axes.text(
                    told.estimate.high,
                    row + 0.14,
                    f"  one row weighs {told.largest_weight:,.0f}",
                    color=colour,
                    va="center",
                )
        axes.axvline(0, color=look.ink, linewidth=0.8)
        axes.set_yticks(range(len(cases)), [name for name, _ in cases])
        axes.invert_yaxis()
        axes.set_xlim(right=1.25 * axes.get_xlim()[1])
        axes.set(title="What a policy earned, and what the other's log says of it", xlabel="clicks a row, 95% interval")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate * 100:g}%"))
        axes.grid(visible=False, axis="y")
        handles, labels = axes.get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=3)

    return plot


RECORDED_PLOT: PlotKind[RecordedAnswer] = PlotKind(
    "What one log says of the other policy", earned_and_told, (9.0, 4.0), lambda answer: bool(answer.campaigns)
)
