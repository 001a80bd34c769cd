"""`--time-limit`: work that takes longer ends as on Ctrl-C does, but for the exit code."""

import signal
from threading import Event
from types import FrameType
from typing import Annotated

import typer

from simulator.cli.options import seconds_of

__all__ = ["TimeLimit", "is_over", "start_clock"]

TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="TIME", help="Stop after this time, as in 10min; shows what there is."),
]

_OVER = Event()


def start_clock(limit: str | None) -> None:
    """Interrupt this process after the time that --time-limit says; raises InputError if that is none."""
    if limit is None:
        return
    seconds = seconds_of("--time-limit", limit)
    if not hasattr(signal, "setitimer"):
        from simulator.errors import InputError

        raise InputError("--time-limit: expected a system with interval timers, such as Linux or macOS; leave it out")
    signal.signal(signal.SIGALRM, _expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def is_over() -> bool:
    """Return whether the time is over."""
    return _OVER.is_set()


def _expire(signum: int, frame: FrameType | None) -> None:
    """End what runs as Ctrl-C does."""
    del signum, frame
    _OVER.set()
    raise KeyboardInterrupt
