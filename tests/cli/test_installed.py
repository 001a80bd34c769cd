"""A built wheel, installed where nothing of the checkout is: every command answers there as it does here."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.documents import assert_alike

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCENARIOS = ("deadline", "label_budget", "logging_skew", "popular_first", "two_stages")
GRID = {"name": "grid", "scenarios": ["two_stages.yaml"], "vary": ["sla.qps=50,100"], "set": ["traffic.queries=2000"]}
SHORT = ("--set", "traffic.queries=2000", "--json")
ANSWERING = {
    "check": ("two_stages.yaml",),
    "run": ("two_stages.yaml", "--json"),
    "capacity": ("two_stages.yaml", *SHORT),
    "compare": ("two_stages.yaml", "--vary", "sla.qps=50,100", *SHORT),
    "size": ("two_stages.yaml", *SHORT),
    "train": ("label_budget.yaml", "--json"),
    "bias": ("popular_first.yaml", "--json"),
    "diagnose": ("logging_skew.yaml", "--json"),
    "sweep": ("grid.yaml", "--json"),
    "schema": (),
    "help": ("tutorial",),
    "data": ("list",),
}
WRITING = {"report": ("deadline.yaml", "--out", "out"), "calibrate": ("logistic", "--budget", "2s")}
NEEDING = {"optimize": "optimize", "serve": "serve", "validate": "serve", "web": "web"}
"""Commands that need an extra, which the wheel alone does not bring."""


def interpreters() -> dict[str, str]:
    """Every supported Python that is here, by version; this one is."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for minor in (11, 12, 13):
        kept = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
        path = str(kept[-1]) if kept else shutil.which(f"python3.{minor}")
        if path:
            found.setdefault(f"3.{minor}", path)
    return found


def oldest() -> list[str]:
    """Every dependency at the oldest version that pyproject.toml allows, whichever its last part."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [re.sub(r">=(\d+\.\d+).*", r"==\1.*", one) for one in asked]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The built wheel."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "reports", "tests", "__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(place), str(source)]
    subprocess.run(pip, check=True, capture_output=True)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder far from the checkout with scenarios to ask about."""
    place = tmp_path_factory.mktemp("asked")
    for name in SCENARIOS:
        shutil.copy(ROOT / "scenarios" / f"{name}.yaml", place)
    (place / "grid.yaml").write_text(json.dumps(GRID))
    return place


@pytest.fixture
def installed(wheel, tmp_path) -> Iterator[Any]:
    """Return a function that installs the wheel beside given versions, and returns the path of its command."""

    def install(python: str, *versions: str) -> str:
        subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
        bin_ = tmp_path / "venv" / "bin"
        pip = [str(bin_ / "python"), "-m", "pip", "install", "-q", str(wheel), *versions]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return str(bin_ / "simulator")

    yield install
    shutil.rmtree(tmp_path / "venv")


def call(command: str, arguments: tuple[str, ...], place: Path, folder: Path) -> tuple[int, dict[str, Any]]:
    """The exit code and what is printed, as a document; a text is its only part."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    settings |= {"COLUMNS": "80", "NUMBA_CACHE_DIR": str(place / "kernels")}
    shutil.copytree(folder, place / arguments[0])
    done = subprocess.run(
        [command, *arguments], capture_output=True, text=True, cwd=place / arguments[0], env=settings, timeout=600
    )
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout) if "--json" in arguments else {"text": done.stdout}
    return done.returncode, document


HERE = str(Path(sys.executable).parent / "simulator")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_command_of_a_wheel_answers_as_the_checkout(installed, folder, tmp_path, version):
    """The same answers and exit codes by each Python, package data inside; what needs an extra says which."""
    if version not in interpreters():
        pytest.skip(f"no Python {version} here")
    there = installed(interpreters()[version])
    for name, arguments in ANSWERING.items():
        assert_same_answer(there, (name, *arguments), tmp_path, folder)
    for name, arguments in WRITING.items():
        code, _ = call(there, (name, *arguments), tmp_path / "there", folder)
        assert (name, code) == (name, 0)
    for name, extra in NEEDING.items():
        done = subprocess.run([there, name, "two_stages.yaml"], capture_output=True, text=True, cwd=folder, check=False)
        assert (name, done.returncode) == (name, 2)
        assert f"capacity-simulator[{extra}]" in done.stderr


def test_the_oldest_parts_allowed_give_the_same_numbers(installed, folder, tmp_path):
    """With every dependency as old as may be, a run says the same."""
    there = installed(interpreters()["3.11"], *oldest())
    assert_same_answer(there, ("run", *ANSWERING["run"]), tmp_path, folder)


def assert_same_answer(there: str, arguments: tuple[str, ...], place: Path, folder: Path) -> None:
    """The command says there what it says here, to eleven digits: sums are compensated from Python 3.12 on."""
    (code, found), (known_code, known) = (
        call(command, arguments, place / name, folder) for name, command in (("there", there), ("here", HERE))
    )
    assert (arguments[0], code) == (arguments[0], known_code)
    assert_alike(found, known, 11, ("provenance", "quality"))
