"""Sweeps: cells, keys, the journal, executors and what settings do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import InputError, ScenarioError, TooLargeError
from simulator.sweep.answer import JOURNAL, run_sweep
from simulator.sweep.cells import load_sweep
from simulator.sweep.journal import Journal
from simulator.sweep.results import effects_table, sweep_sentence, table_of, write_results

SIMULATOR = Path(sys.executable).parent / "simulator"
SMALL = {
    "name": "small",
    "sla": {"qps": 100, "objectives": ["p99 < 60ms"]},
    "traffic": {"candidates": 100, "queries": 300, "replications": 3},
    "funnel": [{"name": "first", "shards": 3, "cost": {"distribution": "exponential", "mean": "4ms"}}],
    "prices": {"worker_hour": 1},
}
VARY = ["funnel.first.workers=1,2,3", "sla.qps=50,100,150"]


@pytest.fixture
def grid(tmp_path):
    """Write a scenario and a sweep of it, with keys changed, and return the sweep's path."""
    (tmp_path / "small.yaml").write_text(json.dumps(SMALL))

    def write(**changed):
        asked = {"name": "grid", "scenarios": ["small.yaml"], "vary": VARY} | changed
        path = tmp_path / "grid.yaml"
        path.write_text(json.dumps({key: value for key, value in asked.items() if value is not None}))
        return path

    return write


def test_cells_are_every_setting_with_every_seed(grid):
    """Nine settings and two seeds are 18 cells of different keys, the seed varying fastest."""
    sweep = load_sweep(grid(seeds=[4, 5]), 1e12)
    assert len({cell.key for cell in sweep.cells}) == 18
    assert [cell.scenario.seed for cell in sweep.cells[:4]] == [4, 5, 4, 5]
    assert sweep.axes == ("funnel.first.workers", "sla.qps", "seed")
    assert sweep.cells[17].scenario.funnel[0].workers == 3


def test_keys_change_with_what_decides_and_with_nothing_else(grid):
    """Another measure or shared setting gives other keys; the same file read again, and an added axis value, do not."""
    keys = [cell.key for cell in load_sweep(grid(), 1e12).cells]
    assert [cell.key for cell in load_sweep(grid(), 1e12).cells] == keys
    assert set(keys) <= {cell.key for cell in load_sweep(grid(vary=[VARY[0] + ",4", VARY[1]]), 1e12).cells}
    assert not set(keys) & {cell.key for cell in load_sweep(grid(measure="capacity"), 1e12).cells}
    assert not set(keys) & {cell.key for cell in load_sweep(grid(set=["traffic.queries=301"]), 1e12).cells}


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"vary": [f"sla.qps={','.join(map(str, range(1, 1001)))}"] * 3}, TooLargeError, "= 1,000,000,000"),
        ({"vary": ["funnel.nobody.workers=1"]}, ScenarioError, "nobody"),
        ({"scenarios": ["nothing.yaml"]}, InputError, "no such file"),
        ({"scenarios": []}, ScenarioError, "at least one"),
        ({"seeds": [1, 1]}, InputError, "expected cells that differ"),
        ({"unknown": 1}, ScenarioError, "unknown"),
    ],
)
def test_bad_sweeps_are_said_before_anything_runs(grid, changed, error, said):
    """Each is refused when the file is read, a grid of 1e9 cells with its estimate."""
    with pytest.raises(error, match=said):
        load_sweep(grid(**changed), 1e12)


def test_too_much_work_is_refused(grid):
    """A sweep of more requests than are allowed is refused with the estimate."""
    with pytest.raises(TooLargeError, match="requests to shards"):
        load_sweep(grid(), 1e3)


def outcome(path, place, workers):
    """Every byte that a sweep leaves behind, by file."""
    sweep = load_sweep(path, 1e12)
    place.mkdir(exist_ok=True)
    rows, _ = run_sweep(sweep, place, workers)
    write_results(sweep, rows, place)
    return {file.name: file.read_bytes() for file in sorted(place.iterdir())}


def test_any_number_of_workers_gives_the_same_bytes(grid, tmp_path):
    """One worker and three leave the same journal, CSV, Parquet and report behind."""
    path = grid()
    assert outcome(path, tmp_path / "one", 1) == outcome(path, tmp_path / "three", 3)


def test_a_torn_journal_goes_on_and_ends_the_same(grid, tmp_path):
    """With its journal cut in the middle of a line, a sweep measures the rest alone and ends with the same bytes."""
    path = grid()
    whole = outcome(path, tmp_path / "whole", 2)
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / JOURNAL).write_bytes(whole[JOURNAL][: len(whole[JOURNAL]) // 2])
    known = len(Journal(torn / JOURNAL).rows)
    assert 0 < known < 9
    _, resumed = run_sweep(load_sweep(path, 1e12), torn, 2)
    assert resumed == known
    assert outcome(path, torn, 1) == whole


def test_a_line_that_is_no_row_is_said(tmp_path):
    """A journal that holds something else is an error with its line, not overwritten."""
    path = tmp_path / JOURNAL
    path.write_text("hello\n")
    with pytest.raises(InputError, match=r"journal\.jsonl:1: no line of a journal"):
        Journal(path)
    assert path.read_text() == "hello\n"


def killed(path, place, kills, seed):
    """Kill a sweep at random moments until it has ended, at most `kills` times, and return how often it was killed."""
    luck, count = np.random.default_rng(seed), 0
    command = [SIMULATOR, "sweep", path, "--out", place, "--workers", "2", "--quiet"]
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if count == kills:
            assert process.wait(timeout=120) == 0
            return count
        try:
            process.wait(timeout=luck.uniform(0.5, 6))
            return count
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            count += 1


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_loses_nothing(grid, tmp_path, kills):
    """Killed with SIGKILL again and again, it keeps every cell that was done and ends with an undisturbed run's bytes.

    Twenty times: pytest tests/unit/sweep -m slow.
    """
    path = grid(set=["traffic.queries=20_000", "traffic.replications=10"])
    place = tmp_path / "killed"
    killed(path, place, kills, seed=kills)
    whole = outcome(path, tmp_path / "whole", 2)
    assert {file.name: file.read_bytes() for file in sorted((place / "grid").iterdir())} == whole


def test_workers_end_with_their_sweep(grid, tmp_path):
    """When a sweep is killed its worker processes end too."""
    path = grid(set=["traffic.queries=20_000", "traffic.replications=100"])
    command = [SIMULATOR, "sweep", path, "--out", tmp_path, "--workers", "2", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = []
    for _ in range(100):
        time.sleep(0.2)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if len(children) >= 3:  # two workers, and the one that tracks resources
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(150):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.2)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_effects_are_paired_over_the_other_axes(grid, tmp_path):
    """What a setting does is the mean of its differences to the axis's first value, cell by cell."""
    sweep = load_sweep(grid(), 1e12)
    rows, _ = run_sweep(sweep, tmp_path, 1)
    lines = {line[0]: line for line in effects_table(sweep, rows).rows}
    heads, table = table_of(sweep, rows)
    at = heads.index("p99_ms")
    by_workers = {w: [line[at] for line in table if line[1] == w] for w in ("1", "2")}
    mean = sum(two - one for one, two in zip(by_workers["1"], by_workers["2"], strict=True)) / 3
    assert lines["funnel.first.workers=2"][4].startswith(f"{mean:+.3g}")
    assert "of 9 cells meet all objectives; the cheapest is" in sweep_sentence(sweep, rows)


def test_a_cell_that_cannot_run_is_a_row_with_its_reason(grid, tmp_path):
    """A saturated cell is a row without latencies, and its verdict is missed; the sweep goes on."""
    sweep = load_sweep(grid(vary=["sla.qps=50,5_000"]), 1e12)
    rows, _ = run_sweep(sweep, tmp_path, 1)
    saturated = rows[sweep.cells[1].key]
    assert saturated["saturated"] is True
    assert saturated["p99_ms"] is None
    assert rows[sweep.cells[0].key]["p99_ms"] > 0


def test_dask_gives_the_same_rows(grid, tmp_path):
    """A local Dask cluster of two workers finds what processes find."""
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    sweep = load_sweep(grid(vary=["sla.qps=50,100"]), 1e12)
    by_dask, _ = run_sweep(sweep, _made(tmp_path / "dask"), 2, "local")
    by_processes, _ = run_sweep(sweep, _made(tmp_path / "processes"), 2)
    assert by_dask == by_processes


def test_no_scheduler_is_said(grid, tmp_path):
    """An address where nobody answers is one message with what to start."""
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    with pytest.raises(InputError, match="no scheduler answers there"):
        run_sweep(load_sweep(grid(), 1e12), tmp_path, 1, "tcp://127.0.0.1:9")


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_scheduler_that_goes_keeps_what_is_done(grid, tmp_path):
    """When the scheduler dies in the middle, the rows that were back stay, and the message says how to go on.

    Dask takes its time to give up: pytest tests/unit/sweep -m slow.
    """
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    path = grid(set=["traffic.queries=50_000", "traffic.replications=30"], vary=[VARY[0], "sla.qps=50,60,70,80,90,100"])
    script, journal = tmp_path / "cluster.py", tmp_path / "grid" / JOURNAL
    script.write_text(CLUSTER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, script], **pipes) as cluster:
        command = [SIMULATOR, "sweep", path, "--out", tmp_path, "--dask", cluster.stdout.readline().strip(), "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            while not journal.exists() or len(Journal(journal).rows) < 3:
                time.sleep(0.2)
            cluster.kill()
            _, stderr = process.communicate(timeout=180)
    assert process.returncode == 2
    assert "what is done is kept: call the same sweep again" in stderr
    kept = Journal(journal).rows
    sweep = load_sweep(path, 1e12)
    assert 3 <= len(kept) < len(sweep.cells)
    rows, resumed = run_sweep(sweep, tmp_path / "grid", 2)
    assert resumed == len(kept)
    assert len(rows) == len(sweep.cells)


def _made(place):
    """Make a folder and return it."""
    place.mkdir()
    return place
