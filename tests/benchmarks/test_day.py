"""A day of a large system, replayed in minutes."""

import json
import os
import subprocess
import time

from tests.benchmarks.test_speed import SIMULATOR, note

REQUESTS = 86_400_000_000


def test_a_day_of_a_thousand_shards(tmp_path):
    """86.4 billion requests, 1,000 QPS over 1,000 shards through 24 hours, take minutes and little memory."""
    scenario = {
        "name": "day",
        "sla": {"qps": 1000},
        "traffic": {
            "arrivals": "daily",
            "daily": {"low": "40%", "peak_hour": 20, "duration": "24h"},
            "candidates": 1_000_000,
            "replications": 1,
        },
        "funnel": [
            {
                "name": "s",
                "shards": 1000,
                "network": {"request": "200us", "response": "300us"},
                "cost": {"distribution": "lognormal", "mean": "300us", "cv": 0.5},
            }
        ],
    }
    path, answer = tmp_path / "day.yaml", tmp_path / "answer.json"
    path.write_text(json.dumps(scenario))
    began = time.perf_counter()
    process = subprocess.Popen([str(SIMULATOR), "run", str(path), "--json", "--quiet", "--out", str(answer)])
    _, status, usage = os.wait4(process.pid, 0)  # what this process alone has used
    process.returncode = os.waitstatus_to_exitcode(status)
    found = json.loads(answer.read_text())
    assert (found["requests"], len(found["windows"])) == (REQUESTS, 288)
    note(
        "a day of 1,000 QPS over 1,000 shards, 86.4 billion requests",
        f"{(time.perf_counter() - began) / 60:.1f} min, {usage.ru_maxrss / 1e6:.2f} GB",
        "under 5 min, under 2 GB",
    )
