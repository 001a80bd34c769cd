"""The real command in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SIMULATOR = Path(sys.executable).parent / "simulator"

SMALL: dict[str, Any] = {
    "name": "small",
    "question": "Is it quick?",
    "sla": {"qps": 100, "objectives": ["p99 < 50ms"]},
    "traffic": {"candidates": 100, "queries": 500, "replications": 3},
    "funnel": [{"name": "first", "shards": 3, "cost": {"distribution": "exponential", "mean": "1ms"}}],
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


@pytest.fixture(scope="session")
def warm():
    """Return a function that calls `simulator` in a fork of a process with everything loaded."""
    settings = os.environ | {"COLUMNS": "80"}
    serve = [sys.executable, "-c", "from tests.cli.warm import serve; serve()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(serve, cwd=ROOT, env=settings, **pipes) as process:
        assert process.stdout.readline() == "0\n"

        def call(arguments: list[str], folder: Path) -> Outcome:
            with TemporaryDirectory() as place:
                out, err = Path(place) / "out", Path(place) / "err"
                asked = {"arguments": arguments, "folder": str(folder), "out": str(out), "err": str(err)}
                process.stdin.write(json.dumps(asked) + "\n")
                process.stdin.flush()
                return Outcome(int(process.stdout.readline()), out.read_text(), err.read_text())

        yield call
        process.stdin.close()


@pytest.fixture
def simulator(tmp_path, warm):
    """Call `simulator` with the given arguments, in an empty folder and a terminal of 80 columns."""
    before = own_environment()

    def call(*arguments: object, **environment: str) -> Outcome:
        if environment or own_environment() != before:
            return started(map(str, arguments), tmp_path, environment)
        return warm([str(one) for one in arguments], tmp_path)

    return call


def own_environment() -> dict[str, str]:
    """The environment, but for what pytest says there of how far it is."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def started(arguments: Iterable[str], folder: Path, environment: dict[str, str]) -> Outcome:
    """Call `simulator` as a shell does, in an environment of its own."""
    settings = os.environ | {"COLUMNS": "80"} | environment
    done = subprocess.run(
        [SIMULATOR, *arguments], capture_output=True, text=True, cwd=folder, env=settings, timeout=120
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def small(tmp_path):
    """Write a small scenario, with top-level sections changed, and return its path."""

    def write(**sections: Any) -> Path:
        path = tmp_path / "small.yaml"
        path.write_text(json.dumps(SMALL | sections))
        return path

    return write
