"""A scenario's report: one folder with a page, a Markdown file, the numbers as JSON and CSV, and the plots."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.capacity.answer import CapacityAnswer
from simulator.capacity.compare import Comparison
from simulator.capacity.optimize import OptimizeAnswer
from simulator.capacity.quality import Quality
from simulator.capacity.run_answer import ClassAnswer, RunAnswer
from simulator.report.assumptions import assumptions_of, not_modelled, reproduction
from simulator.report.capacity_plots import HOCKEY_STICK
from simulator.report.capacity_table import capacity_sentence
from simulator.report.changes import changes_since
from simulator.report.compare_document import compare_document
from simulator.report.compare_plots import COMPARE_PLOT
from simulator.report.compare_section import compare_context, compare_csv
from simulator.report.course_plot import COMPARE_COURSE, RUN_COURSE
from simulator.report.csv_rows import curve_rows, latency_rows, stage_rows
from simulator.report.day_plots import COMPARE_DAY, DAY
from simulator.report.document import capacity_document, run_document
from simulator.report.files import make_folder, write_text
from simulator.report.fleet import fleet_sentences
from simulator.report.optimize_document import optimize_csv, optimize_document
from simulator.report.optimize_plot import OPTIMIZE_PLOT
from simulator.report.optimize_text import optimize_context
from simulator.report.pages import Picture, csv_text, json_text, render, write_picture
from simulator.report.plots import RUN_PLOTS
from simulator.report.quality_plot import QUALITY_PLOT
from simulator.report.quality_text import quality_context
from simulator.report.section import StudySection, write_section
from simulator.report.sentence import answer_sentence, arrivals_text, headline, worst_window_sentence
from simulator.report.tables import POLICY_HEADS, busiest_shards, policy_rows, times_beside
from simulator.report.trade_plot import TRADE_PLOT
from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = ["Beside", "write_report"]

MS = 1000.0

# by the name of its files
COMPARE_PLOTS = {"trade": TRADE_PLOT, "course": COMPARE_COURSE, "compare": COMPARE_PLOT, "compare_day": COMPARE_DAY}


@dataclass(frozen=True)
class Beside:
    """What a report holds beside the run.

    Attributes
    ----------
    capacity
        The search for the maximum load, where the scenario has objectives.
    comparison
        What its compare section asks.
    quality
        What the funnel finds, where its rankers can be trained.
    frontier
        What its optimize section asks.
    sections
        What its further sections ask, such as bias.
    earlier
        The document of an earlier run, to say what changed.
    """

    capacity: CapacityAnswer | None = None
    comparison: Comparison | None = None
    quality: Quality | None = None
    frontier: OptimizeAnswer | None = None
    sections: tuple[StudySection, ...] = ()
    earlier: dict[str, Any] | None = None


NOTHING_BESIDE = Beside()


def write_report(
    answer: RunAnswer,
    folder: Path,
    overrides: dict[str, str],
    beside: Beside = NOTHING_BESIDE,
) -> Path:
    """Write the report of `answer`, and of what was found `beside` it, into `folder`/<scenario's name>.

    Returns the page's path.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written; every file is written whole or not at all.
    """
    place = folder / answer.scenario.name
    make_folder(place / "plots")
    document = run_document(answer, overrides, beside.quality)
    course = {} if beside.comparison else {"course": RUN_COURSE}  # a comparison has one course of all rows
    shown = {"day": DAY, **course, **RUN_PLOTS}
    kinds = {name: kind for name, kind in shown.items() if kind.applies(answer) and not answer.saturated}
    said = answer_sentence(answer)
    pictures = [write_picture(name, kind, kind.make(answer), place / "plots", said) for name, kind in kinds.items()]
    context = _context(answer, document, pictures)
    _write_beside(beside, place, overrides, context)
    context["sections"] = [write_section(section, place) for section in beside.sections]
    context["changes"] = changes_since(beside.earlier, document) if beside.earlier else None
    context |= _opening(answer, context)
    write_text(place / "report.json", json_text(document))
    write_text(place / "latency.csv", csv_text(latency_rows(answer)))
    write_text(place / "stages.csv", csv_text(stage_rows(answer)))
    write_text(place / "report.md", render("report.md.j2", context))
    write_text(place / "index.html", render("report.html.j2", context))
    return place / "index.html"


def _write_beside(beside: Beside, place: Path, overrides: dict[str, str], context: dict[str, Any]) -> None:
    """Write the files of what was found beside the run into `place`, and add what the templates show to `context`."""
    if beside.capacity is not None:
        hockey_stick = HOCKEY_STICK.make(beside.capacity)
        context["capacity"] = said = capacity_sentence(beside.capacity)
        context["pictures"].insert(0, write_picture("hockey_stick", HOCKEY_STICK, hockey_stick, place / "plots", said))
        write_text(place / "capacity.json", json_text(capacity_document(beside.capacity, overrides)))
        write_text(place / "curve.csv", csv_text(curve_rows(beside.capacity)))
    if beside.comparison is not None:
        context["comparison"] = compare_context(beside.comparison)
        context["compare_pictures"] = [
            write_picture(name, kind, kind.make(beside.comparison), place / "plots", context["comparison"]["sentence"])
            for name, kind in COMPARE_PLOTS.items()
            if kind.applies(beside.comparison)
        ]
        write_text(place / "compare.json", json_text(compare_document(beside.comparison, overrides)))
        write_text(place / "compare.csv", csv_text(compare_csv(beside.comparison)))
    if beside.quality is not None:
        context["quality"] = quality_context(beside.quality)
        plot = QUALITY_PLOT.make(beside.quality)
        said = context["quality"]["sentence"]
        context["quality_picture"] = write_picture("quality", QUALITY_PLOT, plot, place / "plots", said)
    if beside.frontier is not None and beside.frontier.points:
        context["frontier"] = optimize_context(beside.frontier)
        plot = OPTIMIZE_PLOT.make(beside.frontier)
        said = context["frontier"]["sentence"]
        context["frontier_picture"] = write_picture("frontier", OPTIMIZE_PLOT, plot, place / "plots", said)
        write_text(place / "optimize.json", json_text(optimize_document(beside.frontier, overrides)))
        write_text(place / "frontier.csv", csv_text(optimize_csv(beside.frontier)))


def _context(answer: RunAnswer, document: dict[str, Any], pictures: list[Picture]) -> dict[str, Any]:
    """Return what the templates show, as text."""
    plan = answer.plan
    return {
        "name": answer.scenario.name,
        "question": answer.scenario.question or answer.scenario.name,
        "headline": headline(answer),
        "load": f"{plan.qps:,g} QPS, {arrivals_text(plan)}",
        "effort": f"{plan.replications} replications of {plan.queries:,} queries after {plan.warmup:,} of warm-up, "
        f"{answer.requests:,} requests to shards, seed {plan.seed}",
        "latency": [] if answer.saturated else _latency_table(answer),
        "stages": [_stage_row(answer, i) for i in range(len(answer.stages))],
        "busiest_shards": busiest_shards(answer),
        "worst": worst_window_sentence(answer),
        "fleet": fleet_sentences(answer),
        "classes": [] if answer.saturated else [_class_row(one) for one in answer.classes],
        "objectives": _objective_rows(document),
        "policies": policy_rows(answer),
        "policy_heads": POLICY_HEADS,
        "theory": times_beside(answer),
        "pictures": pictures,
        "capacity": "",
        "comparison": None,
        "quality": None,
        "frontier": None,
        "warnings": answer.warnings,
        "provenance": _provenance(document),
        "assumptions": assumptions_of(answer),
        "not_modelled": not_modelled(answer),
        "reproduce": reproduction(answer.scenario, document["provenance"]["overrides"]),
    }


def _opening(answer: RunAnswer, context: dict[str, Any]) -> dict[str, Any]:
    """Return what a report opens with: the answer to its question, the colour beside it, and what is said after it."""
    served, comparison = answer_sentence(answer), context["comparison"]
    first, *others = [section.said for section in context["sections"]] or [None]
    if comparison:
        own = [f"The file's own setting: {served}", *(said.sentence for said in (first, *others) if said)]
        return {"answer": comparison["sentence"], "accent": comparison["verdict"], "beside": own}
    if first:
        own = [f"{first.effort}.", *(said.sentence for said in others), f"Serving: {served}"]
        return {"answer": first.sentence, "accent": "link", "beside": own}
    return {"answer": served, "accent": "saturated" if answer.saturated else answer.verdict, "beside": []}


def _latency_table(answer: RunAnswer) -> list[tuple[str, str, str]]:
    """Return (name, estimate, interval) by row."""
    known = {name: found for name, found in answer.latency.items() if found.value == found.value}
    return [(name, format_duration(found.value), _interval(found)) for name, found in known.items()]


def _interval(found: Estimate) -> str:
    """Return the interval of an estimate in seconds."""
    if found.low != found.low:  # NaN: one replication
        return "not known"
    return f"{format_duration(max(found.low, 0.0))} to {format_duration(found.high)}"


def _stage_row(answer: RunAnswer, i: int) -> dict[str, str]:
    """Return one stage as text."""
    stage = answer.stages[i]
    lost = stage.name in answer.saturated
    return {
        "name": stage.name,
        "size": f"{stage.shards:,} × {stage.replicas} × {stage.workers}",
        "candidates": f"{stage.candidates.value:,.0f}",
        "busy": f"{stage.busiest.value:.1%}",
        "queue": "–" if lost else format_duration(stage.queue.value),
        "service": format_duration(stage.service.value),
        "p99": "–" if lost else format_duration(stage.p99.value),
        "source": stage.source,
    }


def _class_row(one: ClassAnswer) -> dict[str, str]:
    """Return one class of queries as text."""
    times = {name: format_duration(one.latency[name].value) for name in ("mean", "p50", "p99")}
    return {"name": one.name, "share": f"{one.share:.1%}", **times, "interval": _interval(one.latency["p99"])}


def _objective_rows(document: dict[str, Any]) -> list[dict[str, str]]:
    """Return every objective as text, those of a class under its name."""
    rows = [_objective_row(item) for item in document["objectives"]]
    for one in document.get("classes", ()):
        own = [_objective_row(item) for item in one["objectives"]]
        rows += [row | {"objective": f"{one['name']}: {row['objective']}"} for row in own]
    return rows


def _objective_row(item: dict[str, Any]) -> dict[str, str]:
    """Return one objective as text."""

    def text(number: float | None) -> str:
        if number is None:
            return "–"
        return format_duration(number / MS) if item["unit"] == "ms" else f"{number:.3%}"

    return {
        "objective": item["objective"],
        "estimate": text(item["estimate"]),
        "interval": f"{text(item['low'])} to {text(item['high'])}" if item["low"] is not None else "not known",
        "verdict": item["verdict"],
    }


def _provenance(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where the numbers come from, by row."""
    source = document["provenance"]
    measured = ", ".join(f"{key} {value}" for key, value in source["profile_measured_on"].items())
    rows = [
        ("Cost profile", f"{source['profile']}: {measured}"),
        ("Simulator", f"{source['package']}, engine {document['engine']}"),
        (
            "Conservation",
            ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in document["conservation"].items()),
        ),
    ]
    if source["overrides"]:
        rows.append(("Overrides", ", ".join(f"{path}={value}" for path, value in source["overrides"].items())))
    return rows
