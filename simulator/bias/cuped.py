"""An experiment's outcome with what was known before it taken out (CUPED): the same effect, less noise.

Source: Deng, Xu, Kohavi & Walker, "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data", WSDM 2013.

Shapes: n rows, all arms together; leading axes may hold replications.
"""

from dataclasses import dataclass

import numpy as np

from simulator.data.features import FloatArray
from simulator.errors import InputError

__all__ = ["Adjusted", "cuped"]


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Outcomes to compare in place of the raw ones.

    Attributes
    ----------
    outcome
        Each row's outcome less theta times how far it was from the mean before, shape (..., n).
    theta
        Covariance of outcome and before over the variance before, 0 where nothing varied before, shape (...).
    variance_left
        Variance of the adjusted over that of the raw outcome, 1 - rho^2, shape (...); rows needed fall by as much.
    """

    outcome: FloatArray
    theta: FloatArray
    variance_left: FloatArray


def cuped(outcome: FloatArray, before: FloatArray) -> Adjusted:
    """Return outcomes adjusted by one theta for all arms, so that a difference of arms keeps its expectation.

    Parameters
    ----------
    outcome
        What is compared, finite, shape (..., n), n at least 2.
    before
        Something about the same rows from before the experiment, such as their clicks then, finite, the same shape. It
        must not depend on the arm, or the effect itself is taken out.

    Raises
    ------
    InputError
        Where shapes differ, there are fewer than two rows, or a number is not finite.
    """
    if outcome.shape != before.shape or outcome.shape[-1] < 2:
        raise InputError(
            f"outcome and before have a value for each of two rows or more; got {outcome.shape} and {before.shape}"
        )
    if not (np.isfinite(outcome).all() and np.isfinite(before).all()):
        raise InputError("outcome and before are finite; got NaN or infinity among them: give rows seen before only")
    away = before - before.mean(axis=-1, keepdims=True)
    varied = (away**2).mean(axis=-1)
    theta = np.divide((away * outcome).mean(axis=-1), varied, out=np.zeros(varied.shape), where=varied > 0)
    adjusted = outcome - theta[..., None] * away
    raw = outcome.var(axis=-1)
    left = np.divide(adjusted.var(axis=-1), raw, out=np.ones(raw.shape), where=raw > 0)
    return Adjusted(adjusted, theta, left)
