"""A stranger's machine: no home, nothing that can be written to, many processes at once, a wheel instead of a clone."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from simulator import places
from simulator.data.fetch import cached
from simulator.data.kept import kept

ROOT = Path(__file__).parents[2]
NOBODY = 61_234
"""A user that no machine knows."""
RUN = "from simulator.cli.app import main; main()"


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Iterator[Path]:
    """A folder that holds the package and a scenario, as a wheel would put it, without anything compiled."""
    place = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "simulator", place / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "small.yaml").write_text(
        json.dumps(
            {
                "name": "small",
                "sla": {"qps": 100, "objectives": ["p99 < 50ms"]},
                "traffic": {"candidates": 100, "queries": 500, "replications": 3},
                "funnel": [{"name": "first", "shards": 3, "cost": {"distribution": "exponential", "mean": "1ms"}}],
            }
        )
    )
    for folder in (place, *place.parents):
        if folder.owner() == "root" and folder.is_relative_to(Path("/tmp")) and folder != Path("/tmp"):  # noqa: S108
            folder.chmod(0o755)
    yield place
    shutil.rmtree(place)


def call(package: Path, user: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the scenario from the package, as another user where one is given, with nothing but `environment`."""
    return subprocess.run(
        [sys.executable, "-P", "-B", "-c", RUN, "run", "small.yaml", "--json", "-q", "--no-quality"],
        cwd=package,
        env={"PYTHONPATH": str(package), **environment},
        user=user,
        group=user,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        timeout=300,
    )


def answer(done: subprocess.CompletedProcess[str]) -> dict:
    """The document of a call that went well."""
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def expected(package) -> dict:
    """What the scenario's answer is."""
    return answer(call(package, HOME=str(package)))


def test_nothing_is_kept_beside_the_code(package, expected):
    """What a package that is taken away leaves behind would be found instead of the one that takes its place."""
    assert expected
    assert list((package / "simulator").rglob("__pycache__")) == []
    assert any((package / ".cache" / "capacity-simulator").rglob("*.nbi"))


@pytest.mark.parametrize("processes", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_processes_race_on_a_cold_cache(package, expected, tmp_path, processes):
    """All of them answer, and alike."""
    shutil.copytree(package, tmp_path / "cold", ignore=shutil.ignore_patterns("__pycache__"))
    with ThreadPoolExecutor(processes) as pool:
        found = list(pool.map(lambda _: answer(call(tmp_path / "cold", HOME=str(tmp_path))), range(processes)))
    assert found == [expected] * processes


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without rights")


@needs_root
@pytest.mark.parametrize("temporary", ["writable", "none"])
def test_without_a_home_and_with_read_only_packages(package, expected, tmp_path, temporary):
    """A user without a home that may write to nothing but perhaps a temporary folder gets the same answer.

    With a temporary folder, what was compiled is kept in it, in a folder that nobody else can look into.
    """
    place = tmp_path / "tmp"
    place.mkdir()
    place.chmod(0o777 if temporary == "writable" else 0o755)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    if not reachable(sys.executable, NOBODY):
        pytest.skip("the interpreter lies where another user may not go")
    done = call(package, NOBODY, TMPDIR=str(place)) if temporary == "writable" else sealed(package, place)
    assert answer(done) == expected
    kept = list(place.iterdir())
    if temporary == "writable":
        assert [(folder.name, folder.stat().st_mode & 0o777) for folder in kept] == [(f"simulator-{NOBODY}", 0o700)]
        assert any(kept[0].rglob("*.nbi"))
    else:
        assert kept == []
    assert not (package / "~").exists()


def sealed(package: Path, place: Path) -> subprocess.CompletedProcess[str]:
    """Run where no temporary folder can be written to either, /tmp and its like taken out of Python's list."""
    script = (
        f"import tempfile; tempfile._candidate_tempdir_list = lambda: [{str(place)!r}]\n"  # what it would try
        f"{RUN}"
    )
    return subprocess.run(
        [sys.executable, "-P", "-B", "-c", script, "run", "small.yaml", "--json", "-q", "--no-quality"],
        cwd=package,
        env={"PYTHONPATH": str(package)},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=300,
    )


def reachable(path: str, user: int) -> bool:
    """Whether another user can run a program and read its libraries."""
    probe = [path, "-c", "import numba, pydantic, simpy"]
    try:
        done = subprocess.run(probe, user=user, group=user, extra_groups=[], env={}, cwd="/", capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0


def test_a_folder_that_others_may_write_to_is_never_read(tmp_path, monkeypatch):
    """What was compiled is unpickled, so a folder of somebody else's, or a link to one, is left alone."""
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    own = tmp_path / f"simulator-{os.getuid()}"
    assert places.own_folder() == own
    own.chmod(0o770)
    assert places.own_folder() is None
    own.rmdir()
    own.symlink_to(tmp_path)
    assert places.own_folder() is None


@pytest.mark.parametrize("temporary", ["writable", "none"])
def test_without_a_home_data_and_trained_rankers_are_kept_where_there_is_a_place(tmp_path, monkeypatch, temporary):
    """In a temporary folder of the user's own; where there is none, nothing is kept and nothing fails."""
    for name in ("HOME", "XDG_CACHE_HOME", "SIMULATOR_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(
        places.tempfile, "gettempdir", lambda: str(tmp_path / ("" if temporary == "writable" else "no"))
    )
    made = [kept("numbers", "key", lambda: np.arange(3.0)) for _ in range(2)]
    assert all(np.array_equal(one, [0, 1, 2]) for one in made)
    assert [path.name for path in tmp_path.rglob("*.npz")] == (["numbers.npz"] if temporary == "writable" else [])
    assert cached("movielens-100k") is None


def no_home() -> Path:
    """What Path.home does for a user that the machine does not know."""
    raise RuntimeError("Could not determine home directory.")
