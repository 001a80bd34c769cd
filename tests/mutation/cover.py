"""How much of the engines and the statistics the quick tests run: `python tests/mutation/cover.py`, in four minutes.

Needs coverage beside what the tests need (`pip install coverage`). The kernels' lines are counted with the compiler
off, where few queries take seconds; threads and Ctrl-C by the tests that need it on. Prints what no test runs.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from run import MUTATED, ROOT, TESTS

COMPILED = (
    "tests/unit/engine",
    "tests/unit/statistics",
    "tests/unit/capacity/test_interrupted.py",
    "tests/unit/capacity/test_sampling.py",
)
QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore:overflow encountered:RuntimeWarning")


def main() -> None:
    """Run the tests with the compiler off and on, and print what both come to."""
    with TemporaryDirectory() as folder:
        counts = os.environ | {"COVERAGE_FILE": str(Path(folder) / "counts")}
        counted = ",".join(f"{part}/*" for part in MUTATED)
        run = ("run", "--parallel-mode", "--branch", f"--include={counted}", "-m", "pytest", *QUIET)
        coverage(*run, *TESTS, env=counts | {"NUMBA_DISABLE_JIT": "1"})
        coverage(*run, *COMPILED, env=counts)
        coverage("combine", "--quiet", env=counts)
        coverage("report", "--show-missing", "--skip-covered", env=counts)


def coverage(*arguments: str, env: dict[str, str]) -> None:
    """Run a command of coverage in the repository; raises CalledProcessError if it fails."""
    subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT, env=env, check=True)


if __name__ == "__main__":
    main()
