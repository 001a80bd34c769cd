"""How kernels are compiled, and where what was compiled is kept: the one module that knows Numba's decorator.

Numba counts the references to every array, in atomic steps, wherever one is passed on or looked into; in a loop over
events that is half of the time. Kernels that make no array need none of it: Numba's own switch for that, `_nrt`, is not
among its documented ones, so it is used here alone.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

from simulator.places import has_home, own_folder

__all__ = ["jit", "kernel", "records"]

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


def records(shape: int | tuple[int, int], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Return records that are all zero, whose fields kernels read as attributes.

    Where Numba's NUMBA_DISABLE_JIT=1 leaves kernels to Python, that takes NumPy's view of records, and whole numbers of
    64 bits, as Numba makes of all that it reads.
    """
    if not _SETTINGS.DISABLE_JIT:
        return np.zeros(shape, dtype)
    wide = [
        (name, np.dtype(np.int64) if kind[0] == np.int32 else kind[0]) for name, kind in (dtype.fields or {}).items()
    ]
    return np.zeros(shape, wide).view(np.recarray)


def _keeps() -> bool:
    """Return whether compiled code can be kept: beside the code, in the user's cache, or in a folder of our own.

    The last is for a container with read-only packages and no home. Where nothing can be written to at all, every
    process compiles for itself.
    """
    if not _SETTINGS.CACHE_DIR and not has_home():  # Numba would make a folder called ~ in the working folder
        _SETTINGS.CACHE_DIR = str(own_folder() or "")
    if _can_keep():
        return True
    _SETTINGS.CACHE_DIR = str(own_folder() or "")
    return _can_keep()


def _can_keep() -> bool:
    """Return whether Numba finds a place that it can write to."""
    try:
        njit(cache=True)(_can_keep)  # looks for the place; compiles nothing
    except RuntimeError:
        return False
    return True


_KEEPS = _keeps()
