"""The bias loop at the sizes of a product: speed and memory of its steps, and whether its estimate of memory holds."""

import json
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.bias.loop import run_arm
from tests.benchmarks.test_speed import ROOT, note
from tests.loops import asked

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
MILLION = {"users": 1_000_000, "items": 100_000, "exploration": 0.05, "replications": 1}

PEAK = """
import json, pathlib, sys, tempfile
from simulator.bias.answer import find_bias
from simulator.bias.setup import bytes_of
from simulator.scenario.load import load_study

def peak_of(bias):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({"name": "memory", "bias": bias}, file)
        file.flush()
        study = load_study(file.name)
    find_bias(study)
    status = pathlib.Path("/proc/self/status").read_text()  # getrusage would begin with what the parent had
    return 1024 * int(status.split("VmHWM:")[1].split()[0]), study.bias

bias = json.loads(sys.argv[1])
before, _ = peak_of(bias | {"users": 50, "items": 60, "replications": 1})
after, asked = peak_of(bias)
print(after, after - before, bytes_of(asked, asked.users, asked.items))
"""


def step_seconds(**bias) -> list[float]:
    """Wall time of each step of the only policy, without measures."""
    policy, setting = asked(**bias)
    ends = [time.perf_counter()]
    run_arm(policy, setting, lambda: ends.append(time.perf_counter()), measured=False)
    return [end - begin for begin, end in pairwise(ends)]


def memory(bias: dict) -> tuple[float, float, float]:
    """Peak memory of a process that answers all about `bias`, what of it the run took, and the estimate, in bytes."""
    command = [sys.executable, "-c", PEAK, json.dumps(bias)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT, env=environment)
    peak, grown, said = map(float, done.stdout.split())
    return peak, grown, said


@needs_proc
def test_a_million_users():
    """A step of a million users and 100,000 items, 5% of the traffic random, takes under 0.5 s, and all under 1 GB."""
    step_s = statistics.median(step_seconds(**MILLION, steps=12)[1:])
    peak, _, _ = memory(MILLION | {"steps": 5})
    note(
        "popular first with 5% random lists, 1 million users, 100,000 items",
        f"{step_s:.2f} s a step, {peak / 1e9:.2f} GB with all measures",
        "under 0.5 s, under 1 GB",
    )
    assert step_s < 0.5
    assert peak < 1e9


def test_personal_lists():
    """20,000 users, 5,000 items, trained every ten steps: over 20,000 users are served a second, training and all."""
    settings = {"users": 20_000, "items": 5_000, "recommender": "personalised", "retrain": 10, "exploration": 0.05}
    step_seconds(**settings | {"users": 500}, replications=1, steps=11)
    spans = step_seconds(**settings, replications=1, steps=50)
    rate = 20_000 * 50 / sum(spans)
    note("personal lists from 5,000 items, trained every ten steps", f"{rate:,.0f} users/s", "over 20,000")
    assert rate > 20_000


@needs_proc
@pytest.mark.parametrize(
    "bias",
    [
        MILLION | {"steps": 3},
        {"users": 2_000, "items": 200_000, "replications": 10, "steps": 3},
        {"users": 200_000, "items": 1_000, "replications": 4, "steps": 3, "ties": "per_user"},
        {"users": 200_000, "items": 1_000, "replications": 4, "steps": 3, "recommender": "oracle"},
        {"users": 2_000, "items": 100_000, "replications": 10, "steps": 3, "recommender": "proportional"},
        {"users": 2_000, "items": 100_000, "replications": 4, "steps": 3, "recommender": "thompson"},
        {"users": 50_000, "items": 2_000, "replications": 2, "steps": 40, "recommender": "personalised", "retrain": 20},
        {
            "users": 200_000,
            "items": 1_000,
            "replications": 4,
            "steps": 6,
            "arms": [{"name": "a"}, {"name": "b", "recommender": "random"}],
            "ab_test": {"control": "a", "treatment": "b", "start": 3, "looks": 3},
        },
    ],
    ids=["million", "items", "ties", "oracle", "proportional", "thompson", "personalised", "experiment"],
)
def test_the_estimate_of_memory_holds(bias):
    """What a run takes beyond a small one is within a factor of 2 of what is said before it starts."""
    _, grown, said = memory(bias)
    assert 0.5 < said / grown < 2
