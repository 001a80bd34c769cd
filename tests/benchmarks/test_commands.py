"""How long the planner's commands take, process and all, once their kernels are compiled."""

import json
import statistics
import subprocess

import pytest

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


def test_report_of_a_thousand_shards(tmp_path):
    """The whole report of web_search, with its maximum, its curve and its pictures, takes under 15 s warm."""
    found = median_seconds("report", str(ROOT / "scenarios" / "web_search.yaml"), "--out", str(tmp_path))
    note("`simulator report scenarios/web_search.yaml`, process and all", f"{found:.1f} s", "under 15 s")
    assert found < 15


STAGE = {"name": "s", "shards": 2, "cost": {"distribution": "exponential", "mean": "1ms"}}
SMALL = {"name": "small", "traffic": {"qps": 10, "candidates": 1_000_000}, "funnel": [STAGE]}
THOUSAND = f"traffic.qps={','.join(map(str, range(1, 1001)))}"
REFUSED = {
    "a mistake in a file": ("run", SMALL | {"trafic": {}}, 2),
    "a trillion requests": ("run", SMALL | {"traffic": SMALL["traffic"] | {"queries": 10**9, "replications": 500}}, 5),
    "a million shards": ("run", SMALL | {"funnel": [STAGE | {"shards": 10**6}]}, 5),
    "a grid of a billion cells": ("sweep", {"name": "grid", "scenarios": ["small.yaml"], "vary": [THOUSAND] * 3}, 5),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_quick(tmp_path, what):
    """What is wrong or too much is refused in under half a second."""
    command, asked, code = REFUSED[what]
    (tmp_path / "small.yaml").write_text(json.dumps(SMALL))
    path = tmp_path / "asked.yaml"
    path.write_text(json.dumps(asked))
    assert subprocess.run([str(SIMULATOR), command, str(path)], capture_output=True, check=False).returncode == code
    found = median_seconds(command, str(path))
    note(f"`simulator {command}` refuses {what}, process and all", f"{found:.2f} s", "under 0.5 s")
    assert found < 0.5
