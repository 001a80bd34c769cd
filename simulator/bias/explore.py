"""Random items in the place of ranked ones, and the propensities of what is shown in the end.

Random traffic is the only place where what nobody has seen yet can be clicked, and the only one where every item is
seen evenly. By request a whole list is random; by slot single places of it are, each with an item that the list does
not show already.

Shapes: R replications, U users, k places of a list.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.bias.impressions import Impressions
from simulator.bias.parts import in_parts
from simulator.bias.ranking import Asked, Chances, Ranking, holds
from simulator.draws import key_of, random_bits, uniform_of
from simulator.kernels import jit

__all__ = ["explore", "log_propensities"]


def explore(rows: Impressions, share: float, by: str, alive: NDArray[np.int64], asked: Asked) -> None:
    """Put random items into `rows`, in place, and mark them.

    Parameters
    ----------
    rows
        Lists of the users that ask, as ranked.
    share
        Of the requests, or of the places, that become random; 0 to 1.
    by
        "request" or "slot"; by slot there are at least 2 k items.
    alive
        How many items there are, the first of all, shape (R,), at least k.
    asked
        The requests; its streams are those of exploration.
    """
    if share == 0.0:
        rows.random[asked.mine] = False
        return
    in_parts(_explore, asked.mine.size, rows.item, rows.random, (share, by == "request"), alive, asked)


def log_propensities(
    rows: Impressions, ranking: Ranking, exploration: tuple[float, str], alive: NDArray[np.int64], asked: Asked
) -> None:
    """Write the probability of each shown item in its place, of ranking and `exploration` (share, by) together."""
    share, by = exploration
    chances = ranking.chances(rows.item, asked)
    in_parts(_propensity, asked.mine.size, chances, (share, by == "request"), alive, asked.mine, rows.propensity)


@jit(nogil=True)
def _propensity(
    ends: tuple[int, int],
    chances: Chances,
    exploration: tuple[float, bool],
    alive: NDArray[np.int64],
    mine: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None:
    """Write the probability of each row; an item that is not ranked is drawn evenly from all, or all not ranked."""
    share, whole = exploration
    _, U, k = out.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not mine[r, u]:
            continue
        for j in range(k):
            random = 1.0 / alive[r] if whole else (1.0 - chances.anywhere[r, u, j]) / max(alive[r] - k, 1)
            out[r, u, j] = (1.0 - share) * chances.here[r, u, j] + share * random


@jit(nogil=True)
def _explore(
    ends: tuple[int, int],
    item: NDArray[np.int32],
    random: NDArray[np.bool_],
    exploration: tuple[float, bool],
    alive: NDArray[np.int64],
    asked: Asked,
) -> None:
    """Draw which lists or places are random, and what they show."""
    share, whole = exploration
    _, U, k = item.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not asked.mine[r, u]:
            continue
        key = key_of(asked.streams[r], asked.first + u, 0)
        shown, marked = item[r, u], random[r, u]
        some = chosen = uniform_of(random_bits(key, 0)) < share
        for j in range(k):
            marked[j] = chosen if whole else uniform_of(random_bits(key, j)) < share
            some = some or marked[j]
        if not some:
            continue
        ranked = shown.copy()
        counter = k
        for j in range(k):
            if not marked[j]:
                continue
            while True:
                counter += 1
                drawn = int(uniform_of(random_bits(key, counter)) * alive[r])
                if not holds(shown, j, drawn) and (whole or not holds(ranked, k, drawn)):
                    break
            shown[j] = drawn
