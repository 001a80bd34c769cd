"""Runs at the edge: nothing answered, exactly full, a handful of queries, users that wait, classes of unlike size."""

import json

import numpy as np
import pytest

from simulator.capacity.compare import compare
from simulator.capacity.run import run_scenario
from simulator.report.document import run_document
from simulator.report.sentence import answer_sentence
from simulator.scenario.grid import load_grid
from simulator.scenario.load import parse_scenario


def asked(traffic=None, stage=None, **sections):
    """An exponential 5 ms at 100 QPS."""
    return {
        "name": "odd",
        "sla": {"qps": 100},
        "traffic": {"candidates": 100, "queries": 300, "warmup": 0, "replications": 2} | (traffic or {}),
        "funnel": [{"name": "a", "cost": {"distribution": "exponential", "mean": "5ms"}} | (stage or {})],
        "merge": {"fixed": "0us", "per_shard": "0us"},
    } | sections


def run(traffic=None, stage=None, **sections):
    """The answer to it."""
    return run_scenario(parse_scenario(json.dumps(asked(traffic, stage, **sections))))


def test_a_run_in_which_nothing_is_answered_says_so():
    """With the only replica away throughout, every query fails and no latency is given."""
    answer = run(faults=[{"kind": "down", "stage": "a", "from": "0s", "for": "24h"}])
    assert answer.error_rate.value == 1
    assert np.isnan(answer.latency["mean"].value)
    assert "100.00% of the queries get no answer" in answer_sentence(answer)
    assert any("no measured query was answered" in warning for warning in answer.warnings)


def test_a_queue_offered_exactly_what_it_serves_is_saturated():
    """100 QPS of 10 ms leave one worker no rest: saturated however short the run, and no division by zero."""
    assert run(stage={"cost": "10ms"}).saturated == ("a",)


def test_the_latencies_of_some_come_with_the_share_of_the_rest():
    """Where half of the queries are refused, the sentence on the others says so, and the stage's times are theirs."""
    answer = run({"qps": 400, "queries": 5000}, {"queue_limit": 5})
    assert answer.error_rate.value > 0.4
    assert f"{answer.error_rate.value:.2%} of the queries get no answer" in answer_sentence(answer)
    stage = answer.stages[0]
    assert stage.latency.value == pytest.approx(answer.latency["mean"].value, rel=1e-9)
    assert stage.service.value == pytest.approx(0.005, rel=0.1)


def test_users_that_wait_have_the_rate_that_was_seen():
    """Twenty users who think for 20 ms could ask 1,000 times a second; one worker lets pass 200, and that is said."""
    answer = run({"arrivals": "closed", "users": 20, "think": "20ms", "queries": 2000})
    assert answer.offered_qps == pytest.approx(200, rel=0.05)
    assert "of 20 users" in answer_sentence(answer)
    assert run_document(answer, {})["offered_qps"] == answer.offered_qps


def test_users_that_wait_are_compared_without_a_search_of_the_maximum(tmp_path):
    """More users wait longer; there is no maximum QPS to search, and the objective is judged all the same."""
    text = asked({"arrivals": "closed", "users": 1, "think": "20ms"}, sla={"qps": 100, "objectives": ["p99 < 90ms"]})
    path = tmp_path / "odd.yaml"
    path.write_text(json.dumps(text))
    found = compare(load_grid(path, vary=["traffic.users=1,20"]))
    assert [row.maximum for row in found.rows] == [None, None]
    assert found.rows[0].tails < found.rows[1].tails


def test_theory_takes_all_classes_into_account():
    """Of queries of two sizes the mean wait by theory is near the simulated one, and no alarm is raised."""
    large, small = {"name": "x", "share": "30%", "candidates": 1000}, {"name": "y", "share": "70%", "candidates": 100}
    traffic = {"classes": [large, small], "queries": 20_000, "replications": 5}
    answer = run(traffic, {"cost": {"per_candidate": "0.009ms", "cv": 0.3}})
    waits = [check for check in answer.theory if check.quantity == "queue" and check.kind != "bound"]
    assert waits[0].value == pytest.approx(answer.stages[0].queue.value, rel=0.1)
    assert not any("by theory" in warning for warning in answer.warnings)


def test_a_handful_of_queries_does_not_break_littles_law():
    """One query at four shards is too short a run to hold Little's law against."""
    answer = run({"queries": 1, "candidates": 1}, {"shards": 4})
    assert not any("Little" in warning for warning in answer.warnings)


def test_hedges_past_the_deadline_are_named():
    """A hedge at the 95th percentile, 15 ms, never comes before a deadline of 2 ms: a warning says so."""
    answer = run(stage={"replicas": 2, "deadline": "2ms", "hedging": {"after": "p95"}})
    assert any(warning.startswith("stage a never hedges: p95 of a call") for warning in answer.warnings)
