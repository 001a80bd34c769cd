"""The run's document, tables, sentence and report, on small scenarios."""

import json
import math
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

import simulator
from simulator.capacity.run import run_scenario
from simulator.capacity.run_answer import RunAnswer
from simulator.report.build import write_report
from simulator.report.document import run_document
from simulator.report.plots import RUN_PLOTS
from simulator.report.sentence import answer_sentence
from simulator.report.tables import run_tables
from simulator.scenario.load import parse_scenario

SCHEMA = json.loads((Path(simulator.__file__).parent / "report" / "run.schema.json").read_text())


def run(qps: float = 100, replications: int = 3, queries: int = 2000, **objectives: str) -> RunAnswer:
    """Run two stages, the first of 4 shards and 1 ms, with the given objectives."""
    asked = {
        "name": "small",
        "question": "Is it quick?",
        "sla": {"qps": qps, "objectives": list(objectives.values())},
        "traffic": {"candidates": 1000, "queries": queries, "replications": replications},
        "funnel": [
            {"name": "first", "shards": 4, "keep": 100, "cost": {"distribution": "exponential", "mean": "1ms"}},
            {"name": "second", "ranker": "mlp"},
        ],
        "merge": {"workers": 2},
    }
    return run_scenario(parse_scenario(json.dumps(asked)))


@pytest.fixture(scope="module")
def met() -> RunAnswer:
    """A run that meets its objectives."""
    return run(p99="p99 < 50ms", over="over(20ms) < 5%", errors="error_rate < 1%", coverage="coverage >= 99%")


@pytest.fixture(scope="module")
def saturated() -> RunAnswer:
    """A run offered twice what its first stage can serve."""
    return run(qps=2000, p99="p99 < 50ms")


@pytest.mark.parametrize("name", ["met", "saturated"])
def test_documents_fit_the_shipped_schema(name, request):
    """The document of a run validates against run.schema.json, saturated or not."""
    document = run_document(request.getfixturevalue(name), {"seed": "1"})
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))


def test_latencies_are_in_milliseconds(met):
    """The document's p99 is a thousand times the answer's seconds."""
    assert run_document(met, {})["latency_ms"]["p99"]["value"] == met.latency["p99"].value * 1000


def test_the_tail_parts_sum_to_the_p99(met):
    """The waterfall of the p99 query adds up to the reported p99."""
    assert met.parts("p99_parts").sum() == pytest.approx(met.latency["p99"].value, rel=1e-9)


def test_the_mean_parts_sum_to_the_mean(met):
    """The mean parts of all stages add up to the mean latency."""
    assert met.parts("mean_parts").sum() == pytest.approx(met.latency["mean"].value, rel=1e-9)


def test_every_query_is_accounted_for(met):
    """Over all replications as many queries arrived as were asked for, and all were completed."""
    total = met.plan.replications * (met.plan.queries + met.plan.warmup)
    assert met.conservation.arrived == met.conservation.completed == total


def test_a_saturated_system_has_no_percentile(saturated):
    """Offered twice its capacity, a run reports no latency, no share, the verdict missed, and who is saturated."""
    document = run_document(saturated, {})
    assert document["saturated"]
    assert document["saturated_queues"] == ["first"]
    assert {found["value"] for found in document["latency_ms"].values()} == {None}
    assert document["objectives"][0]["estimate"] is None
    assert document["verdict"] == "missed"
    assert document["transient_latency_ms"]["p99"]["value"] > 50


def test_utilization_is_offered_load_over_workers(met, saturated):
    """Busy shares estimate lambda E[S]: 10% at 100 QPS within 4 standard errors, about 200% at 2,000.

    Over 6,000 queries the gaps' sum and the mean of 4 shards' services vary by 1 and 1/4 of their squares.
    """
    assert abs(met.stages[0].utilization.value - 0.1) < 4 * 0.1 * math.sqrt(1.25 / 6000)
    assert saturated.stages[0].utilization.value == pytest.approx(2.0, rel=0.05)


def test_one_replication_is_inconclusive():
    """A single replication has values, no intervals, and no verdict."""
    answer = run(replications=1, p99="p99 < 50ms")
    document = run_document(answer, {})
    assert document["latency_ms"]["p99"]["value"] > 0
    assert document["latency_ms"]["p99"]["low"] is None
    assert answer.verdict == "inconclusive"


def test_too_few_queries_have_no_high_percentile():
    """Of 500 queries no p99.9 is reported, and the warnings say why."""
    answer = run(queries=500)
    assert run_document(answer, {})["latency_ms"]["p99.9"]["value"] is None
    assert any("p99.9" in warning for warning in answer.warnings)


def test_the_sentence_answers_with_the_number(met, saturated):
    """The sentence says yes with the p99 and what was asked, or that the system is saturated and where."""
    assert answer_sentence(met).startswith("Yes: at 100 QPS p99 is ")
    assert "asked: < 50ms" in answer_sentence(met)
    assert answer_sentence(saturated).startswith("Saturated: at 2,000 QPS stage first")


@pytest.mark.parametrize("name", ["met", "saturated"])
def test_tables_fit_eighty_columns(name, request):
    """No line of the terminal's tables is longer than 80 characters or cut off."""
    out = StringIO()
    Console(file=out, width=80).print(run_tables(request.getfixturevalue(name)))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert "…" not in out.getvalue()


def test_the_report_is_one_self_contained_page(met, tmp_path):
    """The page holds question, answer and plots, and asks the network for nothing."""
    page = write_report(met, tmp_path, {}).read_text()
    assert "Is it quick?" in page
    assert "Yes: at 100 QPS" in page
    assert page.count("<svg ") == 5
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


def test_the_report_writes_every_form(met, tmp_path):
    """Beside the page stand Markdown, JSON, CSV and each plot that applies as SVG and PNG."""
    write_report(met, tmp_path, {})
    names = {str(path.relative_to(tmp_path / "small")) for path in (tmp_path / "small").rglob("*.*")}
    plots = {f"plots/{name}.{kind}" for name, plot in RUN_PLOTS.items() if plot.applies(met) for kind in ("svg", "png")}
    assert names == {"index.html", "report.md", "report.json", "latency.csv", "stages.csv"} | plots


def test_the_same_answer_makes_the_same_files(met, tmp_path):
    """Two reports of one answer are equal byte by byte, plots included."""
    one, two = (write_report(met, tmp_path / name, {}).parent for name in ("one", "two"))
    for path in one.rglob("*.*"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


def test_a_saturated_report_shows_no_latency_plot(saturated, tmp_path):
    """The report of a saturated system is written, says so, and draws no latency."""
    page = write_report(saturated, tmp_path, {}).read_text()
    assert "Saturated" in page
    assert "<img" not in page


def test_both_engines_answer_alike():
    """run_scenario gives the same numbers by SimPy as by the compiled engine."""
    asked = {
        "name": "small",
        "traffic": {"qps": 100, "candidates": 10, "queries": 300, "replications": 2},
        "funnel": [{"name": "s", "shards": 3, "cost": {"distribution": "exponential", "mean": "1ms"}}],
    }
    one, two = (run_scenario(parse_scenario(json.dumps(asked)), engine) for engine in ("compiled", "simpy"))
    assert np.array_equal(one.latencies(), two.latencies())
    documents = [run_document(answer, {}) | {"engine": "any"} for answer in (one, two)]
    assert documents[0] == documents[1]


@pytest.fixture(scope="module")
def mixed() -> RunAnswer:
    """A run of two classes of queries, one of which misses its objective, in bursts."""
    classes = [
        {"name": "short", "share": "75%", "candidates": 1, "objectives": ["p99 < 30ms"]},
        {"name": "long", "share": "25%", "candidates": 9, "objectives": ["over(50ms) < 1%"]},
    ]
    bursty = {"burst_factor": 3, "burst_share": "10%", "mean_burst": "20s"}
    asked = {
        "name": "mixed",
        "sla": {"qps": 1, "objectives": ["mean < 1s"]},
        "traffic": {"arrivals": "bursty", "bursty": bursty, "classes": classes, "queries": 2000, "replications": 3},
        "funnel": [{"name": "only", "workers": 9, "cost": {"per_candidate": "10ms"}}],
    }
    return run_scenario(parse_scenario(json.dumps(asked)))


def test_classes_fit_the_shipped_schema(mixed):
    """The document of mixed traffic validates, and judges each class by itself, latencies in milliseconds."""
    document = run_document(mixed, {})
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))
    short, long = document["classes"]
    assert (short["name"], short["share"], short["objectives"][0]["verdict"]) == ("short", 0.75, "met")
    assert short["latency_ms"]["p50"]["value"] == pytest.approx(10, rel=0.01)
    assert (long["objectives"][0]["objective"], long["objectives"][0]["verdict"]) == ("over(50ms) < 1%", "missed")


def test_a_report_shows_each_class(mixed, tmp_path):
    """Page and Markdown have a row for each class and for its objectives; the sentence names the one that decides."""
    page = write_report(mixed, tmp_path, {})
    for text in (page.read_text(), (page.parent / "report.md").read_text()):
        assert "bursty arrivals: 3 times that in bursts of 20.0 s, 10% of the time" in text
        assert "long: over(50ms) " in text
        assert "75.0%" in text
    assert answer_sentence(mixed).startswith("No: at 1 QPS on average over(50ms) of class long is 100.00%")
    with StringIO() as out:
        Console(file=out, width=80).print(run_tables(mixed))
        assert max(map(len, out.getvalue().splitlines())) <= 80
        assert "short: p99 < 30ms" in out.getvalue()


@pytest.fixture(scope="module")
def day() -> RunAnswer:
    """A day whose peak, at six in the evening, is more than its one worker can serve."""
    asked = {
        "name": "day",
        "sla": {"qps": 1, "objectives": ["p99 < 1h"]},
        "traffic": {"arrivals": "daily", "daily": {"low": "40%", "peak_hour": 18}, "candidates": 1, "replications": 3},
        "funnel": [{"name": "only", "cost": "700ms"}],
    }
    return run_scenario(parse_scenario(json.dumps(asked)))


def test_a_day_is_reported_by_five_minutes(day):
    """288 windows follow the load; the worst comes after the peak, when capacity is back and the backlog stops growing.

    The last hour is left out: a run of a fixed number of queries may end in it.
    """
    document = run_document(day, {})
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))
    windows = document["windows"]
    assert [one["from_s"] for one in windows] == [300.0 * w for w in range(288)]
    by_hour = np.array([one["qps"] for one in windows]).reshape(24, 12).mean(axis=1)
    expected = 1 + 0.6 * np.cos(2 * np.pi * (np.arange(24) + 0.5 - 18) / 24)
    assert (np.abs(by_hour - expected) < 4 * np.sqrt(expected / 3600 / 3))[:-1].all()
    relieved = 18 + math.acos((1 / 0.7 - 1) / 0.6) * 12 / math.pi
    assert abs(document["worst_window"]["from_s"] / 3600 - relieved) < 0.5
    assert document["worst_window"] == max(windows, key=lambda one: one["p99_ms"]["value"] or 0)


def test_a_day_is_drawn_and_its_worst_minutes_are_said(day, tmp_path):
    """The report holds the plot of the day, and page and tables name the worst five minutes."""
    page = write_report(day, tmp_path, {})
    assert (page.parent / "plots" / "day.png").exists()
    assert "Worst five minutes: from 20:" in page.read_text()
    with StringIO() as out:
        Console(file=out, width=80).print(run_tables(day))
        assert "Worst five minutes: from 20:" in out.getvalue()
