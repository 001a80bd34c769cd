"""Memory of long runs: it does not grow with the number of queries."""

import json
import os
import subprocess

from tests.benchmarks.test_speed import SIMULATOR, note

LONG = 100_000_000


def test_a_hundred_million_queries(tmp_path):
    """A run of 100 million queries stays under 500 MB."""
    scenario = {
        "name": "long",
        "traffic": {"qps": 700, "candidates": 1, "queries": LONG, "replications": 1},
        "funnel": [{"name": "s", "cost": {"distribution": "exponential", "mean": "1ms"}}],
        "merge": {"fixed": "0s"},
    }
    path = tmp_path / "long.yaml"
    path.write_text(json.dumps(scenario))
    command = [str(SIMULATOR), "run", str(path), "--json", "--quiet", "--out", str(tmp_path / "answer.json")]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)  # what this process alone has used
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    memory = usage.ru_maxrss / 1e6
    note(f"`simulator run` of {LONG / 1e6:,.0f} million queries, peak memory", f"{memory:.2f} GB", "under 0.5 GB")
    assert memory < 0.5
