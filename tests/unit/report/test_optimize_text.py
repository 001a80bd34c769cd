"""An optimisation in a report."""

import json

import pytest

from simulator.capacity.optimize import optimize
from simulator.capacity.run import run_scenario
from simulator.report.build import Beside, write_report
from simulator.report.optimize_document import optimize_document
from simulator.report.optimize_text import optimize_rows, optimize_sentence, pick_sentence
from simulator.scenario.load import parse_scenario


def searched(tmp_path, **sla):
    """A small scenario and its frontier of four trials."""
    asked = {
        "name": "small",
        "question": "Is there a better one?",
        "sla": {"qps": 100} | sla,
        "traffic": {"candidates": 500, "queries": 300, "replications": 2},
        "funnel": [{"name": "a", "ranker": "two_tower", "keep": 50}, {"name": "b", "ranker": "mlp", "keep": 10}],
        "optimize": {"trials": 4},
    }
    scenario = parse_scenario(json.dumps(asked))
    return scenario, optimize(scenario, journal=tmp_path / "journal")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The frontier without prices and with an objective that is met."""
    return searched(tmp_path_factory.mktemp("found"), objectives=["p99 < 100ms"])


def test_the_report_shows_the_frontier(found, tmp_path):
    """Page and Markdown hold the plot, each point and the sentences; the document and the CSV are beside them."""
    scenario, answer = found
    folder = write_report(run_scenario(scenario), tmp_path, {}, Beside(frontier=answer)).parent
    for name in ("index.html", "report.md"):
        text = (folder / name).read_text()
        assert "Quality, latency and cost" in text
        assert all(row[2] in text for row in optimize_rows(answer))
    assert json.loads((folder / "optimize.json").read_text()) == json.loads(json.dumps(optimize_document(answer, {})))
    assert (folder / "plots" / "frontier.png").exists()
    lines = (folder / "frontier.csv").read_text().splitlines()
    assert len(lines) == 1 + sum(len(point.design) for point in answer.points)


def test_costs_are_workers_where_nothing_is_priced(found):
    """Without prices the sentence and the document count workers."""
    _, answer = found
    assert " workers;" in optimize_sentence(answer)
    assert optimize_document(answer, {})["cost"] == "workers"
    assert answer.points[0].cost == sum(one.shards * one.replicas * one.workers for one in answer.points[0].design)


def test_the_pick_is_named_only_where_an_sla_is_met(found, tmp_path):
    """With an SLA that is met the pick is told, with one that is missed that none meets it, without one nothing."""
    assert pick_sentence(found[1]).startswith("Cheapest that meets the SLA")
    assert pick_sentence(searched(tmp_path / "b", objectives=["p99 < 1us"])[1]) == "None of them surely meets the SLA."
    assert pick_sentence(searched(tmp_path / "c")[1]) == ""
