"""A law read off a dashboard: its points, the lines between them and its tail."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from simulator.distributions.percentiles import Percentiles

DASHBOARD = {"p0": 0.001, "p50": 0.005, "p99": 0.04, "p99.9": 0.1}


def law(**keys):
    """Return the plain law with these points."""
    return Percentiles.model_validate({**DASHBOARD, **keys})


def at_tail(found, tail):
    """Return the value that is exceeded with probability `tail`."""
    return found.quantile(np.array([1 - tail]), np.array([tail]))[0]


@pytest.mark.parametrize(("tail", "value"), [(1.0, 0.001), (0.5, 0.005), (0.01, 0.04), (0.001, 0.1)])
def test_goes_through_its_points(tail, value):
    """Each percentile given is the law's own."""
    assert at_tail(law(), tail) == pytest.approx(value, rel=1e-12)


def test_is_straight_on_log_paper():
    """Half-way between two tail probabilities in log lies the geometric mean of the two values."""
    assert at_tail(law(), (0.5 * 0.01) ** 0.5) == pytest.approx((0.005 * 0.04) ** 0.5, rel=1e-12)


def test_the_last_slope_goes_on():
    """A tenth of the last tail probability multiplies the value by as much as the last tenth did."""
    assert at_tail(law(), 1e-4) == pytest.approx(0.1 * (0.1 / 0.04), rel=1e-12)


def test_a_tail_of_two_falls_as_the_square():
    """With tail 2, four times less likely is twice as long."""
    assert at_tail(law(tail=2.0), 0.00025) == pytest.approx(0.2, rel=1e-12)


def test_p100_is_the_largest_value():
    """With p100 no draw is longer, and between it and the last percentile the value is straight in probability."""
    bounded = law(p100=0.3)
    assert at_tail(bounded, 2.0**-53) == pytest.approx(0.3, rel=1e-9)
    assert at_tail(bounded, 0.0005) == pytest.approx(0.2, rel=1e-12)


def test_the_mean_of_one_power_is_paretos():
    """Points on one line, carried on, are a Pareto law, whose mean is alpha / (alpha - 1) smallest values."""
    alpha = 2.5
    points = {f"p{level:g}": 3.0 * (1 - level / 100) ** (-1 / alpha) for level in (0, 50, 99)}
    assert Percentiles.model_validate(points).mean_value() == pytest.approx(3.0 * alpha / (alpha - 1), rel=1e-12)


# One leaf of the hedging experiment in Dean & Barroso, The Tail at Scale, CACM 56(2), 2013: of 100 leaves one query in
# a thousand waits 1.8 s, and a second request after 10 ms is sent for 2% of the requests.
LEAF = {"p0": 0.0005, "p98": 0.01, "p99.683694": 0.0703602, "p99.9989995": 1.8, "tail": 2.0}


@pytest.mark.parametrize(
    ("tail", "value"), [(1.0, 0.0005), (0.02, 0.01), (0.00316306, 0.0703602), (1.0005e-5, 1.8), (1.0005e-5 / 4, 3.6)]
)
def test_the_leaf_of_the_tail_at_scale(tail, value):
    """The leaf goes through its four points, and beyond the last a quarter of the draws take twice as long."""
    assert at_tail(Percentiles.model_validate(LEAF), tail) == pytest.approx(value, rel=1e-9)


def test_a_hundred_leaves_of_the_tail_at_scale():
    """The slowest of 100 such leaves takes over 1.8 s once in a thousand queries, as published."""
    one_of_all = 1 - 0.999 ** (1 / 100)
    assert at_tail(Percentiles.model_validate(LEAF), one_of_all) == pytest.approx(1.8, rel=1e-4)


def test_rounding_never_passes_a_point():
    """Just before a point, where the power rounds up past it, the value is the point's at most."""
    points = Percentiles.model_validate({"p0": 0.68, "p50": 0.69, "p100": 0.77})
    assert at_tail(points, math.nextafter(0.5, 1)) == at_tail(points, 0.5) == 0.69


def test_a_line_from_zero_cannot_be_carried_on():
    """A line from a smallest value of 0 has no slope on log paper, so what comes after must be said."""
    with pytest.raises(ValidationError, match="a line from 0; give tail: 2, or p100"):
        Percentiles.model_validate({"p0": 0.0, "p50": 0.005})
    assert at_tail(Percentiles.model_validate({"p0": 0.0, "p50": 0.005, "tail": 2.0}), 0.125) == pytest.approx(0.01)
