"""How many candidates each shard gets.

Even shards get n // N each, the first n % N one more. Uneven shards have lognormal sizes, drawn once for a seed and a
stage (the same in every replication: a system has one layout) and spread so that their coefficient of variation is
exactly the one asked for; a query's candidates are dealt in proportion, rounded along the cumulative sizes.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniform_at
from simulator.kernels import kernel

__all__ = ["cumulative_sizes", "shard_candidates"]


def cumulative_sizes(cv: float, shards: int, seed: int, stage: str) -> NDArray[np.float64]:
    """Return the cumulative shares of `shards` uneven shards, shape (N + 1,), from 0 to 1.

    `cv` is below sqrt(N - 1), the most that N sizes can have.
    """
    stream = stream_of(seed, 0, "size", stage)
    normal = np.array([NormalDist().inv_cdf(uniform_at(stream, 0, j)) for j in range(shards)])
    low, high = 0.0, 1.0
    while _sizes(normal, high).std() < cv and high < 2.0**40:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _sizes(normal, middle).std() < cv else (low, middle)
    cumulative = np.concatenate([[0.0], np.cumsum(_sizes(normal, high) / shards)])
    cumulative[-1] = 1.0
    return np.minimum(cumulative, 1.0)


def _sizes(normal: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Return lognormal sizes of mean 1."""
    sizes = np.exp(sigma * (normal - normal.max()))
    return sizes / sizes.mean()


@kernel()
def shard_candidates(n: int, shards: int, shard: int, cumulative: NDArray[np.float64]) -> int:
    """Return how many of `n` candidates a shard gets; `cumulative` is empty where all are even."""
    if cumulative.size == 0:
        return n // shards + (1 if shard < n % shards else 0)
    return math.floor(n * cumulative[shard + 1]) - math.floor(n * cumulative[shard])
