"""A sweep of 200 cells on two workers beside one, in one run."""

import json
import time

from simulator.sweep.answer import run_sweep
from simulator.sweep.cells import load_sweep
from tests.benchmarks.test_speed import note

SCENARIO = {
    "name": "small",
    "sla": {"qps": 100, "objectives": ["p99 < 60ms"]},
    "traffic": {"candidates": 100, "queries": 20_000, "replications": 20},
    "funnel": [{"name": "first", "shards": 10, "cost": {"distribution": "exponential", "mean": "2ms"}}],
}
GRID = {
    "name": "grid",
    "scenarios": ["small.yaml"],
    "vary": ["funnel.first.workers=1,2,3,4", f"sla.qps={','.join(map(str, range(50, 100)))}"],
}


def test_two_workers_beside_one(tmp_path):
    """200 cells on two workers take at most 1 / 1.7 of the time on one, their rows being the same."""
    (tmp_path / "small.yaml").write_text(json.dumps(SCENARIO))
    (tmp_path / "grid.yaml").write_text(json.dumps(GRID))
    sweep = load_sweep(tmp_path / "grid.yaml", 1e13)
    taken, rows = {}, {}
    for workers in (1, 2):
        place = tmp_path / str(workers)
        place.mkdir()
        began = time.perf_counter()
        rows[workers], _ = run_sweep(sweep, place, workers)
        taken[workers] = time.perf_counter() - began
    assert rows[1] == rows[2]
    ratio = taken[1] / taken[2]
    note("a sweep of 200 cells, 2 workers beside 1", f"{ratio:.2f} times", "at least 1.7 times")
    assert ratio >= 1.7
