"""A scenario's report: one folder with a page, a Markdown file, the numbers as JSON and CSV, and the plots."""

import base64
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from simulator.capacity.answer import CapacityAnswer
from simulator.capacity.compare import Comparison
from simulator.capacity.run_answer import ClassAnswer, RunAnswer
from simulator.engine.result import PARTS
from simulator.report.capacity_plots import HOCKEY_STICK
from simulator.report.capacity_table import capacity_sentence
from simulator.report.compare_document import compare_document
from simulator.report.compare_plots import COMPARE_PLOT
from simulator.report.compare_section import compare_context, compare_csv
from simulator.report.course_plot import COMPARE_COURSE, RUN_COURSE
from simulator.report.day_plots import COMPARE_DAY, DAY
from simulator.report.document import capacity_document, run_document
from simulator.report.files import make_folder, write_bytes, write_text
from simulator.report.fleet import fleet_sentences
from simulator.report.look import DARK, LIGHT, draw
from simulator.report.plots import RUN_PLOTS, Plot, PlotKind
from simulator.report.sentence import answer_sentence, arrivals_text, headline, worst_window_sentence
from simulator.report.tables import POLICY_HEADS, busiest_shards, policy_rows, times_beside
from simulator.report.trade_plot import TRADE_PLOT
from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = ["write_report"]

MS = 1000.0

# by the name of its files
COMPARE_PLOTS = {"trade": TRADE_PLOT, "course": COMPARE_COURSE, "compare": COMPARE_PLOT, "compare_day": COMPARE_DAY}


@dataclass(frozen=True)
class Picture:
    """One plot: the name of its files, its title, and its drawings as data addresses for a page."""

    name: str
    title: str
    light: str
    dark: str


def write_report(
    answer: RunAnswer,
    folder: Path,
    overrides: dict[str, str],
    capacity: CapacityAnswer | None = None,
    comparison: Comparison | None = None,
) -> Path:
    """Write the report of `answer` into `folder`/<scenario's name> and return the page's path.

    `capacity` is the search for the maximum load, where the scenario has objectives; `comparison` what its compare
    section asks.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written; every file is written whole or not at all.
    """
    place = folder / answer.scenario.name
    make_folder(place / "plots")
    document = run_document(answer, overrides)
    course = {} if comparison else {"course": RUN_COURSE}  # a comparison has one course of all rows
    shown = {"day": DAY, **course, **RUN_PLOTS}
    kinds = {name: kind for name, kind in shown.items() if kind.applies(answer) and not answer.saturated}
    pictures = [_write_picture(name, kind, kind.make(answer), place / "plots") for name, kind in kinds.items()]
    context = _context(answer, document, pictures)
    if capacity is not None:
        hockey_stick = HOCKEY_STICK.make(capacity)
        pictures.insert(0, _write_picture("hockey_stick", HOCKEY_STICK, hockey_stick, place / "plots"))
        context["capacity"] = capacity_sentence(capacity)
        write_text(place / "capacity.json", _json(capacity_document(capacity, overrides)))
        write_text(place / "curve.csv", _csv(_curve_rows(capacity)))
    if comparison is not None:
        context["comparison"] = compare_context(comparison)
        context["compare_pictures"] = [
            _write_picture(name, kind, kind.make(comparison), place / "plots")
            for name, kind in COMPARE_PLOTS.items()
            if kind.applies(comparison)
        ]
        write_text(place / "compare.json", _json(compare_document(comparison, overrides)))
        write_text(place / "compare.csv", _csv(compare_csv(comparison)))
    write_text(place / "report.json", _json(document))
    write_text(place / "latency.csv", _csv(_latency_rows(answer)))
    write_text(place / "stages.csv", _csv(_stage_rows(answer)))
    write_text(place / "report.md", _render("report.md.j2", context))
    write_text(place / "index.html", _render("report.html.j2", context))
    return place / "index.html"


def _json(document: dict[str, Any]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_picture(name: str, kind: PlotKind[Any], plot: Plot, place: Path) -> Picture:
    """Write one plot as SVG and PNG, and return it for the page."""
    light, dark = draw(plot, LIGHT, kind.size, "svg"), draw(plot, DARK, kind.size, "svg")
    write_bytes(place / f"{name}.svg", light)
    write_bytes(place / f"{name}.png", draw(plot, LIGHT, kind.size, "png"))
    return Picture(name, kind.title, _data_address(light), _data_address(dark))


def _data_address(svg: bytes) -> str:
    """Return a drawing as an address that a page can hold."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def _render(template: str, context: dict[str, Any]) -> str:
    """Return a template filled in; HTML is escaped, and a name that is not there is an error."""
    environment = Environment(
        autoescape=template.endswith("html.j2"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("simulator.report").joinpath("templates", template).read_text(encoding="utf-8")
    return environment.from_string(source).render(context) + "\n"


def _context(answer: RunAnswer, document: dict[str, Any], pictures: list[Picture]) -> dict[str, Any]:
    """Return what the templates show, as text."""
    plan = answer.plan
    return {
        "name": answer.scenario.name,
        "question": answer.scenario.question or answer.scenario.name,
        "headline": headline(answer),
        "sentence": answer_sentence(answer),
        "verdict": "saturated" if answer.saturated else answer.verdict,
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
        "warnings": answer.warnings,
        "provenance": _provenance(document),
    }


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


def _latency_rows(answer: RunAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the latencies as CSV rows."""
    yield ("measure", "value_ms", "low_ms", "high_ms")
    for name, found in answer.latency.items():
        scaled = found.scaled(MS).as_json()
        yield (name, *("" if answer.saturated or number is None else number for number in scaled.values()))


def _stage_rows(answer: RunAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the stages as CSV rows; parts are means over queries, of each query's slowest request."""
    yield (
        "stage",
        "shards",
        "replicas",
        "workers",
        "candidates",
        "utilization",
        *(f"{part}_ms" for part in PARTS),
        "cost",
    )
    parts = answer.parts("mean_parts") * MS
    for s, stage in enumerate(answer.stages):
        sizes = (stage.shards, stage.replicas, stage.workers, stage.candidates.value, stage.utilization.value)
        yield (stage.name, *sizes, *parts[s].tolist(), stage.source)


def _curve_rows(capacity: CapacityAnswer) -> Iterable[tuple[Any, ...]]:
    """Return the latency-load curve as CSV rows."""
    yield ("qps", "utilization", "p50_ms", "p99_ms", "p99_low_ms", "p99_high_ms")
    for point in capacity.curve:
        p99 = point.p99.scaled(MS)
        yield (point.qps, point.utilization, point.p50.value * MS, p99.value, p99.low, p99.high)


def _csv(rows: Iterable[tuple[Any, ...]]) -> str:
    """Return rows as CSV text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
