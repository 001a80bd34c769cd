"""How long the planner's commands take, process and all, once their kernels are compiled."""

import json
import statistics
import subprocess

from tests.benchmarks.test_speed import ROOT, ROUNDS, SIMULATOR, note, seconds

SHARDS = "funnel.retrieve.shards=10,20,50,100,200,500,1000,2000"


def median_seconds(*arguments: str) -> float:
    """The median wall time of a command after one run that compiles."""

    def call() -> object:
        return subprocess.run([str(SIMULATOR), *arguments, "--quiet"], capture_output=True, check=False)

    call()
    return statistics.median(seconds(call) for _ in range(ROUNDS))


def test_capacity_of_a_hundred_shards(tmp_path):
    """A capacity search over 100 shards with 10 replications takes under 2 s warm."""
    path = tmp_path / "hundred.yaml"
    asked = {
        "name": "hundred",
        "sla": {"qps": 100, "objectives": ["p99 < 20ms"]},
        "traffic": {"candidates": 1_000_000},
        "funnel": [{"name": "s", "shards": 100, "cost": {"distribution": "exponential", "mean": "1ms"}}],
    }
    path.write_text(json.dumps(asked))
    found = median_seconds("capacity", str(path))
    note("`simulator capacity`, 100 shards, 10 replications, process and all", f"{found:.1f} s", "under 2 s")
    assert found < 2


def test_comparison_of_eight_shard_counts():
    """A comparison of eight shard counts up to 2,000 takes under 30 s warm."""
    found = median_seconds("compare", str(ROOT / "scenarios" / "shard_count.yaml"), "--vary", SHARDS)
    note("`simulator compare` of 8 shard counts up to 2,000, process and all", f"{found:.1f} s", "under 30 s")
    assert found < 30
