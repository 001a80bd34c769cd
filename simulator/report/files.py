"""Writing files so that nothing is ever half-written: beside the target first, then renamed over it."""

import errno
import os
import tempfile
from pathlib import Path

from simulator.errors import OutputError, SimulatorError

__all__ = ["check_writable", "make_folder", "unwritten", "write_bytes", "write_text"]

FULL = (errno.ENOSPC, errno.EDQUOT)


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
    beside = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            file.write(content)
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            beside.unlink(missing_ok=True)
        raise unwritten(path, error) from error


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


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
