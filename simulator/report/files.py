"""Writing files so that nothing is ever half-written: beside the target first, then renamed over it."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from simulator.errors import OutputError, SimulatorError

__all__ = ["check_writable", "make_folder", "unwritten", "write_bytes", "write_text"]

FULL = (errno.ENOSPC, errno.EDQUOT)
READABLE = 0o666
"""Who may read and write a new file, but for what the user's mask takes away."""
NAMELESS = hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir()
"""Whether the system has files without a name, and a way to name them: Linux."""


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in UTF-8; raises OutputError if that cannot be done, leaving what was there."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, leaving what was there where that cannot be done.

    Raises
    ------
    OutputError
        If the file cannot be written.
    SimulatorError
        If there is no space left.
    """
    beside = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        _write_beside(beside, content)
        beside.replace(path)
    except OSError as error:
        raise unwritten(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _write_beside(path: Path, content: bytes) -> None:
    """Write a new file, without a name until it is whole where the disk and the system know that."""
    if NAMELESS:
        try:
            _write_nameless(path, content)
        except OSError as error:
            if error.errno in FULL:
                raise
        else:
            return
    _write_named(path, content)


def _write_nameless(path: Path, content: bytes) -> None:
    """Write a new file that gets its name when it is whole: of a process that is killed before, nothing is left."""
    with os.fdopen(os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, READABLE), "wb") as file:
        file.write(content)
        file.flush()
        # With a folder's descriptor, which an absolute path makes no use of, Python follows the link to the file.
        os.link(f"/proc/self/fd/{file.fileno()}", path.absolute(), src_dir_fd=file.fileno())


def _write_named(path: Path, content: bytes) -> None:
    """Write a new file under its name."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, READABLE), "wb") as file:
        file.write(content)


def unwritten(path: Path, error: OSError) -> SimulatorError:
    """Return the error of a file that could not be written: the user's, but for a disk that is full."""
    if error.errno in FULL:
        return SimulatorError(f"{path}: no space left on its disk; what was there is as it was: make room, call again")
    return OutputError(f"{path}: cannot be written ({error.strerror}); choose another place with --out")


def check_writable(path: Path) -> None:
    """Raise OutputError if a file cannot be written to `path`: better before long work than after it."""
    if path.is_dir():
        raise OutputError(f"{path}: a folder; give the path of a file with --out")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: no such folder; make it, or choose another place with --out")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path.parent}: cannot be written to; choose another place with --out")


def make_folder(path: Path) -> None:
    """Make `path` and its parents; raises OutputError if that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be made a folder ({error.strerror}); choose another place with -o"
        ) from error
