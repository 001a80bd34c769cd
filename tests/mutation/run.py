"""How many small faults in the engines and the statistics the tests notice: `python tests/mutation/run.py --share 20%`.

Needs mutmut beside what the tests need (`pip install mutmut==3.8.1`). A copy of the repository is mutated, without
Numba's decorators: mutmut leaves out what is decorated, and with the compiler off they do nothing. A sample of the
mutants is tried, the same each time; prints the score by module and every mutant that lived.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
MUTATED = ("simulator/engine", "simulator/statistics")
TESTS = (
    "tests/mutation",
    *(
        f"tests/unit/{name}.py"
        for name in (
            *(f"statistics/test_{part}" for part in ("course", "load", "measures", "moments", "occupancy")),
            *(f"statistics/test_{part}" for part in ("sample", "statistics", "summary", "warmup", "windows")),
            *(f"engine/test_{part}" for part in ("arrivals", "conservation", "measured_cost", "no_load")),
            *(f"engine/test_{part}" for part in ("order", "resolve", "runs")),
            "capacity/test_odd_runs",
        )
    ),
)
"""Those that do not take minutes without the compiler."""
DECORATOR = re.compile(r"^@(kernel|jit)\(.*\)\n", re.MULTILINE)
SETTINGS = """
[tool.mutmut]
source_paths = ["simulator"]
only_mutate = {mutated}
also_copy = ["scenarios", "README.md"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-W", "ignore:overflow encountered:RuntimeWarning"]
pytest_add_cli_args_test_selection = {tests}
"""
KILLED, LIVED, UNTESTED = "killed", "lived", "not tested"
ENDED = {0: LIVED, 5: UNTESTED, 33: UNTESTED}
"""What an exit code of a mutant's tests says; any other is a mutant that was noticed."""


def main() -> None:
    """Copy, mutate, try, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", default="100%", help="share of the mutants to try")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = Path(folder)
        copy(place)
        mutmut(place, asked.processes, ["simulator.no_such_module*"])  # only makes the mutants
        names = sorted(results(place))
        share = float(asked.share.removesuffix("%")) / 100
        chosen = random.Random(1).sample(names, round(share * len(names)))
        mutmut(place, asked.processes, chosen)
        found = results(place)
        report({name: found[name] for name in chosen}, place)


def copy(place: Path) -> None:
    """Copy the repository's files, the engines undecorated, and say what is to be mutated."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("reports/") and (ROOT / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    for folder in MUTATED:
        for path in (place / folder).glob("*.py"):
            path.write_text(DECORATOR.sub("", path.read_text()))
    with (place / "pyproject.toml").open("a") as file:
        file.write(SETTINGS.format(mutated=[f"{folder}/*" for folder in MUTATED], tests=list(TESTS)))


def mutmut(place: Path, processes: int, names: list[str]) -> None:
    """Try the mutants of some names; what mutmut says of its progress goes to stderr."""
    settings = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(place / "mutants")}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
    subprocess.run(command, cwd=place, env=settings, stdout=sys.stderr, check=False)


def results(place: Path) -> dict[str, int | None]:
    """Return the exit code of each mutant's tests by its name, None of one that was not tried."""
    found: dict[str, int | None] = {}
    for path in (place / "mutants" / "simulator").rglob("*.py.meta"):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def report(found: dict[str, int | None], place: Path) -> None:
    """Print the score by module, and the mutants that lived."""
    by_module: dict[str, Counter[str]] = {}
    for name, code in found.items():
        module = name.rpartition(".")[0]
        by_module.setdefault(module, Counter())[ENDED.get(code, KILLED) if code is not None else UNTESTED] += 1
    total = sum(by_module.values(), Counter())
    for module, counts in [*sorted(by_module.items()), ("all", total)]:
        say(f"{module:40} {counts[KILLED]:5} of {counts.total():5} noticed, {counts[KILLED] / counts.total():.0%}")
    for name, code in sorted(found.items()):
        if code is None or code in ENDED:
            command = [sys.executable, "-m", "mutmut", "show", name]
            shown = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).stdout
            say(f"\n{ENDED.get(code, UNTESTED)}: {name}\n{shown}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
