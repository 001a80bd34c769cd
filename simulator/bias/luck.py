"""The loop's random numbers: each a pure function of what it is for, so arms that differ share all other luck.

An address is (seed, replication, purpose; step and user, counter), as those of the engines are.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.data.randomness import generator
from simulator.draws import stream_of, uniform_at
from simulator.kernels import jit

__all__ = ["Luck"]


@dataclass(frozen=True)
class Luck:
    """Streams of one seed.

    Attributes
    ----------
    seed
        A whole number from 0.
    replications
        R, independent of one another.
    """

    seed: int
    replications: int
    _streams: dict[str, NDArray[np.uint64]] = field(default_factory=dict, repr=False)

    def streams(self, purpose: str) -> NDArray[np.uint64]:
        """Return the stream of `purpose` in each replication, shape (R,)."""
        if purpose not in self._streams:
            streams = [stream_of(self.seed, r, purpose, "bias") for r in range(self.replications)]
            self._streams[purpose] = np.array(streams, dtype=np.uint64)
        return self._streams[purpose]

    def uniforms(self, purpose: str, count: int, step: int = 0) -> NDArray[np.float64]:
        """Return `count` numbers in (0, 1) of `purpose` in a step, shape (R, count); the first do not depend on it."""
        return _uniforms(self.streams(purpose), count, step)

    def generators(self, purpose: str) -> list[np.random.Generator]:
        """Return a generator of `purpose` for each replication, for what NumPy draws."""
        return [generator(self.seed, f"bias {purpose} {r}") for r in range(self.replications)]


@jit()
def _uniforms(streams: NDArray[np.uint64], count: int, step: int) -> NDArray[np.float64]:
    """Return the numbers of each stream."""
    out = np.empty((len(streams), count))
    for r, stream in enumerate(streams):
        for n in range(count):
            out[r, n] = uniform_at(stream, step, n)
    return out
