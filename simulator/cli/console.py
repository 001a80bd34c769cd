"""Where commands write: results to stdout, everything else to stderr."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from simulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

__all__ = ["check_choice", "progress", "progress_of_seconds", "show", "show_json", "warn"]

WIDTH = 100
"""Columns of a result that goes to a file or a pipe."""


def show(result: "RenderableType", out: Path | None = None) -> None:
    """Print a result for people, or write it to `out`."""
    if out is None:
        console = _console()
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = WIDTH
        console.print(result)
        return
    with StringIO() as text:
        _console(text, WIDTH).print(result)
        _write(out, text.getvalue())


def show_json(document: dict[str, Any], out: Path | None = None) -> None:
    """Print one JSON document, or write it to `out`; NaN and infinities are refused as a fault of ours."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)


def warn(messages: Sequence[str], *, quiet: bool) -> None:
    """Print warnings to stderr."""
    if quiet or not messages:
        return
    from rich.text import Text  # rich is loaded only by what prints

    console = _console(sys.stderr)
    for message in messages:
        console.print(Text("warning: ", style="yellow").append(message, style="default"), soft_wrap=True)


@contextmanager
def progress(what: str, *, quiet: bool) -> "Iterator[Callable[[float, float], None]]":
    """Show a progress bar on stderr while the body runs; yields what to call with (done, total)."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = _console(sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def progress_of_seconds(what: str, *, quiet: bool) -> "Iterator[Callable[[float, float, str], None]]":
    """Show a bar of time spent on stderr; yields what to call with (seconds spent, seconds in all, a note)."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[note]}"))
    console = _console(sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(what, note="")
        yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise InputError unless `value` is one of `choices`."""
    if value not in choices:
        raise InputError(f"{option}: expected one of {', '.join(choices)}, got {value!r}")


def _console(file: IO[str] | None = None, width: int | None = None) -> "Console":
    """Return a console on `file`, stdout unless given, that adds nothing to what it is given but style.

    With NO_COLOR it sends no escape codes at all, where rich would still send bold and dim.
    """
    from rich.console import Console  # rich is loaded only by what prints

    plain = bool(os.environ.get("NO_COLOR"))
    return Console(
        file=file, width=width, highlight=False, markup=False, emoji=False, color_system=None if plain else "auto"
    )


def _write(path: Path, text: str) -> None:
    """Write a whole file, beside it and renamed."""
    from simulator.report.files import write_text  # reports are loaded only when a file is written

    write_text(path, text)
