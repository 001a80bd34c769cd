"""What changed copies of pictures are worth in real ones: turned and shifted, learnt from, judged on unchanged ones.

A model that learns n pictures and their copies errs as one that learns m real pictures. Each copy is then worth
(m - n) / (copies of a picture x n) of a real picture, which may be below 0: copies that look like nothing in the test
pictures do harm.

Shapes: N pictures of H x W.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from simulator.distributions.base import FloatArray
from simulator.errors import InputError
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["Change", "CopyWorth", "Learn", "changed", "worth_of_copies"]

Labels = NDArray[np.int64]
Learn = Callable[[FloatArray, Labels], Callable[[FloatArray], Labels]]
"""From pictures, (N, H, W), and labels, (N,), to what labels pictures."""


@dataclass(frozen=True)
class Change:
    """How copies of a picture differ from it.

    Attributes
    ----------
    degrees
        Each is rotated by up to so many, either way.
    pixels
        Each is shifted by up to so many in either direction, between pixels too.
    copies
        Of each picture, at least 1.
    """

    degrees: float
    pixels: float
    copies: int = 3


@dataclass(frozen=True)
class CopyWorth:
    """What copies were worth at one number of pictures.

    Attributes
    ----------
    samples
        Real pictures, n.
    error, with_copies
        Share of the test pictures labelled wrong by what learnt from them alone, and with their copies.
    worth
        Of a copy in real pictures, with its 95% interval over seeds.
    """

    samples: int
    error: Estimate
    with_copies: Estimate
    worth: Estimate


def changed(pictures: FloatArray, change: Change, rng: np.random.Generator) -> FloatArray:
    """Return one changed copy of each of `pictures`, (N, H, W); what comes in from outside is 0."""
    middle = (np.array(pictures.shape[1:]) - 1) / 2
    copies = np.empty_like(pictures)
    for copy, picture in zip(copies, pictures, strict=True):
        angle = np.deg2rad(rng.uniform(-change.degrees, change.degrees))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = rng.uniform(-change.pixels, change.pixels, 2)
        affine_transform(picture, turn, offset=middle - turn @ (middle + shift), output=copy, order=1)
    return copies


def worth_of_copies(
    pictures: tuple[FloatArray, Labels], learn: Learn, change: Change, sizes: Sequence[int], seeds: int
) -> list[CopyWorth]:
    """Return what changed copies are worth at each but the first and the last of `sizes`.

    Parameters
    ----------
    pictures
        All there are, (N, H, W), and their labels, (N,); those beyond the largest size are the test.
    sizes
        Numbers of real pictures, rising, at least three: those beside a size say how far more real ones would help.
    seeds
        Splits, at least 2.

    Raises
    ------
    InputError
        Where there are too few sizes, seeds or pictures.
    """
    images, labels = pictures
    if len(sizes) < 3 or seeds < 2 or sizes[-1] >= len(images):
        raise InputError(
            f"expected at least 3 sizes below the {len(images):,} pictures and 2 seeds, got {len(sizes)} sizes up to "
            f"{sizes[-1]:,} and {seeds} seeds"
        )
    plain, copied = np.empty((len(sizes), seeds)), np.empty((len(sizes), seeds))
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(images))
        test = order[sizes[-1] :]
        for i, size in enumerate(sizes):
            own, known = images[order[:size]], labels[order[:size]]
            copies = [own, *(changed(own, change, rng) for _ in range(change.copies))]
            for errors, shown in ((plain, [own]), (copied, copies)):
                label = learn(np.concatenate(shown), np.tile(known, len(shown)))
                errors[i, seed] = np.mean(label(images[test]) != labels[test])
    return [_worth(sizes, plain, copied[i], i, change.copies) for i in range(1, len(sizes) - 1)]


def _worth(sizes: Sequence[int], plain: FloatArray, copied: FloatArray, at: int, copies: int) -> CopyWorth:
    """Return the worth at one size: of the means over seeds, and its interval by leaving out one seed at a time."""
    seeds = copied.size
    all_of = _in_real(sizes, plain.mean(axis=1), copied.mean(), at, copies)
    without = [
        _in_real(sizes, np.delete(plain, s, axis=1).mean(axis=1), np.delete(copied, s).mean(), at, copies)
        for s in range(seeds)
    ]
    worth = estimate([seeds * all_of - (seeds - 1) * one for one in without])  # pseudo-values
    return CopyWorth(sizes[at], estimate(plain[at].tolist()), estimate(copied.tolist()), worth)


def _in_real(sizes: Sequence[int], plain: FloatArray, error: float, at: int, copies: int) -> float:
    """Return the worth of a copy from mean errors: log error is a straight line of log samples around a size."""
    log_n, log_error = np.log([sizes[at - 1], sizes[at + 1]]), np.log(np.maximum(plain[[at - 1, at + 1]], 1e-9))
    if not log_error[1] < log_error[0]:
        raise InputError(
            f"expected fewer errors from {sizes[at + 1]:,} pictures than from {sizes[at - 1]:,}, got "
            f"{plain[at + 1]:.4g} after {plain[at - 1]:.4g}: what more pictures are worth is not known; "
            "take more seeds, or other sizes"
        )
    power = (log_n[1] - log_n[0]) / (log_error[1] - log_error[0])
    return float((max(error, 1e-9) / max(plain[at], 1e-9)) ** power - 1) / copies
