"""The laws at the ends of what they may be asked: the far tails, and parameters at their limits."""

import math

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import gammainc, gammaincc

from simulator.distributions.gamma import Gamma
from simulator.distributions.lognormal import Lognormal
from simulator.distributions.pareto import Pareto
from simulator.distributions.percentiles import Percentiles
from simulator.distributions.uniform import Uniform

FAR = np.array([1e-12])


def lowest(law):
    """Return the value that a draw stays below with probability 1e-12."""
    return law.quantile(FAR, 1 - FAR)[0]


def highest(law):
    """Return the value that a draw exceeds with probability 1e-12."""
    return law.quantile(1 - FAR, FAR)[0]


def test_a_uniform_law_from_zero_keeps_its_lower_digits():
    """Between 0 and 2 the quantile at 1e-12 is 2e-12, and at 1 - 1e-12 it is 2."""
    law = Uniform(low=0.0, high=2.0)
    assert lowest(law) == 2e-12
    assert highest(law) == pytest.approx(2.0 - 2e-12, abs=1e-15)


def test_a_pareto_law_ends_in_its_power():
    """With alpha 4 and smallest value 3, 1e-12 of the draws lie beyond 3000, and none below 3."""
    law = Pareto(mean=4.0, alpha=4.0)
    assert highest(law) == pytest.approx(3000.0, rel=1e-12)
    assert lowest(law) == pytest.approx(3.0, rel=1e-11)


def test_a_lognormal_laws_tails_mirror_each_other():
    """The quantiles at u and 1 - u multiply to the squared median, at 1e-12 too."""
    law = Lognormal(mean=1.0, cv=2.0)
    assert lowest(law) * highest(law) == pytest.approx(1 / (1 + 2.0**2), rel=1e-12)


@pytest.mark.parametrize("cv", [0.001, 0.01, 0.5, 3.0, 10.0])
def test_a_gamma_law_inverts_its_own_tails(cv):
    """Put back into the incomplete gamma function, a far quantile gives its probability, of any shape."""
    law, shape = Gamma(mean=1.0, cv=cv), cv**-2
    assert gammaincc(shape, shape * highest(law)) == pytest.approx(1e-12, rel=1e-10, abs=0)
    if cv < 5:  # beyond, one in 1e12 is smaller than the smallest float
        assert gammainc(shape, shape * lowest(law)) == pytest.approx(1e-12, rel=1e-10, abs=0)


def test_a_dashboard_from_zero_keeps_its_lower_digits():
    """With p0: 0 the law is straight up to p50, also where 1 - u is rounded to 1."""
    law = Percentiles.model_validate({"p0": 0.0, "p50": 0.5, "p100": 1.0})
    u = np.array([1e-17, 1e-12, 1e-6, 0.25])
    assert law.quantile(u, 1 - u) == pytest.approx(u, rel=1e-13, abs=0)


def test_neighbouring_percentiles_in_mistaken_units_are_refused():
    """Percentiles 1e15-fold apart are a mistake; further apart their mean would be no number at all."""
    with pytest.raises(ValidationError, match=r"at most 1e\+15 times p0"):
        Percentiles.model_validate({"p0": 5e-324, "p50": 1.0, "p100": 2.0})
    assert math.isfinite(Percentiles.model_validate({"p0": 1e-9, "p50": 1.0, "p100": 2.0}).mean_value())
