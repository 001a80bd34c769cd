"""Ctrl-C in the middle of a run: what there is by then is the answer, and nothing that is not."""

import json
import os
import signal
import time

import pytest

from simulator.capacity.run import run_scenario
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.search import find_maximum
from simulator.costs.profile import load_profile
from simulator.engine import replications
from simulator.errors import Interrupted
from simulator.scenario.load import parse_scenario
from simulator.scenario.model import Scenario

QUERIES, BLOCK = 50_000, 1_000


def queue(count: int, queries: int = QUERIES) -> Scenario:
    """An exponential queue at 70% load in `count` replications."""
    asked = {
        "name": "queue",
        "sla": {"qps": 0.7, "objectives": ["p99 < 20s"]},
        "traffic": {"candidates": 1, "queries": queries, "replications": count, "warmup": 0},
        "funnel": [{"name": "s", "cost": {"distribution": "exponential", "mean": "1s"}}],
        "merge": {"fixed": "0s"},
    }
    return parse_scenario(json.dumps(asked))


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that runs a scenario with Ctrl-C at some progress and returns the answer by then."""
    monkeypatch.setattr(replications, "BLOCK", BLOCK)
    monkeypatch.setattr(replications, "threads", lambda: 1)

    def run(scenario: Scenario, when: float) -> RunAnswer:
        sent = []

        def on_progress(done: float, total: float) -> None:
            del total
            if done >= when and not sent:
                sent.append(done)
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)  # a slow block, so that the main thread hears of it before the run ends

        with pytest.raises(Interrupted) as ended:
            run_scenario(scenario, on_progress=on_progress)
        return ended.value.found

    return run


def test_the_replications_that_ended_are_the_answer(interrupted):
    """Interrupted in its sixth replication of a hundred, a run answers with whole ones, the same as without."""
    answer = interrupted(queue(100), 5.5)
    assert not answer.complete
    assert 5 <= answer.plan.replications < 100
    assert answer.plan.queries == QUERIES
    twin = run_scenario(queue(answer.plan.replications))
    assert answer.latency == twin.latency
    assert answer.warnings[0] == f"interrupted: these are {answer.plan.replications} of 100 replications"


def test_the_first_queries_are_the_answer_of_a_lone_replication(interrupted):
    """Interrupted at a tenth of its one replication, a run answers with the queries up to there."""
    answer = interrupted(queue(1, 1_000_000), 0.1)
    assert 100_000 <= answer.plan.queries < 1_000_000
    assert answer.plan.queries % BLOCK == 0
    assert answer.conservation.arrived == answer.plan.queries
    assert answer.latency == run_scenario(queue(1, answer.plan.queries)).latency
    assert answer.warnings[0].startswith(f"interrupted: this is the first {answer.plan.queries:,} of 1,000,000 queries")


def test_before_anything_is_measured_there_is_no_answer(monkeypatch):
    """Interrupted in the warm-up, a run ends as a plain Ctrl-C."""
    scenario = queue(1)
    scenario = scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"warmup": QUERIES})})
    monkeypatch.setattr(replications, "BLOCK", BLOCK)

    sent = []

    def at_once(done: float, total: float) -> None:
        del total
        if not sent:
            sent.append(done)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)  # a slow block, as above

    with pytest.raises(KeyboardInterrupt) as ended:
        run_scenario(scenario, on_progress=at_once)
    assert not isinstance(ended.value, Interrupted)


def test_a_search_answers_with_the_replications_that_it_has_searched():
    """Interrupted, a search for the maximum gives that of the replications searched by then, the same as without."""
    steps = []

    def on_step() -> None:
        steps.append(1)
        if len(steps) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted) as ended:
        find_maximum(queue(1_000, 2_000), load_profile("default"), on_step=on_step)
    roots = ended.value.found.roots
    assert 2 <= len(roots) < 1_000
    assert roots == find_maximum(queue(len(roots), 2_000), load_profile("default")).roots
