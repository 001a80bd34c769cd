"""Commands that are killed, ended, or run out of disk: every file is whole, old or new, and nobody is left behind."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from simulator.costs.profile import load_profile
from tests.cli.conftest import SIMULATOR

FEW, MANY = 3, 100
"""Moments at which each command is killed: in every run, and in the slow tests."""


def killed_at(after_s: float, command: list[object], place: Path) -> None:
    """Start a command and kill it, and all that it started, after so many seconds, if it lasts that long."""
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=place, start_new_session=True
    ) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def seconds_of(command: list[object], place: Path) -> float:
    """How long a command takes that nobody kills."""
    began = time.monotonic()
    subprocess.run(list(map(str, command)), cwd=place, check=False, capture_output=True)
    return time.monotonic() - began


def files_in(folder: Path) -> dict[str, bytes]:
    """The bytes of all files by name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def target_of(name: str) -> str:
    """The file that one is to replace that is whole and has its first name, which begins with a dot."""
    path = Path(name)
    return str(path.with_name(path.stem.removeprefix("."))) if path.name.startswith(".") else name


def kill_reports(small, tmp_path, times: int) -> None:
    """Kill `simulator report` at random moments over an older report, of which every file says so."""
    command = [SIMULATOR, "report", small(), "-q", "-o"]
    seconds_of([*command, "whole"], tmp_path)
    lasts = seconds_of([*command, "whole"], tmp_path)
    whole, luck = files_in(tmp_path / "whole"), random.Random(times)
    for turn in range(times):
        place = tmp_path / f"killed{turn}"
        for name in whole:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(b"old")
        killed_at(lasts * luck.uniform(0.3, 1.0), [*command, place], tmp_path)
        found = files_in(place)
        assert {target_of(name) for name in found} == whole.keys()
        assert [name for name, content in found.items() if content not in (b"old", whole[target_of(name)])] == []


def kill_calibrations(tmp_path, times: int) -> None:
    """Kill `simulator calibrate` at random moments; the profile that was there is whole, or the new one is."""
    path = tmp_path / "profile.json"
    command = [SIMULATOR, "calibrate", "logistic", "--budget", "3s", "--out", path]
    lasts, luck = seconds_of(command, tmp_path), random.Random(times)
    for _ in range(times):
        killed_at(lasts * luck.uniform(0.5, 1.1), command, tmp_path)
        assert "logistic" in load_profile(str(path)).rankers


def test_a_killed_report_leaves_whole_files(small, tmp_path):
    """At a few moments; each file is the old one or that of a whole report."""
    kill_reports(small, tmp_path, FEW)


def test_a_killed_calibration_leaves_a_whole_profile(tmp_path):
    """At a few moments."""
    kill_calibrations(tmp_path, FEW - 1)


@pytest.mark.slow
def test_a_report_killed_a_hundred_times_leaves_whole_files(small, tmp_path):
    """The same at a hundred moments: pytest -m slow tests/cli/test_crashes.py."""
    kill_reports(small, tmp_path, MANY)


@pytest.mark.slow
def test_a_calibration_killed_a_hundred_times_leaves_a_whole_profile(tmp_path):
    """The same at a hundred moments."""
    kill_calibrations(tmp_path, MANY)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root, and not in every container, may mount a disk")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("command", ["run", "report", "calibrate"])
def test_a_full_disk_leaves_the_old_file(simulator, small, small_disk, command):
    """Where no space is left a command says so, exits with 1, and what was there is as it was."""
    old = small_disk / ("small/report.json" if command == "report" else "answer.json")
    old.parent.mkdir(exist_ok=True)
    old.write_text("old")
    (small_disk / "other").write_bytes(bytes(small_disk_left(small_disk)))
    options = {"run": ["--json", "--out", old], "report": ["-o", small_disk], "calibrate": ["--out", old]}[command]
    given = ["logistic", "--budget", "3s"] if command == "calibrate" else [small()]
    outcome = simulator(command, *given, *options)
    assert outcome.code == 1, outcome.stderr
    assert "no space left" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert old.read_text() == "old"
    assert [path for path in small_disk.rglob(".*") if path.is_file()] == []


def small_disk_left(place: Path) -> int:
    """Bytes that are free."""
    state = os.statvfs(place)
    return state.f_bavail * state.f_frsize


SWEEP = {"name": "long", "scenarios": ["small.yaml"], "seeds": list(range(500)), "measure": "capacity"}


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_sweep_that_is_ended_leaves_nobody_behind(small, tmp_path, sent, code):
    """On Ctrl-C and on SIGTERM it ends with the code of each, long before it is done, with all its processes."""
    small(traffic={"candidates": 100, "queries": 5_000, "replications": 5})
    (tmp_path / "grid.yaml").write_text(json.dumps(SWEEP))
    command = [SIMULATOR, "sweep", "grid.yaml", "--workers", "2", "-q"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        journal = tmp_path / "sweeps" / "long" / "journal.jsonl"
        until = time.monotonic() + 60
        while not (journal.exists() and journal.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(sent)
        said = process.stderr.read()
        assert process.wait(timeout=30) == code, said
    assert "Traceback" not in said
    assert children
    time.sleep(1)
    assert [child for child in children if runs(child)] == []


def runs(process: str) -> bool:
    """Whether a process does anything yet; one that has ended may wait to be buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
