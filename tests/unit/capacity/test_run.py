"""Runs whose traffic is mixed or unsteady: what is judged on which queries, and what a reader is warned of."""

import json

import numpy as np
import pytest

from simulator.capacity.answer import find_capacity
from simulator.capacity.run import run_scenario
from simulator.report.sentence import answer_sentence
from simulator.scenario.load import parse_scenario

CLASSES = [
    {"name": "short", "share": "80%", "candidates": 1, "objectives": ["p99 < 30ms", "error_rate < 1%"]},
    {"name": "long", "share": "20%", "candidates": 20, "objectives": ["p50 < 100ms"]},
]


def scenario(sla=(), stage=None, **traffic):
    """One stage that takes 10 ms a candidate, at one query a second unless said otherwise."""
    asked = {
        "name": "mixed",
        "sla": {"qps": 1, "objectives": list(sla)},
        "traffic": {"replications": 5, "queries": 4_000, **traffic},
        "funnel": [{"name": "s", "cost": {"per_candidate": "10ms"}} | (stage or {})],
        "merge": {"fixed": "0s"},
    }
    return parse_scenario(json.dumps(asked))


def test_a_class_is_judged_on_its_own_queries():
    """With workers enough a short query takes 10 ms and a long one 200 ms, whatever the other class does."""
    answer = run_scenario(scenario(["mean < 60ms"], {"workers": 50}, classes=CLASSES))
    short, long = answer.classes
    assert (short.latency["p99"].value, long.latency["p50"].value) == pytest.approx((0.01, 0.2))
    assert [(one.objective.text, one.verdict, name) for one, name in answer.all_judged] == [
        ("mean < 60ms", "met", ""),
        ("p99 < 30ms", "met", "short"),
        ("error_rate < 1%", "met", "short"),
        ("p50 < 100ms", "missed", "long"),
    ]
    assert answer.verdict == "missed"


def test_classes_add_up_to_all():
    """Weighted by their numbers of queries, the classes' means are the mean of all."""
    answer = run_scenario(scenario(classes=CLASSES))
    for summary in answer.summaries:
        short, long = (one.latency["mean"] for one in summary.classes)
        share = (summary.latency["mean"] - short) / (long - short)
        assert 0.15 < share < 0.25
        assert share * 4_000 == pytest.approx(round(share * 4_000), abs=1e-6)


def test_the_maximum_load_keeps_the_promises_to_each_class():
    """The search stops where a class misses its own objective, and says which."""
    slack = find_capacity(scenario(["p99 < 10s"], classes=[one | {"objectives": []} for one in CLASSES]))
    strict = find_capacity(scenario(["p99 < 10s"], classes=[CLASSES[0] | {"objectives": ["p90 < 100ms"]}, CLASSES[1]]))
    assert strict.maximum.qps.high < slack.maximum.qps.low / 2
    only = find_capacity(
        scenario(classes=[CLASSES[0] | {"objectives": ["p90 < 150ms"]}, CLASSES[1] | {"objectives": []}])
    )
    assert only.limited_by[0] == "p90 < 150ms of class short"


def test_too_few_queries_of_a_class_are_no_verdict():
    """A percentile that a rare class has too few queries for is inconclusive, and said."""
    rare = [CLASSES[0] | {"share": "99.9%"}, CLASSES[1] | {"share": "0.1%", "objectives": ["p99.9 < 1s"]}]
    answer = run_scenario(scenario(classes=rare))
    assert answer.verdict == "inconclusive"
    assert any(warning.startswith("too few queries of class long for p99.9 < 1s") for warning in answer.warnings)


DAY = {"arrivals": "daily", "daily": {"low": "40%", "peak_hour": 20}, "candidates": 1, "replications": 2}


def test_a_day_overloaded_at_its_peak_is_no_saturated_system():
    """The backlog of the peak drains: its longest wait is the fluid limit's, and a warning names hour and load."""
    rate, service = 1.0, 1 / 1.4
    answer = run_scenario(scenario(stage={"cost": f"{service!r}s"}, **DAY | {"qps": rate, "queries": 120_000}))
    assert answer.saturated == ()
    assert any("at the day's peak, 20:00, stage s is offered 114%" in warning for warning in answer.warnings)
    onset = np.arccos(0.4 / 0.6)  # the rate crosses capacity this long before and after the peak, in radians of a day
    backlog = 2 * 86400 / (2 * np.pi) * (0.6 * np.sin(onset) - 0.4 * onset)
    arrived = 1.4 * 2 * onset * 86400 / (2 * np.pi)  # while it grows, about; Poisson, so of this variance
    error = np.sqrt(arrived / answer.plan.replications)
    assert abs(answer.latency["max"].value / service - backlog) < 4 * error


def test_a_burst_beyond_capacity_is_warned_of():
    """Bursts at twice a mean load of 60% leave a backlog, and a run of steady arrivals at that load says nothing."""
    bursty = {"burst_factor": 2, "burst_share": "10%", "mean_burst": "5s"}
    stage = {"cost": "600ms"}
    warned = run_scenario(scenario(stage=stage, candidates=1, arrivals="bursty", bursty=bursty)).warnings
    assert any("during a burst stage s is offered 120%" in warning for warning in warned)
    steady = run_scenario(scenario(stage=stage, candidates=1)).warnings
    assert not any("is offered" in warning for warning in steady)


def test_every_query_of_a_trace_counts(tmp_path):
    """A trace is measured whole, from an empty system on, in every replication the same arrivals."""
    file = tmp_path / "times.txt"
    file.write_text("\n".join(str(0.5 * i) for i in range(3_000)))
    trace = {"arrivals": "trace", "trace": {"file": str(file)}, "candidates": 1}
    text = {"name": "t", "traffic": trace | {"replications": 3}, "funnel": [{"name": "s", "cost": "750ms"}]}
    answer = run_scenario(parse_scenario(json.dumps(text)))
    assert (answer.plan.queries, answer.plan.warmup, answer.plan.qps) == (3_000, 0, 2.0)
    assert answer.saturated == ("s",)


def test_a_stage_is_as_busy_as_its_busiest_shard():
    """One slow shard of ten is 80% busy where the others are 20%: it is what a run names, and what sets the bound."""
    slow = {"kind": "slow", "stage": "s", "shards": [3], "factor": 4}
    asked = {
        "name": "a",
        "traffic": {"qps": 20, "candidates": 10, "queries": 5_000},
        "funnel": [{"name": "s", "shards": 10, "cost": "10ms"}],
        "faults": [slow],
    }
    answer = run_scenario(parse_scenario(json.dumps(asked)))
    stage = answer.stages[0]
    assert stage.busiest_shard == 3
    found = [one.stages[0].by_shard[3] for one in answer.summaries]
    assert abs(stage.busiest.value - 0.8) < 4 * np.std(found, ddof=1) / np.sqrt(len(found))
    assert stage.utilization.value == pytest.approx(stage.busiest.value * (4 + 9) / 40)
    assert "shard 3 of stage s is the busiest, at 80% of its capacity" in answer_sentence(answer)


def test_little_s_law_counts_queries_that_fail():
    """Half of the queries are given up, and are in the system until they are: no complaint, and L = lambda W."""
    answer = run_scenario(scenario(stage={"deadline": "15ms", "on_deadline": "fail"}, qps=50, candidates=1))
    assert answer.error_rate.value > 0.1
    assert answer.little.value == pytest.approx(answer.in_system.value, rel=0.01)
    assert not [warning for warning in answer.warnings if "Little" in warning]


def test_the_curve_stops_soon_past_the_answer_where_requests_are_repeated():
    """Hedges double the load that the bound is about; beyond the answer the run would only pile up a backlog."""
    found = find_capacity(
        scenario(
            ["p99 < 60ms"],
            {"replicas": 2, "hedging": {"after": "5ms"}, "cost": {"distribution": "exponential", "mean": "10ms"}},
            candidates=1,
            replications=2,
        )
    )
    last = found.curve[-1].qps
    assert found.maximum.qps.value < last < 1.15 * found.maximum.qps.value < 0.9 * found.maximum.bound_qps
