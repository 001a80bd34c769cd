"""What tests of several folders share."""

import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

import simulator
from simulator.kernels import KEPT
from simulator.scenario.load import load_scenario

ROOT = Path(__file__).parent.parent
PACKAGE = Path(simulator.__file__).parent

settings.register_profile("untimed", deadline=None)  # the first example may load kernels, and machines are shared
settings.load_profile("untimed")


def pytest_configure() -> None:
    """Throw away compiled kernels that are older than any source: Numba looks only at the kernel's own file."""
    kernels = list(KEPT.rglob("*.nb?")) if KEPT else []
    sources = [
        PACKAGE / "draws.py",
        PACKAGE / "kernels.py",
        *(path for room in ("engine", "policies", "bias") for path in (PACKAGE / room).rglob("*.py")),
    ]
    if kernels and min(map(_changed, kernels)) < max(map(_changed, sources)):
        for kernel in kernels:
            kernel.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    """When a file was last written; now, if another process has just removed it."""
    return path.stat().st_mtime if path.exists() else float("inf")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep the matrices of all tests to one thread: two on a busy machine wait for each other, ten times as long."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def scaled_down():
    """Load a shipped scenario with at most 20 shards and 200 queries."""

    def load(name: str):
        path = ROOT / "scenarios" / f"{name}.yaml"
        settings = ["traffic.queries=200", "traffic.warmup=0", "traffic.candidates=100_000"]
        funnel = load_scenario(path).funnel
        settings += [f"funnel.{stage.name}.shards={min(stage.shards, 20)}" for stage in funnel]
        return load_scenario(path, settings)

    return load


@pytest.fixture
def browser():
    """Debian's Chromium, driven by playwright; skips where either is not there."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
