"""Measuring for real, with small budgets."""

import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.costs.measure import LAWS, MERGE, MIN_CALLS, _affordable, _costs, _serve, _worker, measure
from simulator.costs.profile import load_profile
from simulator.errors import SimulatorError

SIMULATOR = Path(sys.executable).parent / "simulator"


@pytest.fixture(scope="module")
def measured():
    """The linear ranker measured within two seconds, and the progress that was reported."""
    seen = []
    return measure(["logistic"], 2.0, on_progress=lambda done, total, note: seen.append((done, total, note))), seen


def test_every_point_has_enough_calls(measured):
    """At every size that is reported, each law has at least 30 calls, all longer than nothing."""
    found, _ = measured
    assert {(what, law) for what, law, _ in found.seconds} == {(w, law) for w in ("logistic", MERGE) for law in LAWS}
    for seconds in found.seconds.values():
        assert seconds.size >= MIN_CALLS
        assert seconds.min() > 0


def test_work_is_that_of_the_largest_call_and_within_what_the_machine_can_do(measured):
    """14 columns of the item and the pair: 30 operations and 17 to compare, 48 bytes; no call passes a ceiling."""
    found, _ = measured
    busy = found.times("logistic", "busy")
    largest = max(busy)
    assert found.work == {"logistic": (largest * (2 * 14 + 1 + 2 * 8 + 1 + 2), largest * 4 * 12)}
    for amount, ceiling in zip(found.work["logistic"], found.ceilings, strict=True):
        assert 0 < amount / np.median(busy[largest]) < ceiling


def test_sizes_beyond_the_budget_are_named(measured):
    """Two seconds do not suffice for a million candidates, which is said."""
    assert ("logistic", 1_000_000) in measured[0].left_out


def test_more_candidates_take_longer(measured):
    """A call of the most candidates that the budget allows takes longer than one of 100, of 10,000 over three times."""
    busy = measured[0].times("logistic", "busy")
    most = max(busy)
    assert most >= 1_000
    ratio = sorted(busy[most])[len(busy[most]) // 2] / sorted(busy[100])[len(busy[100]) // 2]
    assert ratio > (3 if most >= 10_000 else 1.2)


def test_progress_rises_to_the_budget(measured):
    """Progress starts at nothing, never falls and ends at the budget."""
    spent = [done for done, _, _ in measured[1]]
    assert spent == sorted(spent)
    assert (spent[0], spent[-1]) == (0, 2.0)


def test_the_longest_calls_are_dropped_first():
    """Where the budget does not suffice for all sizes, the cheap ones stay."""
    cost = {("a", 1): 1e-5, ("a", 1000): 1e-3, ("a", 1_000_000): 1.0}
    assert _affordable(cost, 5.0) == [("a", 1), ("a", 1000)]


def test_sizes_beyond_the_first_that_takes_too_long_are_not_tried():
    """A ranker whose 1,000 candidates alone exceed the budget is never asked for 1,000,000, others are."""
    asked = []

    def ask(calls):
        asked.append(calls[0][:2])
        return [call[1] * (1e-3 if call[0] == "dear" else 1e-9) for call in calls]

    points = [(what, size) for what in ("dear", "cheap") for size in (1, 1000, 1_000_000)]
    cost = _costs(ask, points, 5.0)
    assert asked == list(cost) == [("dear", 1), ("dear", 1000), ("cheap", 1), ("cheap", 1000), ("cheap", 1_000_000)]


def served(monkeypatch, calls):
    """Return what the worker answers to `calls`, served in a thread so that it can be given a fake ranker."""
    here, there = multiprocessing.Pipe()
    monkeypatch.setattr("simulator.costs.measure._callables", lambda rankers, seed: {"fake": busy_for})

    def work():
        with there:  # a worker that fails ends the pipe, and the test
            _serve([], 0, there)

    worker = threading.Thread(target=work)
    worker.start()
    for call in calls:
        here.send(call)
    answers = [here.recv() for _ in calls]
    here.close()  # the end of the pipe ends the worker
    worker.join()
    gc.unfreeze()  # the worker froze what was no longer its own process's
    return answers


def busy_for(size, number):
    """Compute for `size` microseconds and no less."""
    del number
    ends = time.perf_counter() + size * 1e-6
    while time.perf_counter() < ends:
        pass


def test_a_known_cost_is_measured(monkeypatch):
    """Calls that compute for 0.5, 1 and 2 ms are answered one by one with those times.

    None is shorter: the clock starts before the call. The quickest of forty is 5% longer at most; others may be more,
    where the machine gives the core to someone else, as it may after some milliseconds.
    """
    sizes = [500, 1000, 2000] * 40
    seconds = np.array(served(monkeypatch, [("fake", size, k) for k, size in enumerate(sizes)])).reshape(-1, 3)
    expected = np.array([0.5e-3, 1e-3, 2e-3])
    assert (seconds >= expected).all()
    assert (seconds.min(axis=0) <= 1.05 * expected).all()


def test_no_process_remains_after_an_error():
    """An error while measuring ends the worker process."""

    def fail() -> None:
        with _worker([], 0) as ask:
            assert len(ask([(MERGE, 1, 0)])) == 1
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert not multiprocessing.active_children()


def test_a_worker_that_dies_is_noticed():
    """If the worker process dies, measuring ends with a clear error instead of waiting for ever."""
    with pytest.raises(SimulatorError, match="ended early"), _worker([], 0) as ask:
        ask([("no such ranker", 1, 0)])


def test_calibrate_writes_a_profile(tmp_path):
    """The command with a small budget writes a profile that loads, and prints it as one JSON document."""
    path = tmp_path / "mine.json"
    done = subprocess.run(
        [SIMULATOR, "calibrate", "logistic", "--budget", "2s", "--out", path, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert load_profile(str(path)).name == "mine"
    assert json.loads(done.stdout)["profile"]["name"] == "mine"


def test_ctrl_c_writes_nothing(tmp_path):
    """Ctrl-C while calibrating exits with 130, leaves no file and no process behind."""
    path = tmp_path / "mine.json"
    process = subprocess.Popen(
        [SIMULATOR, "calibrate", "--out", path], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert not list(tmp_path.iterdir())
    ended = time.monotonic() + 5  # the process that cleans up after all others is the last to go
    while _alive(process.pid):
        assert time.monotonic() < ended, "a process is left behind"
        time.sleep(0.1)


def _alive(group: int) -> bool:
    """Whether any process of a group is left; signal 0 only asks."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
