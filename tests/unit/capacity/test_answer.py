"""The maximum load against exact results, and the answers that are not a number."""

import json
import math

import pytest
from scipy.optimize import brentq

from simulator.capacity.answer import CapacityAnswer, find_capacity
from simulator.errors import InputError
from simulator.report.capacity_table import capacity_sentence
from simulator.report.document import capacity_document
from simulator.scenario.load import parse_scenario

STUDENT_19 = 2.0930  # the 97.5% point of Student's t with 19 degrees of freedom
EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}


def capacity(*objectives: str, replications: int = 10, queries: int = 20_000, **stage) -> CapacityAnswer:
    """The capacity of one stage of exponential services of mean 1 s, without merge."""
    asked = {
        "name": "queue",
        "sla": {"qps": 0.1, "objectives": list(objectives)},
        "traffic": {"candidates": 10, "queries": queries, "replications": replications},
        "funnel": [{"name": "s", "cost": EXPONENTIAL} | stage],
        "merge": {"fixed": "0s"},
    }
    return find_capacity(parse_scenario(json.dumps(asked)))


@pytest.mark.parametrize("limit", [10, 20])
def test_maximum_load_of_one_exponential_queue(limit):
    """M/M/1 with p99 <= T: the maximum is mu - ln(100) / T, within 4 standard errors that are under 1%."""
    most = capacity(f"p99 < {limit}s", replications=20, queries=40_000).maximum.qps
    error = (most.high - most.low) / 2 / STUDENT_19
    assert error < 0.01
    assert abs(most.value - (1 - math.log(100) / limit)) < 4 * error


def erlang_tail(load: float, workers: int, time: float) -> float:
    """P(T > time) in M/M/c with mean service 1 (Erlang C; Gross & Harris, Fundamentals of Queueing Theory, 3)."""
    blocked = load**workers / math.factorial(workers) / (1 - load / workers)
    waits = blocked / (sum(load**k / math.factorial(k) for k in range(workers)) + blocked)
    alone, behind = math.exp(-time), math.exp(-(workers - load) * time)
    return alone + waits * (alone - behind) / (workers - 1 - load)


def test_maximum_load_of_four_workers():
    """M/M/4 with p99 <= 8 s: the maximum is the root of Erlang's tail, within 4 standard errors that are under 1%."""
    exact = brentq(lambda load: erlang_tail(load, 4, 8.0) - 0.01, 3.01, 3.99)
    most = capacity("p99 < 8s", replications=20, queries=40_000, workers=4).maximum.qps
    error = (most.high - most.low) / 2 / STUDENT_19
    assert error < 0.01 * exact
    assert abs(most.value - exact) < 4 * error


def test_the_bound_is_workers_over_mean_service():
    """Two replicas of three workers of 1 s bear at most six queries a second."""
    answer = capacity("p99 < 10s", queries=500, replicas=2, workers=3)
    assert answer.maximum.bound_qps == pytest.approx(6.0)


def test_an_objective_missed_at_no_load_is_an_answer():
    """Where p99 is over the limit without any load the maximum is 0, with what would help."""
    answer = capacity("p99 < 2s", queries=2_000)
    assert (answer.maximum.outcome, answer.maximum.qps.value) == ("never", 0.0)
    assert "more shards" in capacity_sentence(answer)


def test_objectives_that_hold_all_the_way_are_an_answer():
    """Where nothing fails as far as a run can judge, that load is the answer, and the bound the end of its interval."""
    answer = capacity("error_rate < 1%", queries=2_000)
    maximum = answer.maximum
    assert (maximum.outcome, maximum.qps.value) == ("beyond", maximum.judged_qps)
    assert maximum.qps.high == maximum.bound_qps > maximum.judged_qps
    assert "full" in capacity_sentence(answer)


def test_the_strictest_objective_limits():
    """Of two objectives the one that fails at the lower load limits, and the maximum is its own."""
    both = capacity("p99 < 30s", "mean < 1.5s", queries=5_000)
    alone = capacity("mean < 1.5s", queries=5_000)
    assert both.limited_by == ("mean < 1.5s", "s")
    assert both.maximum.qps == alone.maximum.qps


def test_the_curve_rises_to_the_bound():
    """p99 rises along the curve, which runs through the answer and stays below the bound."""
    answer = capacity("p99 < 10s")
    tail = [point.p99.value for point in answer.curve]
    assert tail == sorted(tail)
    assert answer.maximum.qps.value in [point.qps for point in answer.curve]
    assert answer.curve[-1].qps < answer.maximum.bound_qps


def test_the_confirming_run_is_of_fresh_luck():
    """The confirmation ran at the answer with another seed, and its p99 is near the limit (within 10%)."""
    answer = capacity("p99 < 10s")
    assert answer.confirmation.plan.seed != 1
    assert answer.confirmation.plan.qps == answer.maximum.qps.value
    assert answer.confirmation.latency["p99"].value == pytest.approx(10, rel=0.1)


def test_nothing_promised_is_refused():
    """Without an objective there is no maximum; the error says what to add."""
    with pytest.raises(InputError, match="add objectives"):
        capacity()


def test_the_document_holds_what_was_found():
    """The document gives maximum, bound, limit and curve in queries a second and milliseconds."""
    answer = capacity("p99 < 10s", queries=2_000)
    document = json.loads(json.dumps(capacity_document(answer, {}), allow_nan=False))
    assert document["max_qps"]["value"] == answer.maximum.qps.value
    assert document["limited_by"] == {"objective": "p99 < 10s", "stage": "s"}
    assert document["curve"][0]["p99_ms"]["value"] == 1000 * answer.curve[0].p99.value
    assert document["floor_p99_ms"]["value"] == pytest.approx(4605, rel=0.1)
