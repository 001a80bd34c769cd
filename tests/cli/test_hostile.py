"""Files made to do harm, and work that is too much: refused at once, in little memory, with a message."""

import gc
import json
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry

from simulator.errors import InputError
from simulator.scenario.load import load_study
from tests.cli.conftest import SIMULATOR

SCHEMAS = Path(__file__).parents[2] / "simulator" / "report"
MOST_S, MOST_MB = 0.2, 100

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


MEASURE = """import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
said = process.stderr.read()
_, status, used = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), said, used.ru_maxrss / 1024]))"""
"""A small parent: a child's peak memory is never less than its parent's was when it began."""


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_words_and_little_memory(tmp_path, kind):
    """Whatever is in it, a file ends in exit code 2 and a message that fits a few screens; nothing in it is run."""
    path = tmp_path / "hostile.yaml"
    path.write_text(HOSTILE[kind])
    command = [sys.executable, "-c", MEASURE, SIMULATOR, "check", path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True, timeout=60)
    code, said, memory_mb = json.loads(done.stdout)
    assert code == 2, said
    assert "Traceback" not in said
    assert len(said) < 40_000
    assert memory_mb < MOST_MB
    assert not (tmp_path / "harm").exists()


@pytest.fixture
def own_garbage():
    """What other tests have left in this process is not searched through while something is timed."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("own_garbage")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_at_once(tmp_path, kind):
    """Reading it costs less than a fifth of a second, once everything is loaded."""
    path = tmp_path / "hostile.yaml"
    path.write_text(HOSTILE[kind])
    spent = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises(InputError):
            load_study(path)
        spent.append(time.process_time() - began)
    assert min(spent) < MOST_S


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


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("run", ["traffic.queries=100_000", "traffic.replications=100_000"]),
        ("capacity", ["traffic.queries=1_000", "traffic.replications=100_000", "sla.objectives=[p99 < 6ms]"]),
        ("compare", ["traffic.queries=500", "traffic.replications=3"]),
    ],
)
def test_a_time_limit_ends_the_work_with_what_there_is(simulator, small, command, settings):
    """After --time-limit a command shows the replications or rows that are done, marked as not all; exit code 5."""
    asked = [part for setting in settings for part in ("--set", setting)]
    vary = ["--vary", f"sla.qps={','.join(map(str, range(100, 600)))}"] if command == "compare" else []
    simulator(command, small(), *vary[:1], *(["sla.qps=1,2"] if vary else []))  # so that all is compiled
    outcome = simulator(command, small(), *asked, *vary, "--max-requests", "1e14", "--time-limit", "5s", "--json")
    assert outcome.code == 5, outcome.stderr
    assert "--time-limit" in outcome.stderr
    assert outcome.document["complete"] is False
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")}
    registry = Registry().with_contents(schemas.items())
    jsonschema.Draft202012Validator(schemas[f"{command}.schema.json"], registry=registry).validate(outcome.document)


@pytest.mark.parametrize("limit", ["soon", "0s", "-1s", "5"])
def test_a_bad_time_limit_is_refused(simulator, small, limit):
    """It is a duration above 0."""
    outcome = simulator("run", small(), f"--time-limit={limit}")
    assert outcome.code == 2
    assert "--time-limit: expected" in outcome.stderr
