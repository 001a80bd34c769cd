"""Named streams of random numbers for the making of data and the training of models."""

import numpy as np

__all__ = ["generator"]


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Return the Philox generator of `purpose` under `seed`, independent of every other purpose's.

    Parameters
    ----------
    seed
        A whole number from 0.
    purpose
        What the numbers are for, such as ``"users"``; the same seed and purpose always give the same numbers.
    """
    if seed < 0:
        raise ValueError(f"a seed is a whole number from 0; got {seed}")
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode()))
    return np.random.Generator(np.random.Philox(sequence))
