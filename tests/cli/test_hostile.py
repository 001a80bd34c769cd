"""Files made to do harm, and work that is too much: refused at once, in little memory, with a message."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import SIMULATOR

MORE_S, MOST_MB = 0.2, 100
"""CPU seconds beyond those of a scenario that is fine, and memory in all."""

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "bomb": BOMB,
    "deep": "[" * 900_000,
    "deep keys": "".join(f"{' ' * i}a:\n" for i in range(1_300)),
    "wide": "- a\n" * 240_000,
    "many keys": "{" + ",".join(f"k{i}: {i}" for i in range(49_000)) + "}",
    "unknown keys": "".join(f"k{i}: {i}\n" for i in range(4_900)),
    "twice the same key": "a: 1\n" * 190_000,
    "huge word": "a: " + "x" * 990_000,
    "huge number": "seed: " + "9" * 990_000,
    "escapes": 'a: "' + "\\n" * 490_000 + '"',
    "tag": "a: !!python/object/apply:os.system [touch harm]",
    "alias of itself": "a: &a [*a]",
    "null byte": "a: \0",
    "ten megabytes": "x" * 10_000_000,
}


@dataclass(frozen=True)
class Spent:
    """How a command ended, and what it took."""

    code: int
    stderr: str
    cpu_s: float
    memory_mb: float


@pytest.fixture
def check(tmp_path) -> Callable[[Path], Spent]:
    """Call `simulator check` on a file and return what that took."""

    def call(path: Path) -> Spent:
        with (tmp_path / "stderr").open("w+") as stderr:
            process = subprocess.Popen(
                [SIMULATOR, "check", path], stdout=subprocess.DEVNULL, stderr=stderr, cwd=tmp_path
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            stderr.seek(0)
            said = stderr.read()
        return Spent(process.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    return call


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_at_once(check, small, tmp_path, kind):
    """Whatever is in it, a file costs little more time than a good one, little memory, and says what is wrong."""
    path = tmp_path / "hostile.yaml"
    path.write_text(HOSTILE[kind])
    good = min((check(small()) for _ in range(2)), key=lambda spent: spent.cpu_s)
    bad = min((check(path) for _ in range(2)), key=lambda spent: spent.cpu_s)
    assert good.code == 0, good.stderr
    assert bad.code == 2, bad.stderr
    assert "Traceback" not in bad.stderr
    assert len(bad.stderr) < 20_000
    assert not (tmp_path / "harm").exists()
    assert bad.cpu_s - good.cpu_s < MORE_S
    assert bad.memory_mb < MOST_MB


def test_a_file_outside_the_scenarios_folder_is_read_only_if_allowed(simulator, small, tmp_path):
    """A scenario that names one is refused with the option that would allow it, and with that it is read."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "times.txt").write_text("0.001\n0.002\n")
    (tmp_path / "own").mkdir()
    path = small(funnel=[{"name": "first", "cost": {"distribution": "empirical", "file": "../other/times.txt"}}])
    path = path.rename(tmp_path / "own" / "small.yaml")
    refused = simulator("run", path)
    assert refused.code == 2
    assert f"--allow-path {tmp_path / 'other'}" in refused.stderr
    assert simulator("run", path, "--allow-path", tmp_path / "other").code == 0


@pytest.mark.parametrize(
    "settings",
    [
        ["traffic.queries=1_000_000_000", "traffic.replications=1_000"],
        [
            "traffic.candidates=1e9",
            "funnel.first.shards=1_000_000",
            "traffic.queries=20_000",
            "traffic.replications=10",
        ],
    ],
    ids=["requests", "shards"],
)
@pytest.mark.parametrize("command", ["run", "capacity", "report"])
def test_too_much_work_is_refused_with_the_estimate(simulator, small, command, settings):
    """1e12 requests and a million shards are refused before anything begins, with how long they would take."""
    asked = [part for setting in settings for part in ("--set", setting)]
    outcome = simulator(command, small(), *asked)
    assert outcome.code == 5
    assert "requests to shards" in outcome.stderr
    assert "of work" in outcome.stderr
    assert "--max-requests" in outcome.stderr


@pytest.mark.parametrize("command", ["run", "capacity"])
def test_a_time_limit_ends_the_work_with_what_there_is(simulator, small, command):
    """After --time-limit a run shows the replications that ended, marked as not all; a search says that it stopped."""
    asked = ["--set", "traffic.queries=1_000_000", "--set", "traffic.replications=10_000", "--time-limit", "4s"]
    outcome = simulator(command, small(), *asked, "--json")
    assert outcome.code == 5
    assert "--time-limit" in outcome.stderr
    if command == "run":
        assert outcome.document["complete"] is False


@pytest.mark.parametrize("limit", ["soon", "0s", "-1s", "5"])
def test_a_bad_time_limit_is_refused(simulator, small, limit):
    """It is a duration above 0."""
    outcome = simulator("run", small(), f"--time-limit={limit}")
    assert outcome.code == 2
    assert "--time-limit: expected" in outcome.stderr
