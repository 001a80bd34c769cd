"""Where commands write: results to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

__all__ = ["check_choice", "progress", "progress_of_seconds", "show", "show_json", "warn"]


def show(result: "RenderableType", out: Path | None = None) -> None:
    """Print a result for people, or write it to `out`."""
    from rich.console import Console  # rich is loaded only by what prints

    if out is None:
        Console(highlight=False).print(result)
        return
    console = Console(highlight=False, record=True, width=100, file=_Nowhere())
    console.print(result)
    _write(out, console.export_text())


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
    from rich.console import Console  # rich is loaded only by what prints

    console = Console(stderr=True, highlight=False)
    for message in messages:
        console.print(f"[yellow]warning:[/yellow] {message}")


@contextmanager
def progress(what: str, *, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    """Show a progress bar on stderr while the body runs; yields what to call with (done, total)."""
    from rich.console import Console  # rich is loaded only by what prints
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def progress_of_seconds(what: str, *, quiet: bool) -> "Iterator[Callable[[float, float, str], None]]":
    """Show a bar of time spent on stderr; yields what to call with (seconds spent, seconds in all, a note)."""
    from rich.console import Console  # rich is loaded only by what prints
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task(what, note="")
        yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise InputError unless `value` is one of `choices`."""
    if value not in choices:
        raise InputError(f"{option}: expected one of {', '.join(choices)}, got {value!r}")


def _write(path: Path, text: str) -> None:
    """Write a whole file, beside it and renamed."""
    from simulator.report.files import write_text  # reports are loaded only when a file is written

    write_text(path, text)


class _Nowhere:
    """A stream that swallows what a recording console also prints."""

    def write(self, text: str) -> int:
        """Take `text` and forget it."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""
