"""Where a process may keep something for the next one, also on a machine that gives its user nothing."""

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["cache_folder", "own_folder"]


def cache_folder() -> Path | None:
    """Return our folder in the user's cache, which may not be there yet: XDG_CACHE_HOME, or ~/.cache.

    Without a home that is a folder of the user's own in the temporary one; None if there is none.
    """
    cache = os.environ.get("XDG_CACHE_HOME")
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    if cache or home.is_absolute():
        return Path(cache or home / ".cache") / "capacity-simulator"
    return own_folder()


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
