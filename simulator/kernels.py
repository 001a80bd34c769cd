"""How kernels are compiled, and where what was compiled is kept: the one module that knows Numba's decorator.

Numba counts the references to every array, in atomic steps, wherever one is passed on or looked into; in a loop over
events that is half of the time. Kernels that make no array need none of it: Numba's own switch for that, `_nrt`, is not
among its documented ones, so it is used here alone.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

from simulator.places import cache_folder, own_folder
from simulator.version import __version__

__all__ = ["KEPT", "jit", "kernel", "records"]

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS: Any = config  # a module whose names are made when it is loaded


def jit(**options: Any) -> Callable[[F], F]:  # noqa: ANN401  Numba's own options
    """Return a decorator that compiles a function when it is first called, and keeps that for the next process.

    `options` are njit's, such as nogil=True.
    """

    def decorate(function: F) -> F:
        return _compiled(function, KEPT, **options)

    return decorate


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


def _compiled(function: F, folder: Path | None, **options: Any) -> F:  # noqa: ANN401  Numba's own options
    """Return a function that compiles itself when it is first called, and keeps that in `folder` if there is one."""
    given, _SETTINGS.CACHE_DIR = _SETTINGS.CACHE_DIR, str(folder or "")  # which Numba looks at here and now
    try:
        compiled: F = njit(cache=folder is not None, **options)(function)
    finally:
        _SETTINGS.CACHE_DIR = given
    return compiled


def _kept() -> Path | None:
    """Return where compiled code is kept: in NUMBA_CACHE_DIR, in the user's cache, or in a folder of our own.

    Never beside the code, where it would outlive a package that is taken away, and its folders would then be found
    instead of the one that takes its place. The last is for a container with read-only packages and no home. Where
    nothing can be written to at all, every process compiles for itself.
    """
    package = hashlib.sha256(f"{__version__} {Path(__file__).parent}".encode()).hexdigest()[:12]
    homes = [cache_folder(), own_folder()]
    places = [Path(_SETTINGS.CACHE_DIR)] if _SETTINGS.CACHE_DIR else [home / "kernels" for home in homes if home]
    return next((place / package for place in places if _can_keep(place / package)), None)


def _can_keep(place: Path) -> bool:
    """Return whether Numba can keep what it compiles in a folder."""
    if _SETTINGS.DISABLE_JIT:
        return False
    try:
        looked: Any = _compiled(_can_keep, place)  # looks for the place; compiles nothing
    except RuntimeError:
        return False
    return Path(looked.stats.cache_path).is_relative_to(place)


KEPT = _kept()
"""The folder that holds what was compiled of this package; None if there is none."""
