"""A funnel of real processes: what it answers, and what becomes of it when one of them dies."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from simulator.scenario.model import Scenario
from simulator.serving.fleet import fleet
from simulator.serving.funnel import served_funnel
from simulator.serving.load import observe, offer, overload
from tests.oracles.processes import all_gone

CONSTANT = {"distribution": "constant", "mean": "2ms"}


def funnel(*stages, candidates=100):
    """A funnel of stages, served in full."""
    funnel = [{"name": f"stage-{i}"} | stage for i, stage in enumerate(stages)]
    traffic = {"candidates": candidates, "qps": 10}
    return served_funnel(Scenario.model_validate({"name": "it", "traffic": traffic, "funnel": funnel}), 8)


def answers_of(broker, count):
    """The next answers of a broker, within ten seconds."""
    found, end = [], time.perf_counter() + 10
    while len(found) < count and time.perf_counter() < end:
        found += broker.turn(time.perf_counter() + 0.05)
    assert len(found) == count
    return found


def test_the_best_of_all_shards_are_kept_and_ranked_again():
    """Two shards of a real ranker, a second stage of another: 20 of 200, then 5 of those 20, no one twice."""
    asked = funnel({"ranker": "logistic", "shards": 2, "keep": 20}, {"ranker": "logistic", "keep": 5}, candidates=200)
    with fleet(asked) as running:
        broker = running.broker
        broker.submit(3, 200, time.perf_counter(), (0, 0))
        broker.submit(3, 200, time.perf_counter())
        first, both = sorted(answers_of(broker, 2))
    assert len(set(first.ids.tolist())) == 20
    assert len(both.ids) == 5
    assert set(both.ids.tolist()) <= set(first.ids.tolist())
    assert both.coverage == 1.0


def test_queries_wait_for_one_another_and_latency_counts_from_the_intended_moment():
    """Ten queries at one moment, 2 ms each: the last takes 20 ms, although nobody was late to ask."""
    with fleet(funnel({"cost": CONSTANT})) as running:
        found = offer(running, np.full(10, 0.01), np.full(10, 100), np.random.default_rng(0))
    assert found.latency.min() >= 0.002
    assert found.latency.max() >= 0.020
    assert (np.diff(np.sort(found.latency)) >= 0.0019).all()


def test_what_is_observed_is_what_calls_take():
    """Calls that keep a core busy for 2 ms take that, where nobody else has the core; and no more comes out."""
    rng = np.random.default_rng(0)
    with fleet(funnel({"cost": CONSTANT})) as running:
        seen = observe(running, 250, 0.5, 2.0, rng)  # so long that some calls meet nobody on a busy machine
        most = overload(running, 1000, 1.0, rng)
        short = overload(running, 1000, 0.001, rng)  # so short that it has ended before anything comes out
    for waited in (True, False):
        seconds = [c.ended - (c.received if waited else c.before) for c in seen.calls if c.waited == waited]
        assert min(seconds) == pytest.approx(0.002, rel=0.1)
        assert min(seconds) >= 0.002
    assert 50 < most <= 500
    assert 50 < short <= 510


def test_a_worker_that_dies_fails_its_request_alone():
    """Of three requests the first dies with the worker; its heir answers the others, and the counters say so."""
    with fleet(funnel({"cost": {"distribution": "constant", "mean": "300ms"}})) as running:
        broker = running.broker
        tickets = [broker.submit(0, 100, time.perf_counter()) for _ in range(3)]
        broker.turn(time.perf_counter() + 0.1)
        os.kill(running.pids[0], signal.SIGKILL)
        found, end = {}, time.perf_counter() + 20
        while len(found) < 3 and time.perf_counter() < end:
            running.look_after()
            found |= {answer.ticket: answer for answer in broker.turn(time.perf_counter() + 0.05)}
        counters = broker.counters[0]
    assert [found[ticket].ids is None for ticket in tickets] == [True, False, False]
    assert (counters.restarts, counters.failed, counters.requests) == (1, 1, 3)


def test_no_worker_outlives_whoever_started_it():
    """After kill -9 of the parent its workers are gone within seconds."""
    script = """
import sys, time
from simulator.scenario.model import Scenario
from simulator.serving.fleet import fleet
from simulator.serving.funnel import served_funnel
cost = {"distribution": "constant", "mean": "1ms"}
traffic = {"candidates": 10, "qps": 1}
asked = {"name": "it", "traffic": traffic, "funnel": [{"name": "a", "cost": cost, "shards": 2}]}
if __name__ == "__main__":
    with fleet(served_funnel(Scenario.model_validate(asked), 2)) as running:
        print(*running.pids, flush=True)
        time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert len(pids) == 2
    assert all_gone(pids)
