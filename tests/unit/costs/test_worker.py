"""The measuring process: what it is asked, and that it never outlives whoever asked.

It starts the interpreter anew, so each test that needs one costs about a second.
"""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from simulator.costs.measure import CALLS_A_VISIT, LAWS, MERGE, MIN_CALLS, _rounds, _worker
from simulator.errors import SimulatorError

POINTS = [("logistic", 10), ("mlp", 10), (MERGE, 3)]

HOLDER = f"""
import sys, time
sys.path = {sys.path!r}
from multiprocessing import active_children
from simulator.costs.measure import _worker
if __name__ == "__main__":
    with _worker([], 0) as ask:
        ask([("merge", 1, 0)])
        print(active_children()[0].pid, flush=True)
        time.sleep(60)
"""


class Recorder:
    """Stands in for the worker: answers at once with the number of the call, and keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, burst, gap_s=0.0):
        """Answer a burst."""
        self.asked.append((burst, gap_s))
        return [float(number) for _, _, number in burst]


@pytest.fixture(scope="module")
def rounds():
    """Ask for as little as is ever asked: the recorder, and the calls that were kept."""
    recorder = Recorder()
    kept, complete = _rounds(recorder, POINTS, 0.0, np.random.default_rng(0), lambda *_: None)
    assert complete
    return recorder, kept


def gone(pid):
    """Whether a process ends within ten seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.1)
    return False


def test_every_point_gets_the_same_number_of_calls(rounds):
    """Without a budget each point and law still has 30 calls, none more."""
    _, kept = rounds
    assert {key: len(found) for key, found in kept.items()} == {
        (what, law, size): MIN_CALLS for what, size in POINTS for law in LAWS
    }


def test_busy_calls_come_as_one_burst_and_idle_ones_alone_after_a_gap(rounds):
    """A busy worker is given all calls of a visit at once; an idle one waits before each."""
    recorder, _ = rounds
    bursts = [(len(burst), gap_s > 0) for burst, gap_s in recorder.asked]
    assert set(bursts) == {(CALLS_A_VISIT + 1, False), (1, True)}


def test_the_first_call_of_a_visit_is_not_kept(rounds):
    """The call that finds another size's data in the caches is made and left out, by either law."""
    recorder, kept = rounds
    asked = defaultdict(set)
    for burst, gap_s in recorder.asked:
        for what, size, number in burst:
            asked[what, "idle" if gap_s else "busy", size].add(float(number))
    visits = MIN_CALLS // CALLS_A_VISIT
    for key, found in kept.items():
        assert len(asked[key] - set(found)) == visits
        assert min(asked[key]) not in found


def test_each_round_visits_every_point_in_an_order_of_its_own(rounds):
    """Points are interleaved: every round holds each of them once, and the rounds do not repeat one order."""
    recorder, _ = rounds
    visits = [burst[0][:2] for burst, gap_s in recorder.asked if not gap_s]
    orders = [tuple(visits[i : i + len(POINTS)]) for i in range(0, len(visits), len(POINTS))]
    assert all(sorted(order) == sorted(POINTS) for order in orders)
    assert len(set(orders)) > 1


def test_the_worker_times_inside_itself():
    """A merge of 1,000 lists takes longer than one of a single list, a gap before it not counted."""
    with _worker([], 0) as ask:
        few, many = (min(ask([(MERGE, lists, k) for k in range(20)])) for lists in (1, 1000))
        waited = ask([(MERGE, 1, 0)], gap_s=0.5)[0]
    assert 0 < few < many
    assert waited < 0.25
    assert not active_children()


def test_no_process_remains_after_an_interrupt():
    """Ctrl-C in the middle of measuring ends the worker process."""

    def interrupted():
        with _worker([], 0) as ask:
            ask([(MERGE, 1, 0)])
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not active_children()


def test_no_process_remains_after_an_error_while_it_starts():
    """An error before the worker has answered anything ends it as well."""

    def failing():
        with _worker([], 0):
            raise LookupError("stop")

    with pytest.raises(LookupError):
        failing()
    assert not active_children()


def test_a_worker_that_is_killed_is_noticed_at_once():
    """A worker taken away by the system is named with its exit code, within seconds."""
    began = time.monotonic()

    def bereft():
        with _worker([], 0) as ask:
            ask([(MERGE, 1, 0)])
            active_children()[0].kill()
            ask([(MERGE, 1, 0)])

    with pytest.raises(SimulatorError, match=r"ended early \(exit code -9\); is there enough memory"):
        bereft()
    assert time.monotonic() - began < 15


def test_a_worker_whose_parent_is_killed_ends(tmp_path):
    """A parent that can do nothing more, killed outright, leaves no worker behind."""
    script = tmp_path / "holder.py"
    script.write_text(HOLDER)
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert gone(worker)
