"""The `simulator` command: its subcommands, and how every failure becomes one message and an exit code."""

import errno
import gc
import os
import signal
import sys
from importlib.resources import files
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

from simulator.version import __version__

__all__ = ["main", "make_app", "top_level_help"]

DESCRIPTION = "A capacity planner for machine-learned ranking systems: latency, load and cost before you build."
HELP_OPTIONS: tuple[list[str], ...] = ([], ["--help"], ["-h"])
HELP_FILE = "help.txt"
OUT_OF_TIME, INTERRUPTED, TERMINATED = 5, 130, 143


def main() -> None:
    """Run the command line and exit with its code.

    The top-level help is a text made from the commands beforehand, so that showing it loads nothing.
    """
    try:
        if sys.argv[1:] in HELP_OPTIONS:
            sys.exit(_print(files("simulator.cli").joinpath(HELP_FILE).read_text(encoding="utf-8")))
        if sys.argv[1:] == ["--version"]:
            sys.exit(_print(f"{__version__}\n"))
        signal.signal(signal.SIGTERM, _terminate)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # nobody else's code runs, and none is looked for
        code = _guarded(sys.argv[1:])
    except KeyboardInterrupt:  # while modules load
        _complain("interrupted")
        code = INTERRUPTED
    gc.freeze()  # the interpreter's last collection would look through all that was loaded: up to a second
    sys.exit(code)


def _print(text: str) -> int:
    """Print what needs nothing loaded, and return the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        _complain(f"cannot be printed ({error.strerror})")
        return 1
    return 0


def _reader_left() -> int:
    """Return the exit code of a command whose reader left, of which Python must not complain at exit."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  to the end of the process
    return 0


def make_app() -> "typer.Typer":
    """Return the application with every command; their modules load their own heavy parts when called."""
    import typer  # not needed to show the help

    from simulator.cli import data

    app = typer.Typer(
        help=DESCRIPTION,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in _commands():
        app.command(command.__name__.rstrip("_"))(command)
    app.add_typer(data.data, name="data")
    return app


def _commands() -> "tuple[Callable[..., None], ...]":
    """Return what each command calls, in the order of the help."""
    from simulator.cli import (
        bias,
        calibrate,
        capacity,
        check,
        compare,
        diagnose,
        help_,
        optimize,
        report,
        run,
        schema,
        serve,
        size,
        sweep,
        train,
        validate,
        web,
    )

    return (
        check.check,
        run.run,
        capacity.capacity,
        compare.compare,
        size.size,
        optimize.optimize,
        train.train,
        bias.bias,
        diagnose.diagnose,
        sweep.sweep,
        report.report,
        calibrate.calibrate,
        validate.validate,
        serve.serve,
        web.web,
        schema.schema,
        help_.help_,
    )


def top_level_help() -> str:
    """Return the help of `simulator` itself, as the commands define it."""
    from typer.testing import CliRunner  # only to write the help file and to test it

    return CliRunner().invoke(make_app(), ["--help"], prog_name="simulator", env={"COLUMNS": "80"}).stdout


def _guarded(arguments: list[str]) -> int:
    """Return the exit code of one call; whatever goes wrong ends in one message on stderr."""
    import typer  # not needed to show the help

    from simulator.errors import SimulatorError

    try:
        code = make_app()(arguments, prog_name="simulator", standalone_mode=False)
    except SimulatorError as error:
        _complain(str(error))
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        return _reader_left()
    except MemoryError:
        _complain("not enough memory for this scenario; lower traffic.queries, shards or replications")
        return 5
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _usage_error_or_fault(error)
        _complain("no space left on the disk that is written to; make room and call again")
        return 1
    except Exception as error:  # noqa: BLE001  the last resort: a user never sees a traceback unless asked for
        return _usage_error_or_fault(error)
    if code == INTERRUPTED:  # typer has made an exit code of the interrupt already
        return _interrupted()
    return code if isinstance(code, int) else 0


def _interrupted() -> int:
    """Say why the work ended early, and return the exit code of that."""
    from simulator.cli.time_limit import is_over  # loads typer

    if is_over():
        _complain("stopped at --time-limit; raise it, or ask for less")
        return OUT_OF_TIME
    _complain("interrupted")
    return INTERRUPTED


def _usage_error_or_fault(error: Exception) -> int:
    """Show an error of the command line's parser, which knows how, or own up to a fault."""
    show = getattr(error, "show", None)
    if show is not None:
        show()
        return 2
    if os.environ.get("SIMULATOR_TRACEBACK"):
        raise error
    _complain(
        f"a fault of ours: {type(error).__name__}: {error}\n"
        "Please report it with the scenario; SIMULATOR_TRACEBACK=1 shows where it happened."
    )
    return 1


def _complain(message: str) -> None:
    """Print an error to stderr."""
    sys.stderr.write(f"error: {message}\n" if "\n" not in message else f"errors:\n{message}\n")


def _terminate(signum: int, frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C, with its own code."""
    del signum, frame
    sys.exit(TERMINATED)
