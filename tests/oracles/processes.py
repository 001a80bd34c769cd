"""Whether processes are gone, also where nobody has collected what is left of them."""

import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["all_gone"]


def all_gone(pids: Iterable[int], within_s: float = 10.0) -> bool:
    """Return whether every process of these numbers has ended, or ends within so many seconds."""
    end, left = time.monotonic() + within_s, list(pids)
    while left and time.monotonic() < end:
        left = [pid for pid in left if _runs(pid)]
        time.sleep(0.05)
    return not left


def _runs(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
