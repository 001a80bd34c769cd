"""Addressed random numbers: every draw is a pure function of what it is for, so order never matters.

An address is (seed, replication, purpose, stage; query, attempt, shard). The first four, known before a run,
are hashed by BLAKE2b into a 64-bit *stream*; inside a stream, two rounds of the SplitMix64 finaliser turn
(query, attempt) into a *key* and (key, shard) into 64 random bits.

Sources: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (the finaliser, variant
13 of Stafford's mixers, and the golden gamma); Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011
(counter-based generators).
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import jit

__all__ = ["MAX_ATTEMPTS", "key_of", "random_bits", "stream_of", "uniform", "uniform_at", "uniform_of", "uniforms"]

MAX_ATTEMPTS = 1 << 12

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHARD_GAMMA = np.uint64(0xD1B54A32D192ED03)
_FACTOR_1 = np.uint64(0xBF58476D1CE4E5B9)
_FACTOR_2 = np.uint64(0x94D049BB133111EB)
_ATTEMPT_BITS = np.uint64(12)
_27, _30, _31, _12 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(12)


def stream_of(seed: int, replication: int, purpose: str, stage: str = "") -> np.uint64:
    """Return the 64-bit stream of all draws for `purpose` at the stage named `stage` in one replication."""
    address = f"{seed}\0{replication}\0{purpose}\0{stage}".encode()
    return np.uint64(int.from_bytes(blake2b(address, digest_size=8).digest(), "little"))


@jit(inline="always")
def _mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits so that every input bit moves every output bit about half the time."""
    z = (z ^ (z >> _30)) * _FACTOR_1
    z = (z ^ (z >> _27)) * _FACTOR_2
    return z ^ (z >> _31)


@jit(inline="always")
def key_of(stream: np.uint64, query: int, attempt: int) -> np.uint64:
    """Return the key of one query's attempt in `stream`; `attempt` is below MAX_ATTEMPTS."""
    counter = (np.uint64(query) << _ATTEMPT_BITS) | np.uint64(attempt)
    return _mix(stream + counter * _GOLDEN)


@jit(inline="always")
def random_bits(key: np.uint64, shard: int) -> np.uint64:
    """Return the 64 random bits at `shard` under `key`."""
    return _mix(key + np.uint64(shard) * _SHARD_GAMMA)


@jit(inline="always")
def uniform_of(bits: np.uint64) -> float:
    """Return the uniform number of `bits`: a midpoint of 2^52 equal cells of (0, 1), so u and 1 - u are exact."""
    return (np.float64(np.int64(bits >> _12)) + 0.5) * 2.0**-52


@jit()
def uniform_at(stream: np.uint64, query: int, shard: int, attempt: int = 0) -> float:
    """Return the uniform number in (0, 1) of one query, shard and attempt in `stream`."""
    return uniform_of(random_bits(key_of(stream, query, attempt), shard))


@jit()
def uniforms(stream: np.uint64, queries: int, first: int = 0) -> NDArray[np.float64]:
    """Return one uniform number in (0, 1) for each of `queries` queries of `stream` from `first` on, shape (Q,)."""
    out = np.empty(queries)
    for q in range(queries):
        out[q] = uniform_at(stream, first + q, 0)
    return out


def uniform(address: tuple[int, int, str, str], query: int = 0, shard: int = 0, attempt: int = 0) -> float:
    """Return the uniform number in (0, 1) at one address.

    Parameters
    ----------
    address
        (seed, replication, purpose, stage); the stage is a name, empty for draws that belong to no stage.
    query, shard, attempt
        Whole numbers from 0; `attempt` below MAX_ATTEMPTS.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """
    if not 0 <= attempt < MAX_ATTEMPTS or query < 0 or shard < 0:
        raise ValueError(f"an address of non-negative numbers, attempt < {MAX_ATTEMPTS}; got {(query, shard, attempt)}")
    return float(uniform_at(stream_of(*address), query, shard, attempt))
