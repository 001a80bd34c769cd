"""How kernels are compiled, and where what was compiled is kept: the one module that knows Numba's decorator.

Numba counts the references to every array, in atomic steps, wherever one is passed on or looked into; in a loop over
events that is half of the time. Kernels that make no array need none of it: Numba's own switch for that, `_nrt`, is not
among its documented ones, so it is used here alone.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

__all__ = ["jit", "kernel"]

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS: Any = config  # a module whose names are made when it is loaded


def jit(**options: Any) -> Callable[[F], F]:  # noqa: ANN401  Numba's own options
    """Return a decorator that compiles a function when it is first called, and keeps that for the next process.

    `options` are njit's, such as nogil=True.
    """
    compiled: Callable[[F], F] = njit(cache=_KEEPS, **options)
    return compiled


def kernel(**options: str) -> Callable[[F], F]:
    """Return a decorator as of `jit` for a function that makes no array; compiled, it does not hold the GIL."""
    return jit(nogil=True, _nrt=False, **options)


def _keeps() -> bool:
    """Return whether compiled code can be kept: beside the code, in the user's cache, or in a folder of our own.

    The last is for a container with read-only packages and no home. Where nothing can be written to at all, every
    process compiles for itself.
    """
    if not _SETTINGS.CACHE_DIR and not _has_home():  # Numba would make a folder called ~ in the working folder
        _SETTINGS.CACHE_DIR = _own_folder()
    if _can_keep():
        return True
    _SETTINGS.CACHE_DIR = _own_folder()
    return _can_keep()


def _can_keep() -> bool:
    """Return whether Numba finds a place that it can write to."""
    try:
        njit(cache=True)(_has_home)  # looks for the place; compiles nothing
    except RuntimeError:
        return False
    return True


def _has_home() -> bool:
    """Return whether this process's user has a home folder."""
    try:
        return Path.home().is_absolute()
    except RuntimeError:
        return False


def _own_folder() -> str:
    """Return a folder in the temporary one that only this user can look into or write to; nothing if there is none.

    What was compiled is unpickled, which runs whatever it says: a folder of somebody else's is never read.
    """
    if os.name != "posix":
        return ""
    try:
        folder = Path(tempfile.gettempdir()) / f"simulator-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return ""
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return str(folder) if own else ""


_KEEPS = _keeps()
