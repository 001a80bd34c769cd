"""Replications added until the interval is tight, and how many a verdict still needs."""

import json

from simulator.capacity.run import run_scenario
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.sampling import Until
from simulator.scenario.load import parse_scenario


def run(until: Until | None, objective: str = "p99 < 20s", replications: int = 4) -> RunAnswer:
    """A short run of one exponential queue at 70% load."""
    asked = {
        "name": "queue",
        "sla": {"qps": 0.7, "objectives": [objective]},
        "traffic": {"candidates": 1, "queries": 2_000, "replications": replications},
        "funnel": [{"name": "s", "cost": {"distribution": "exponential", "mean": "1s"}}],
        "merge": {"fixed": "0s"},
    }
    return run_scenario(parse_scenario(json.dumps(asked)), until=until)


def test_replications_are_added_until_the_interval_is_tight():
    """--until 4% ends with the p99 known to 4%, after more replications than the scenario's four."""
    answer = run(Until(0.04, 400))
    assert answer.latency["p99"].relative_half <= 0.04
    assert 4 < answer.plan.replications < 400
    assert len(answer.summaries) == answer.plan.replications


def test_the_first_replications_stay_what_they_were():
    """Added replications change none of those that were there."""
    few, many = run(None), run(Until(0.04, 400))
    assert [one.latency for one in few.summaries] == [one.latency for one in many.summaries[:4]]


def test_the_budget_ends_it():
    """Where the budget is too small the run ends at it, and its interval says how wide it still is."""
    answer = run(Until(0.001, 9))
    assert answer.plan.replications == 9
    assert answer.latency["p99"].relative_half > 0.001


def test_an_undecided_objective_says_how_many_more():
    """An inconclusive verdict comes with a number of replications, and that many settle it."""
    answer = run(None, "p99 < 16.2s", replications=5)
    undecided = answer.judged[0]
    assert undecided.verdict == "inconclusive"
    settled = run(None, "p99 < 16.2s", replications=5 + 4 * undecided.more_replications)
    assert settled.verdict != "inconclusive"
