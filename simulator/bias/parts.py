"""Work on many users shared out among the cores, where there is enough of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from simulator.engine.replications import threads

__all__ = ["in_parts"]

LEAST = 100_000
"""Users below which a part is not worth a thread."""


def in_parts(kernel: Callable[..., None], cells: int, *arguments: object, least: int = LEAST) -> None:
    """Call `kernel`, which lets go of the interpreter, with ((first, last), *arguments) for all `cells`.

    Parts are worked on at once, so a kernel writes only what belongs to its own cells.

    Parameters
    ----------
    least
        Cells below which a part is not worth a thread.
    """
    parts = max(1, min(threads(), cells // least))
    if parts == 1:
        kernel((0, cells), *arguments)
        return
    ends = [cells * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(lambda ends: kernel(ends, *arguments), pairwise(ends)))
