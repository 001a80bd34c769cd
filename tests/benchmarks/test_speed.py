"""How fast, side by side on one machine. `pytest tests/benchmarks` writes reports/benchmarks.md."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.plan import Plan
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "web_search.yaml"
SIMULATOR = Path(sys.executable).parent / "simulator"
ROUNDS = 5

lines: dict[str, str] = {}


def fan_out(queries: int, shards: int = 1000, qps: float = 500) -> Plan:
    """One plain stage: exponential service of mean 1 ms, one worker a shard."""
    scenario = {
        "name": "fan-out",
        "traffic": {"qps": qps, "candidates": 1_000_000, "queries": queries, "warmup": 0},
        "funnel": [{"name": "s", "shards": shards, "cost": {"distribution": "exponential", "mean": "1ms"}}],
        "merge": {"fixed": "0s"},
    }
    return resolve(parse_scenario(json.dumps(scenario)), load_profile("default"))


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def side_by_side(one: Callable[[], object], two: Callable[[], object]) -> tuple[float, float, float]:
    """Median seconds of two calls in turn, and the median of their ratios pair by pair."""
    one(), two()
    pairs = [(seconds(one), seconds(two)) for _ in range(ROUNDS)]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[0] / pair[1] for pair in pairs),
    )


def note(what: str, measured: str, goal: str) -> None:
    """Keep a line of the table and write the table as it stands."""
    lines[what] = f"| {what} | {measured} | {goal} |"
    origin = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `pytest tests/benchmarks`. Medians of five runs; ratios are taken pair by pair within one run,",
            "since machines differ and are shared. Seconds are of this machine and say little of another.",
            "",
            f"Measured on: {origin}.",
            "",
            "| what | measured | goal |",
            "|---|---|---|",
            *lines.values(),
            "",
        ]
    )
    (ROOT / "reports" / "benchmarks.md").write_text(text)


def test_forward_path_against_simpy():
    """The forward path serves over 100 million shard requests a second and core, over 1,000 times SimPy's."""
    fast, slow = fan_out(20_000), fan_out(20)
    slow_s, fast_s, _ = side_by_side(lambda: reference.simulate(slow, 0), lambda: compiled.simulate(fast, 0))
    rate, simpy_rate = 20_000 * 1000 / fast_s, 20 * 1000 / slow_s
    note(
        "forward path, 1,000 shards of one worker, one core",
        f"{rate / 1e6:,.0f} million requests/s",
        "at least 100 million",
    )
    ratio = f"{rate / simpy_rate:,.0f} times ({simpy_rate:,.0f}/s)"
    note("the same against the SimPy engine", ratio, "over 1,000 times")
    assert rate > 100e6
    assert rate / simpy_rate > 1000


def test_web_search_as_a_whole():
    """Ten replications of web_search, over 200 million requests, take under 10 s warm and under 1.5 GB."""
    command = [str(SIMULATOR), "run", str(SCENARIO), "--json", "--quiet"]
    subprocess.run(command, capture_output=True, check=True)
    spans = [seconds(lambda: subprocess.run(command, capture_output=True, check=True)) for _ in range(ROUNDS)]
    requests = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["requests"]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    note(
        f"`simulator run scenarios/web_search.yaml`, {requests / 1e6:,.0f} million requests, process and all",
        f"{statistics.median(spans):.1f} s, {memory:.2f} GB",
        "under 10 s, under 1.5 GB",
    )
    assert statistics.median(spans) < 10
    assert memory < 1.5


def test_start_of_the_command():
    """Showing the help takes under 5 times what starting Python does."""
    bare, help_ = [sys.executable, "-c", "pass"], [str(SIMULATOR), "--help"]
    _, _, ratio = side_by_side(
        lambda: subprocess.run(help_, capture_output=True, check=True),
        lambda: subprocess.run(bare, capture_output=True, check=True),
    )
    note("`simulator --help` against `python -c pass`", f"{ratio:.1f} times", "under 5 times")
    assert ratio < 5


def test_start_of_compiled_code():
    """A second process has its kernels ready from the cache in under a second after Python and Numba have started."""
    setup = "import time; from tests.benchmarks.test_speed import fan_out; from simulator.engine import compiled\n"
    work = "p = fan_out(1, 10); b = time.perf_counter(); compiled.simulate(p, 0); print(time.perf_counter() - b)"
    command = [sys.executable, "-c", setup + work]
    compiled.simulate(replace(fan_out(1, 10)), 0)
    spans = []
    for _ in range(ROUNDS):
        done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True)
        spans.append(float(done.stdout))
    note("compiled code from the cache, in a new process", f"{statistics.median(spans):.2f} s", "under 1 s")
    assert statistics.median(spans) < 1
