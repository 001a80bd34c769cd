"""CUPED keeps the effect and takes out what was known before."""

import math

import numpy as np
import pytest

from simulator.bias.cuped import cuped
from simulator.errors import InputError


def correlated(seed, rho, shape, effect=0.0):
    """Outcomes with correlation rho to what was before; the second half of the rows has the effect on top."""
    rng = np.random.default_rng(seed)
    before = rng.normal(size=shape)
    outcome = rho * before + math.sqrt(1 - rho**2) * rng.normal(size=shape)
    outcome[..., shape[-1] // 2 :] += effect
    return outcome, before


def difference(values):
    """The mean of the second half of the rows less that of the first."""
    half = values.shape[-1] // 2
    return values[..., half:].mean(axis=-1) - values[..., :half].mean(axis=-1)


def test_theta_is_the_slope():
    """Covariance over variance: that of NumPy's straight line; what is left is one less the squared correlation."""
    outcome, before = correlated(1, 0.6, (500,))
    found = cuped(outcome, before)
    assert found.theta == pytest.approx(np.polyfit(before, outcome, 1)[0])
    assert found.variance_left == pytest.approx(1 - np.corrcoef(outcome, before)[0, 1] ** 2)
    assert found.outcome.mean() == pytest.approx(outcome.mean())


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_variance_of_the_effect_falls_by_the_squared_correlation(rho):
    """To (1 - rho^2) of the raw one over 4,000 replications of 400 rows (Deng et al. 2013, equation 4)."""
    outcome, before = correlated(2, rho, (4000, 400), effect=0.2)
    found = difference(cuped(outcome, before).outcome)
    squares = (found - found.mean()) ** 2
    assert abs(squares.mean() - 4 / 400 * (1 - rho**2)) < 4 * squares.std() / math.sqrt(4000)


def test_the_effect_stays():
    """The mean over 4,000 replications of the adjusted difference is the effect within 4 standard errors."""
    found = difference(cuped(*correlated(3, 0.9, (4000, 100), effect=0.2)).outcome)
    assert abs(found.mean() - 0.2) < 4 * found.std() / math.sqrt(4000)


def test_what_never_varied_changes_nothing():
    """No variance before: theta is 0 and the outcome is as it was; no variance at all is all left."""
    outcome = np.array([1.0, 2, 4])
    found = cuped(outcome, np.full(3, 7.0))
    assert (found.theta, found.variance_left) == (0, 1)
    assert (found.outcome == outcome).all()
    assert cuped(np.ones(3), outcome).variance_left == 1


def test_rows_not_seen_before_are_refused():
    """NaN before, and columns of two lengths."""
    with pytest.raises(InputError, match="give rows seen before only"):
        cuped(np.ones(3), np.array([1, np.nan, 2]))
    with pytest.raises(InputError, match=r"got \(3,\) and \(2,\)"):
        cuped(np.ones(3), np.ones(2))
