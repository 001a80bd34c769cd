"""Measuring a ranker that the user brings."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.costs.measure import _worker
from simulator.costs.own_calls import OwnCalls
from simulator.costs.profile import load_profile
from simulator.data.world import make_world
from simulator.engine.resolve import resolve
from simulator.errors import InputError
from simulator.rankers.own import OwnRanker
from simulator.scenario.load import parse_scenario

SIMULATOR = Path(sys.executable).parent / "simulator"
MODULE = """
import time
import numpy as np

print("loading")

class Millisecond:
    def score(self, query, candidates):
        time.sleep(0.001)
        return np.arange(len(candidates))

class Nan:
    def score(self, query, candidates):
        return np.full(len(candidates), np.nan)
"""

SLOW_EXAMPLES = """
import time

class Slow:
    def example(self, n, number):
        time.sleep(0.05)
        return 0, [0] * n

    def score(self, query, candidates):
        return candidates
"""


class Recorder:
    """Keeps what it is asked to score, and says that the last candidate is the best."""

    def __init__(self):
        self.seen = []

    def score(self, query, candidates):
        """Return rising scores."""
        self.seen.append((query, candidates))
        return np.arange(len(candidates))


@pytest.fixture(scope="module")
def world():
    """Return a small world."""
    return make_world(users=20, items=30, seed=0)


def test_a_ranker_without_examples_is_given_columns_of_a_world(world):
    """It is given one user's columns and as many items' as asked for, in single precision, others each time."""
    recorder = Recorder()
    calls = OwnCalls(OwnRanker("mine:Mine", recorder), world, keep=2)
    for number in (0, 1):
        calls.prepare(50, number)
        assert calls(50, number).tolist() == [49, 48]
    (first, some), (second, others) = recorder.seen
    assert first.shape == (10,)
    assert some.shape == (50, 12)
    assert some.dtype == first.dtype == np.float32
    assert not np.array_equal(first, second)
    assert not np.array_equal(some, others)


def test_a_ranker_with_examples_is_given_its_own(world):
    """What example(n, number) returns is what is scored."""
    recorder = Recorder()
    recorder.example = lambda n, number: (f"query {number}", list(range(n)))
    calls = OwnCalls(OwnRanker("mine:Mine", recorder), world, keep=2)
    calls.prepare(3, 8)
    calls(3, 8)
    assert recorder.seen == [("query 8", [0, 1, 2])]


def test_making_examples_is_not_timed(tmp_path, monkeypatch):
    """A ranker that takes 50 ms to make an example and none to score it is measured at under 25 ms."""
    (tmp_path / "slow_examples.py").write_text(SLOW_EXAMPLES)
    monkeypatch.chdir(tmp_path)
    with _worker(["slow_examples:Slow"], 0) as ask:
        ask([("slow_examples:Slow", 10, 0)])
        began = time.monotonic()
        seconds = min(ask([("slow_examples:Slow", 10, number) for number in range(5)]))
        assert time.monotonic() - began > 0.25
    assert seconds < 0.025


def calibrate(folder, ranker, *options):
    """Run `simulator calibrate` in a folder."""
    command = [SIMULATOR, "calibrate", ranker, "--budget", "2s", "--out", "mine.json", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)


def test_an_own_ranker_is_calibrated_and_a_scenario_takes_its_cost(tmp_path):
    """A ranker that sleeps for a millisecond is measured, and a stage that names it costs what was measured."""
    (tmp_path / "their_rankers.py").write_text(MODULE)
    done = calibrate(tmp_path, "their_rankers:Millisecond", "--json")
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)["profile"]["rankers"]) == ["their_rankers:Millisecond"]
    profile = load_profile(str(tmp_path / "mine.json"))
    assert 1e-3 < profile.rankers["their_rankers:Millisecond"].busy.curve.at(1) < 3e-3
    stage = {"name": "rank", "ranker": "their_rankers:Millisecond"}
    asked = {"name": "own", "traffic": {"qps": 1, "candidates": 10}, "funnel": [stage]}
    assert resolve(parse_scenario(json.dumps(asked)), profile).sources == ("measured",)


def test_a_bad_answer_ends_calibration_with_one_message(tmp_path):
    """NaN scores are told with the ranker and the query, without a traceback, exit code 2 and nothing written."""
    (tmp_path / "their_rankers.py").write_text(MODULE)
    done = calibrate(tmp_path, "their_rankers:Nan")
    assert done.returncode == 2
    assert "their_rankers:Nan, query 0 of 1 candidates: expected 1 scores" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mine.json").exists()


def test_an_own_ranker_that_was_not_measured_says_how_to(tmp_path):
    """A scenario's own ranker without a cost names the command that measures it with the scenario's others."""
    funnel = [{"name": "retrieve", "ranker": "two_tower", "keep": 5}, {"name": "rank", "ranker": "their_rankers:Mine"}]
    asked = {"name": "own", "traffic": {"qps": 1, "candidates": 10}, "funnel": funnel}
    command = "simulator calibrate two_tower their_rankers:Mine --out profile.json"
    with pytest.raises(InputError, match=f"got 'their_rankers:Mine'; measure it with `{command}` and say `costs: "):
        resolve(parse_scenario(json.dumps(asked)), load_profile("default"))
