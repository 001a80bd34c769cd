"""Adam with a step size that falls to zero, and the choice of the best epoch by held-out loss.

Source: Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulator.data.features import FloatArray
from simulator.rankers.base import Parameters

__all__ = ["Adam", "Schedule", "at_rate", "descend", "losses_watched"]

Batch = TypeVar("Batch")

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-8

_WATCHED: ContextVar[list[list[float]] | None] = ContextVar("watched", default=None)
_RATE: ContextVar[float] = ContextVar("rate", default=1.0)


class Adam:
    """The running moments of the gradient of each parameter block, zero at first."""

    def __init__(self, parameters: Parameters) -> None:
        self._steps = 0
        self._mean = {name: np.zeros_like(block) for name, block in parameters.items()}
        self._square = {name: np.zeros_like(block) for name, block in parameters.items()}

    def step(self, parameters: Parameters, gradient: Parameters, rate: float) -> dict[str, FloatArray]:
        """Return new parameters, one step of size `rate` against `gradient`; the old ones stay."""
        self._steps += 1
        grown_mean, grown_square = 1 - BETA_1**self._steps, 1 - BETA_2**self._steps
        moved: dict[str, FloatArray] = {}
        for name, slope in gradient.items():
            mean, square = self._mean[name], self._square[name]
            mean += (1 - BETA_1) * (slope - mean)
            square += (1 - BETA_2) * (slope * slope - square)
            size = np.sqrt(square / grown_square) + EPSILON
            moved[name] = parameters[name] - rate / grown_mean * mean / size
        return moved


@dataclass(frozen=True)
class Schedule:
    """How long to train and how fast: `epochs` passes, the first step of size `rate`, the last near zero.

    Little data gets more passes, as many as make `least_steps` steps: what is learnt from few samples is then bounded
    by them, not by how seldom they were looked at. The choice of the epoch keeps it from going too far.
    """

    epochs: int
    rate: float
    least_steps: int = 0

    def passes(self, batches: int) -> int:
        """Return how often to pass over so many batches, at least 1."""
        return max(self.epochs, -(-self.least_steps // batches))


@contextmanager
def losses_watched() -> Iterator[list[list[float]]]:
    """Collect the loss on held-out data after each epoch of every descent in the body."""
    courses: list[list[float]] = []
    token = _WATCHED.set(courses)
    try:
        yield courses
    finally:
        _WATCHED.reset(token)


@contextmanager
def at_rate(times: float) -> Iterator[None]:
    """Multiply the step sizes of every descent in the body by `times`, above 0."""
    token = _RATE.set(times)
    try:
        yield
    finally:
        _RATE.reset(token)


def descend(
    loss_and_gradient: Callable[[Parameters, Batch], tuple[float, Parameters]],
    parameters: Parameters,
    epoch: Callable[[], Sequence[Batch]],
    held_out: Batch,
    schedule: Schedule,
    frozen: Collection[str] = (),
) -> Parameters:
    """Return the parameters after the epoch whose loss on `held_out` was least.

    Parameters
    ----------
    loss_and_gradient
        The loss of a batch and its gradient by parameter.
    parameters
        Where to start.
    epoch
        Gives the batches of one more pass, at least one, the same number each time.
    held_out
        The batch to choose the epoch by.
    schedule
        How long and how fast, times that of `at_rate`; the step size falls in a straight line.
    frozen
        Names of parameters that stay as they are.

    Raises
    ------
    ValueError
        Where a name of `frozen` is none of a parameter.
    """
    unknown = set(frozen) - parameters.keys()
    if unknown:
        raise ValueError(f"frozen: expected names among {', '.join(parameters)}; got {', '.join(sorted(unknown))}")
    adam = Adam(parameters)
    best, losses = parameters, [np.inf]
    batches = epoch()
    passes, rate = schedule.passes(len(batches)), schedule.rate * _RATE.get()
    for done in range(passes):
        for i, batch in enumerate(batches if done == 0 else epoch()):
            left = 1 - (done + i / len(batches)) / passes
            _, gradient = loss_and_gradient(parameters, batch)
            moving = {name: slope for name, slope in gradient.items() if name not in frozen}
            parameters = {**parameters, **adam.step(parameters, moving, rate * left)}
        loss, _ = loss_and_gradient(parameters, held_out)
        if loss < min(losses):
            best = parameters
        losses.append(loss)
    watched = _WATCHED.get()
    if watched is not None:
        watched.append(losses[1:])
    return best
