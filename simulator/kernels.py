"""How the kernels that never allocate are compiled.

Numba counts the references to every array, in atomic steps, wherever one is passed on or looked into; in a loop over
events that is half of the time. Kernels that make no array need none of it: Numba's own switch for that, `_nrt`, is not
among its documented ones, so it is used here alone.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(**options: str) -> Callable[[F], F]:
    """Return a decorator that compiles a function which makes no array, and caches it; it does not hold the GIL.

    `options` are njit's, such as inline="always".
    """
    switches: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False, **options}
    compiled: Callable[[F], F] = njit(**switches)
    return compiled
