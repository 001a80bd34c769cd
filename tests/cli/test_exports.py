"""What other tools read: JUnit, HdrHistogram, OpenMetrics, trace events; and a check that fails a pull request."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

SLOW = {
    "name": "small",
    "traffic": {"candidates": 100, "queries": 2_000, "replications": 5},
    "funnel": [{"name": "first", "shards": 2, "cost": {"distribution": "exponential", "mean": "4ms"}}],
}


def test_junit_has_a_case_an_objective(simulator, small, tmp_path):
    """A met objective is a case that passes, a missed one a failure with its estimate."""
    path = small(sla={"qps": 100, "objectives": ["p99 < 50ms", "p50 < 1us"]})
    assert simulator("run", path, "--junit", tmp_path / "junit.xml", "-q").code == 3
    suite = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314  our own
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    met, missed = suite.findall("testcase")
    assert met.find("failure") is None
    assert missed.find("failure").get("message").startswith("p50 < 1us: missed")


def test_hgrm_ends_at_the_slowest_and_counts_all(simulator, small, tmp_path):
    """Percentiles rise to 100% and the total of all replications, and p99's line holds the run's p99."""
    outcome = simulator("run", small(), "--json", "-q", "--hgrm", tmp_path / "run.hgrm")
    lines = [line.split() for line in (tmp_path / "run.hgrm").read_text().splitlines() if line and line[0] != "#"][1:]
    values, levels, counts = (np.array([float(line[i]) for line in lines]) for i in range(3))
    assert (np.diff(values) >= 0).all()
    assert (np.diff(levels) > 0).all()
    assert (levels[-1], counts[-1]) == (1.0, 1_500)
    near = np.interp(0.99, levels, values)
    assert near == pytest.approx(outcome.document["latency_ms"]["p99"]["value"], rel=0.1)


def test_openmetrics_is_read_by_its_own_parser(simulator, small, tmp_path):
    """Prometheus's parser reads the file, and finds latency, load and the objective."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="the extra serve is not installed")
    simulator("run", small(), "-q", "--openmetrics", tmp_path / "run.txt")
    families = {
        family.name: family for family in parser.text_string_to_metric_families((tmp_path / "run.txt").read_text())
    }
    assert set(families) == {"simulated_latency_seconds", "simulated_utilization_ratio", "simulated_objective_met"}
    assert families["simulated_objective_met"].samples[0].value == 1
    assert "0.99" in {sample.labels["quantile"] for sample in families["simulated_latency_seconds"].samples}


def test_trace_events_hold_every_request(simulator, small, tmp_path):
    """Each of the first 500 queries has its stage and its three services, inside the stage's span."""
    simulator("run", small(), "-q", "--trace-events", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    stages = {event["tid"]: event for event in events if event["ph"] == "X" and event["pid"] == 0}
    served = [event for event in events if event["name"] == "served"]
    assert len(stages) == 500
    assert len(served) == 1_500
    for event in served:
        stage = stages[event["args"]["query"]]
        assert stage["ts"] - 1e-3 <= event["ts"] <= event["ts"] + event["dur"] <= stage["ts"] + stage["dur"] + 1e-3


def test_check_sla_fails_the_change_that_costs_queries(simulator, tmp_path):
    """Against an earlier maximum, a ranker that is 20% slower fails with the QPS that it cost; the same one passes."""
    path, baseline = tmp_path / "small.yaml", tmp_path / "baseline.json"
    path.write_text(json.dumps(SLOW | {"sla": {"qps": 50, "objectives": ["p99 < 50ms"]}}))
    baseline.write_text(simulator("capacity", path, "--json", "-q").stdout)
    same = simulator("check", path, "--sla", "--baseline", baseline)
    assert same.code == 0
    assert "no worse beyond luck" in same.stdout
    slower = ("--set", "funnel.first.cost.mean=4.8ms", "--junit", tmp_path / "junit.xml")
    worse = simulator("check", path, "--sla", "--baseline", baseline, *slower)
    assert worse.code == 3
    assert "worse beyond luck" in worse.stdout
    assert " QPS, -" in worse.stdout
    assert ET.parse(tmp_path / "junit.xml").getroot().get("failures") == "1"  # noqa: S314  our own


@pytest.mark.parametrize(
    "content", ["", "{}", '{"command": "run"}', '{"command": "capacity", "max_qps": {"value": null}}']
)
def test_a_baseline_that_is_none_is_said(simulator, small, tmp_path, content):
    """Anything but an earlier capacity's document is one message, exit code 2."""
    (tmp_path / "baseline.json").write_text(content)
    outcome = simulator("check", small(), "--sla", "--baseline", tmp_path / "baseline.json")
    assert outcome.code == 2
    assert "baseline.json" in outcome.stderr


def test_a_baseline_needs_the_sla(simulator, small, tmp_path):
    """Without --sla there is nothing to compare, which is said."""
    outcome = simulator("check", small(), "--baseline", tmp_path / "baseline.json")
    assert outcome.code == 2
    assert "add it" in outcome.stderr
