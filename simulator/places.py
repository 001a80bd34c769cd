"""Where a process may keep something for the next one, also on a machine that gives its user nothing."""

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["has_home", "own_folder"]


def has_home() -> bool:
    """Return whether this process's user has a home folder."""
    try:
        return Path.home().is_absolute()
    except RuntimeError:
        return False


def own_folder() -> Path | None:
    """Return a folder in the temporary one that only this user can look into or write to; None if there is none.

    A folder of somebody else's, or one that others may write to, is never used: what is read from it is believed.
    """
    if os.name != "posix":
        return None
    try:
        folder = Path(tempfile.gettempdir()) / f"simulator-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if own else None
