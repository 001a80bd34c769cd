"""A process that has everything loaded and forks for each call, so that a test waits for the command and not its start.

What comes to it are lines of JSON, with the arguments, the folder and the two files that stdout and stderr go to; what
it answers are exit codes, a line each.
"""

import atexit
import gc
import json
import os
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn

import simulator
from simulator.cli.app import main

LEFT_OUT = ("simulator.web", "simulator.serving", "simulator.sweep")
"""What starts something, or needs what may not be there."""
PATIENCE_S = 120
FUNNEL = [{"name": "s", "shards": 2, "replicas": 2, "cost": {"distribution": "exponential", "mean": "1ms"}}]
SMALL = {"name": "warm", "traffic": {"candidates": 10, "qps": 10, "queries": 50, "replications": 2}, "funnel": FUNNEL}
HEDGED = SMALL | {"funnel": [FUNNEL[0] | {"hedging": {"after": "2ms"}}]}


def serve() -> None:
    """Load all there is, then fork for each line of stdin."""
    for module in walk_packages(simulator.__path__, "simulator."):
        if not module.name.startswith(LEFT_OUT):
            import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:  # kernels are loaded when they are first called
        for number, scenario in enumerate((SMALL, HEDGED)):
            path = Path(folder) / f"{number}.yaml"
            path.write_text(json.dumps(scenario))
            sys.argv = ["simulator", "run", str(path), "--out", os.devnull, "-q"]
            assert _code_of_main() == 0
    gc.freeze()
    time.sleep(0.5)  # until the runs' threads have ended: none may be there in a fork
    _answer(0)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _begin(asked)
            _end(_code_of_main())
        _, status = os.waitpid(child, 0)
        _answer(os.waitstatus_to_exitcode(status))


def _code_of_main() -> int:
    """Return the exit code of the command in sys.argv."""
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _end(code: int) -> NoReturn:
    """End a fork as the interpreter ends, but for taking to pieces all that was loaded."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _begin(asked: dict) -> None:
    """Turn a fork into a process that was started to call the command."""
    with Path(os.devnull).open() as nothing, Path(asked["out"]).open("w") as out, Path(asked["err"]).open("w") as err:
        for file, number in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(file.fileno(), number)
    os.chdir(asked["folder"])
    signal.alarm(PATIENCE_S)  # ends what hangs
    sys.argv = ["simulator", *asked["arguments"]]


def _answer(code: int) -> None:
    """Say how a call ended."""
    sys.stdout.write(f"{code}\n")
    sys.stdout.flush()
