"""The real command in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def simulator(tmp_path):
    """Call `simulator` with the given arguments, in an empty folder and a terminal of 80 columns."""

    def call(*arguments: object, **environment: str) -> Outcome:
        settings = {**os.environ, "COLUMNS": "80", **environment}
        done = subprocess.run(
            [SIMULATOR, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path, env=settings, timeout=120
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def small(tmp_path):
    """Write a small scenario, with top-level sections changed, and return its path."""

    def write(**sections: Any) -> Path:
        path = tmp_path / "small.yaml"
        path.write_text(json.dumps(SMALL | sections))
        return path

    return write
