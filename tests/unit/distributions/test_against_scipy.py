"""The laws against SciPy's own distributions, in both tails."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from simulator.distributions.exponential import Exponential
from simulator.distributions.gamma import Gamma
from simulator.distributions.hyperexponential import Hyperexponential
from simulator.distributions.lognormal import Lognormal
from simulator.distributions.pareto import Pareto
from simulator.distributions.uniform import Uniform

MEAN = 0.004
TAILS = np.array([1e-15, 1e-9, 1e-4, 0.01, 0.3, 0.5])


def lognormal(cv):
    """SciPy's lognormal of mean MEAN."""
    sigma = math.sqrt(math.log1p(cv**2))
    return stats.lognorm(sigma, scale=MEAN * math.exp(-(sigma**2) / 2))


PAIRS = [
    (Uniform(low=0.001, high=0.007), stats.uniform(0.001, 0.006)),
    (Exponential(mean=MEAN), stats.expon(scale=MEAN)),
    (Lognormal(mean=MEAN, cv=0.3), lognormal(0.3)),
    (Lognormal(mean=MEAN, cv=3.0), lognormal(3.0)),
    (Gamma(mean=MEAN, cv=0.5), stats.gamma(4.0, scale=MEAN / 4)),
    (Gamma(mean=MEAN, cv=2.0), stats.gamma(0.25, scale=MEAN * 4)),
    (Pareto(mean=MEAN, alpha=2.5), stats.pareto(2.5, scale=MEAN * 0.6)),
]


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=lambda value: type(value).__name__)
def test_both_tails_are_scipys(law, oracle):
    """Down to a probability of 1e-15 in either tail, quantiles are SciPy's to ten digits."""
    assert law.quantile(TAILS, 1 - TAILS) == pytest.approx(oracle.ppf(TAILS), rel=1e-10, abs=0)
    assert law.quantile(1 - TAILS, TAILS) == pytest.approx(oracle.isf(TAILS), rel=1e-10, abs=0)


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=lambda value: type(value).__name__)
def test_means_are_scipys(law, oracle):
    """The mean is SciPy's."""
    assert law.mean_value() == pytest.approx(oracle.mean(), rel=1e-12, abs=0)


@pytest.mark.parametrize("cv", [1.0001, 1.5, 4.0, 30.0, 1000.0])
def test_hyperexponential_inverts_its_own_tail(cv):
    """Put into the tail of two phases with balanced means, a quantile gives its probability back to 1e-12."""
    root = math.sqrt((cv**2 - 1) / (cv**2 + 1))
    often, rare = (1 + root) / 2, 1 / ((cv**2 + 1) * (1 + root))
    tails = np.concatenate([2.0 ** -np.arange(1.0, 53.0), 1 - 2.0 ** -np.arange(2.0, 30.0)])
    x = Hyperexponential(mean=1.0, cv=cv).quantile(1 - tails, tails)
    assert often * np.exp(-2 * often * x) + rare * np.exp(-2 * rare * x) == pytest.approx(tails, rel=1e-12, abs=0)


@pytest.mark.parametrize("cv", [1.5, 4.0, 30.0])
def test_hyperexponential_has_its_cv(cv):
    """The second moment, integrated over the log of the tail probability, is 1 + cv^2 of unit mean."""
    law = Hyperexponential(mean=1.0, cv=cv)

    def weighted(log_tail):
        tail = math.exp(log_tail)
        return law.quantile(np.array([1 - tail]), np.array([tail]))[0] ** 2 * tail

    moment, _ = quad(weighted, -80, 0, limit=500, points=[-10, -5, -2, -1], epsrel=1e-9)
    assert moment == pytest.approx(1 + cv**2, rel=1e-7)
