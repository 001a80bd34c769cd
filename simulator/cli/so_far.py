"""What there is when work ends early: on Ctrl-C, or after --time-limit."""

from typing import TYPE_CHECKING, TypeVar

from simulator.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["so_far"]

T = TypeVar("T")
P = TypeVar("P")


def so_far(part: type[P], work: "Callable[[], T]") -> T | P:
    """Return what `work` comes to; where it is ended early, the `part` that it leaves, if it leaves such a one."""
    try:
        return work()
    except Interrupted as interrupt:
        if not isinstance(interrupt.found, part):
            raise
        return interrupt.found
