"""How users go through a list: what they look at, and what they click.

Shapes: R replications, U users, k places of a list.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.bias.parts import in_parts
from simulator.bias.ranking import Asked
from simulator.draws import key_of, random_bits, uniform_of
from simulator.kernels import jit

__all__ = ["Reader", "expected_clicks", "make_reader", "read"]

Floats = NDArray[np.float32]
POSITION, CASCADE, BEST = range(3)
MODELS = {"position": POSITION, "cascade": CASCADE, "best": BEST}


@dataclass(frozen=True, eq=False)
class Reader:
    """A way to read a list.

    Attributes
    ----------
    model
        POSITION: place j is looked at with `looks[j]`, whatever stands there. CASCADE: from the top, on with `patience`
        after each item, until a click. BEST: all is looked at and what is likeliest to be clicked is clicked.
    looks
        Of POSITION, the probability to look at each place, shape (k,).
    patience
        Of CASCADE, the probability to look on after an item without a click.
    """

    model: int
    looks: NDArray[np.float64]
    patience: float

    @property
    def by_position(self) -> tuple[float, ...] | None:
        """How likely each place is looked at over the first; None where that depends on what stands above."""
        return tuple((self.looks / self.looks[0]).tolist()) if self.model == POSITION else None


def make_reader(model: str, slots: int, power: float, patience: float) -> Reader:
    """Return the reader of lists of `slots` places; of "position", place j is looked at with j^-`power`."""
    return Reader(MODELS[model], np.arange(1.0, slots + 1.0) ** -power, patience)


def read(reader: Reader, probability: Floats, click: NDArray[np.bool_], asked: Asked) -> None:
    """Write what is clicked, shape (R, U, k), of items of which each, looked at, is clicked with `probability`."""
    in_parts(_read, asked.mine.size, (reader.model, reader.looks, reader.patience), probability, click, asked)


def expected_clicks(reader: Reader, probability: Floats) -> Floats:
    """Return the expected clicks on each list of items with these probabilities, shape (..., k): shape (...)."""
    if reader.model == BEST:
        return np.ones(probability.shape[:-1], np.float32)
    if reader.model == POSITION:
        return np.asarray(probability @ reader.looks.astype(np.float32))
    reached = np.cumprod(reader.patience * (1.0 - probability[..., :-1]), axis=-1)  # of the places below the first
    return np.asarray(probability[..., 0] + np.sum(reached * probability[..., 1:], axis=-1))


@jit(nogil=True)
def _read(
    ends: tuple[int, int],
    reader: tuple[int, NDArray[np.float64], float],
    probability: Floats,
    click: NDArray[np.bool_],
    asked: Asked,
) -> None:
    """Write the clicks; one draw a place for looking, one for clicking."""
    model, looks, patience = reader
    _, U, k = probability.shape
    for cell in range(ends[0], ends[1]):
        r, u = cell // U, cell % U
        if not asked.mine[r, u]:
            continue
        key = key_of(asked.streams[r], asked.first + u, 0)
        if model == BEST:
            best = 0
            for j in range(k):
                click[r, u, j] = False
                if probability[r, u, j] > probability[r, u, best]:
                    best = j
            click[r, u, best] = True
            continue
        looking = True
        for j in range(k):
            luck = uniform_of(random_bits(key, 2 * j))
            if model == POSITION:
                looking = luck < looks[j]
            elif j > 0:
                looking = looking and luck < patience
            click[r, u, j] = looking and uniform_of(random_bits(key, 2 * j + 1)) < probability[r, u, j]
            if model == CASCADE and click[r, u, j]:
                looking = False
