"""A comparison's document, tables, sentence, plot and report, on small grids."""

import csv
import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from matplotlib.figure import Figure
from referencing import Registry, Resource
from rich.console import Console

import simulator
from simulator.capacity.compare import Comparison, compare
from simulator.capacity.run import run_scenario
from simulator.report.build import Beside, write_report
from simulator.report.compare_document import compare_document
from simulator.report.compare_plots import COMPARE_PLOT, compare_plot, layout_of
from simulator.report.compare_sentence import compare_sentence, compare_warnings, varied_names
from simulator.report.compare_table import compare_tables
from simulator.report.day_plots import COMPARE_DAY
from simulator.report.look import DARK, LIGHT, draw
from simulator.scenario.grid import load_grid

SCHEMAS = Path(simulator.__file__).parent / "report"
SMALL = {
    "name": "small",
    "question": "How many?",
    "sla": {"qps": 100, "objectives": ["p99 < 80ms"]},
    "traffic": {"candidates": 1000, "queries": 2000, "replications": 4},
    "funnel": [
        {"name": "first", "shards": 4, "keep": 100, "cost": {"fixed": "1ms", "per_candidate": "12us", "cv": 1}},
        {"name": "second", "ranker": "mlp"},
    ],
    "prices": {"worker_hour": 0.5, "currency": "EUR"},
}
GRIDS = {
    "shards": (["funnel.first.shards=1,2,4,8,16,32,64,1000"], {}),  # the first is saturated
    "together": (["funnel.first.shards,replicas=6x1,3x2,2x3"], {}),
    "grid": (["funnel.first.workers=1,2", "funnel.second.workers=1,2", "traffic.qps=20,40,60"], {}),
    "unasked": (["costs.speed=1,2"], {"sla": {"qps": 50}, "prices": None}),
    "missed": (["funnel.first.shards=2,4"], {"sla": {"qps": 50, "objectives": ["p99 < 1ms", "mean < 1ms"]}}),
    "saturated": (["traffic.qps=1000,2000"], {}),
    "once": (["traffic.queries=50,60"], {"traffic": {"candidates": 1000, "replications": 1}}),
    "many": (
        ["traffic.qps=20,30,40,50", "funnel.second.workers=1,2,3,4", "traffic.queries=100,200"],
        {"sla": {"qps": 50}},
    ),
    "twins": (["funnel.first.shards=4,4,8"], {}),
}

OBJECTIVES = {"unasked": [], "many": [], "missed": [" objective: p99 1 ms "]}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that compares one of GRIDS, once each."""
    found: dict[str, Comparison] = {}

    def make(name: str) -> Comparison:
        if name not in found:
            vary, changes = GRIDS[name]
            asked = {key: value for key, value in (SMALL | changes).items() if value is not None}
            path = tmp_path_factory.mktemp("grid") / "small.yaml"
            path.write_text(json.dumps(asked))
            found[name] = compare(load_grid(path, (), vary))
        return found[name]

    return make


@pytest.fixture(scope="module")
def validator():
    """Return a validator of compare.schema.json, which refers to run.schema.json beside it."""
    schemas = {name: json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("run", "compare")}
    registry = Registry().with_resource("run.schema.json", Resource.from_contents(schemas["run"]))
    jsonschema.Draft202012Validator.check_schema(schemas["compare"])
    return jsonschema.Draft202012Validator(schemas["compare"], registry=registry)


@pytest.mark.parametrize("name", GRIDS)
def test_documents_fit_the_shipped_schema(made, validator, name):
    """The document of every kind of comparison validates against compare.schema.json."""
    document = json.loads(json.dumps(compare_document(made(name), {"seed": "1"}), allow_nan=False))
    validator.validate(document)


def test_the_schema_can_refuse(made, validator):
    """A document without a row's difference, or with a word for a number, does not validate."""
    document = compare_document(made("together"), {})
    del document["rows"][1]["difference"]
    document["rows"][0]["max_qps"]["value"] = "many"
    assert len(list(validator.iter_errors(document))) == 2


def test_the_document_holds_what_was_found(made):
    """Settings, milliseconds, costs, differences and the best row stand in the document in the grid's order."""
    found = made("together")
    document = compare_document(found, {})
    shards, replicas = "funnel.first.shards", "funnel.first.replicas"
    assert [row["settings"] for row in document["rows"]] == [
        {shards: 6, replicas: 1},
        {shards: 3, replicas: 2},
        {shards: 2, replicas: 3},
    ]
    for row, entry in zip(found.rows, document["rows"], strict=True):
        assert entry["latency_ms"]["p99"]["value"] == row.run.latency["p99"].value * 1000
        assert (entry["workers"], entry["cost_per_hour"], entry["currency"]) == (7, 3.5, "EUR")
        assert entry["cost_per_million_queries"] == pytest.approx(3.5 / 360_000 * 1e6)
    assert document["rows"][0]["difference"] is None
    assert document["rows"][2]["difference"]["p99_ms"]["value"] == found.rows[2].difference.p99.value * 1000
    assert document["best"]["row"] == found.best
    assert document["best"]["settings"] == document["rows"][found.best]["settings"]


def test_a_saturated_row_has_no_latency(made):
    """A row offered more than it can serve has null for its latencies, is marked, and shows no percentile."""
    row = compare_document(made("shards"), {})["rows"][0]
    assert row["saturated"]
    assert row["latency_ms"]["p99"]["value"] is None
    assert row["stages"][0]["slowest_ms"] is None
    shown = printed(made("shards"))
    assert next(line for line in shown.splitlines() if line.startswith(" 1 ")).split()[2:] == ["–", "saturated"]


def printed(comparison: Comparison) -> str:
    """The tables in a terminal of 80 columns."""
    out = StringIO()
    Console(file=out, width=80).print(compare_tables(comparison))
    return out.getvalue()


@pytest.mark.parametrize("name", GRIDS)
def test_tables_fit_eighty_columns(made, name):
    """No line of the terminal's tables is longer than 80 characters, cut off, or wrapped within a number."""
    lines = printed(made(name)).splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


def test_luck_is_marked(made):
    """A difference that is no more than luck has a ~ before it, one that is more has none."""
    latency, load = printed(made("twins")).split("Maximum load and cost")
    for table, nothing, sign in ((latency, "~ 0 ms", "-"), (load, "~ 0 ", "+")):
        _, same, more = (line for line in table.splitlines()[:9] if line.startswith((" 4", " 8")))
        assert nothing in f"{same} "
        assert "~" not in more
        assert sign in more


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shards", ["Best: shards=", "cheapest of", "EUR", "Beside it, in stage first", "of service", "Saturated: 1."]),
        ("together", ["Best: shards=", "replicas=", "fastest of 3 rows", "EUR 3.50 an hour"]),
        ("grid", ["first.workers=", "second.workers=", "qps="]),
        ("unasked", ["Fastest: speed=2", "workers", "without objectives"]),
        ("missed", ["No row meets every objective; the nearest is", "p99 < 1ms is missed; mean < 1ms is missed"]),
        ("saturated", ["Every row is saturated; the least is qps=1000, where the backlog of first grows at 400%"]),
        ("once", ["No row surely meets every objective", "is inconclusive"]),
    ],
)
def test_the_sentence_names_the_best_and_says_why(made, name, words):
    """The sentence names the row, why it was chosen, and where the time of others goes."""
    sentence = compare_sentence(made(name))
    assert not [word for word in words if word not in sentence], sentence


def test_the_sentence_s_numbers_are_the_rows(made):
    """What the most shards lose in merging is the difference of the rows' own mean merges."""
    found = made("shards")
    best, most = found.rows[found.best], found.rows[-1]
    lost = (most.times[0].merge - best.times[0].merge) * 1000
    assert f"shards=1000 adds {lost:.3g} ms of merging" in compare_sentence(found) or lost < 1


def test_names_are_as_short_as_they_can_be(made):
    """A setting goes by its last key, and by its stage too where two stages vary it."""
    assert varied_names(made("together")) == ["shards", "replicas"]
    assert varied_names(made("grid")) == ["first.workers", "second.workers", "traffic.qps"]


def test_a_warning_is_said_once(made):
    """A warning of several rows is one line with the rows that it is about."""
    warnings = compare_warnings(made("once"))
    assert sum("one replication gives no interval" in warning for warning in warnings) == 1
    assert any(warning.startswith("queries 50, 60: one replication") for warning in warnings)


@pytest.mark.parametrize(
    ("name", "lines", "places", "log"),
    [
        ("shards", [""], [1, 2, 4, 8, 16, 32, 64, 1000], True),
        ("together", [""], [0, 1, 2], False),
        ("unasked", [""], [1, 2], False),
        ("many", [""], list(range(32)), False),  # more lines than can be told apart
    ],
)
def test_lines_run_along_the_longest_axis(made, name, lines, places, log):
    """Numbers stand at their value, on a logarithmic axis if they are far apart; other settings side by side."""
    layout = layout_of(made(name))
    assert (list(layout.lines), layout.places, layout.log) == (lines, places, log)


def test_other_axes_are_lines_of_their_own(made):
    """A grid has a line for each setting of the shorter axes, named by it."""
    layout = layout_of(made("grid"))
    assert layout.places == [20, 40, 60]
    assert list(layout.lines) == [f"first.workers={i}, second.workers={j}" for i in (1, 2) for j in (1, 2)]


@pytest.mark.parametrize("name", GRIDS)
def test_the_plot_shows_what_was_found(made, name):
    """Each comparison is drawn; p99 is at the document's milliseconds, with the objective's line where there is one."""
    figure = Figure(layout="constrained")
    compare_plot(made(name))(figure, LIGHT)
    tail, most, cost = figure.axes
    drawn = [value for line in tail.get_lines() for value in line.get_ydata() if len(line.get_ydata()) > 1]
    for row in made(name).rows:
        if not row.run.saturated and name != "once":  # of 50 queries there is no p99
            assert row.run.latency["p99"].value * 1000 in drawn
    objective = [text.get_text() for text in tail.texts if "objective" in text.get_text()]
    assert objective == OBJECTIVES.get(name, [" objective: p99 80 ms "])
    saturated = sum(bool(row.run.saturated) for row in made(name).rows)
    assert [text.get_text() for text in tail.texts].count("saturated") == saturated
    assert cost.get_title() == ("Workers in all" if name == "unasked" else "Cost of a million queries, EUR")
    assert most.get_ylim()[0] == 0


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_the_same_comparison_draws_the_same_bytes(made, look):
    """A plot on light and on dark paper is the same bytes each time, as SVG and as PNG."""
    one, two = (draw(compare_plot(made("together")), look, COMPARE_PLOT.size) for _ in range(2))
    assert one == two


def test_the_report_has_a_section(made, tmp_path):
    """With a comparison the report holds its sentence, tables, plot, JSON and CSV; the page needs no network."""
    found = made("shards")
    page = write_report(run_scenario(found.grid.base), tmp_path, {}, Beside(comparison=found))
    text, markdown = page.read_text(), (page.parent / "report.md").read_text()
    sentence = compare_sentence(found)
    assert sentence in markdown
    assert "Maximum load and cost" in text
    assert text.count("<svg ") == 6
    assert "https://" not in text
    assert (page.parent / "plots" / "compare.png").exists()
    assert json.loads((page.parent / "compare.json").read_text())["best"]["because"] == sentence
    rows = list(csv.DictReader((page.parent / "compare.csv").read_text().splitlines()))
    assert [row["funnel.first.shards"] for row in rows] == ["1", "2", "4", "8", "16", "32", "64", "1000"]
    assert rows[0]["p99_ms"] == ""
    assert float(rows[3]["p99_ms"]) == found.rows[3].run.latency["p99"].value * 1000


def test_a_day_s_rows_are_drawn_through_the_day(tmp_path, validator):
    """The page holds rows side by side over the day, replicas among them, and the sentence their worst minutes."""
    scaling = {"target": "60%", "interval": "2min", "min": 1, "max": 4}
    asked = SMALL | {
        "sla": {"qps": 4, "objectives": ["p99 < 9s"]},
        "traffic": {
            "arrivals": "daily",
            "daily": {"low": "40%", "peak_hour": 1, "duration": "1h"},
            "candidates": 10,
            "replications": 2,
        },
        "funnel": [{"name": "only", "replicas": 4, "cost": "200ms", "autoscaling": scaling}],
    }
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(asked))
    found = compare(load_grid(path, (), [f"funnel.only.autoscaling=null,{json.dumps(scaling)}"]))
    validator.validate(json.loads(json.dumps(compare_document(found, {}), allow_nan=False)))
    figure = Figure(layout="constrained")
    COMPARE_DAY.make(found)(figure, LIGHT)
    tail, fleet, _ = figure.axes
    assert [text.get_text() for text in tail.get_legend().get_texts()] == ["autoscaling off", "autoscaling on"]
    drawn = [line.get_ydata().tolist() for line in fleet.get_lines()]
    assert drawn == [[one.replicas[0] for one in row.run.windows] for row in found.rows]
    page = write_report(run_scenario(found.grid.base), tmp_path, {}, Beside(comparison=found))
    assert (page.parent / "plots" / "compare_day.png").exists()
    assert "Worst five minutes, autoscaling=off: p99 " in page.read_text()
    assert "Replica-hours in " in page.read_text()
