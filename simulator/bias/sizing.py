"""How many rows an A/B test needs, and what it can see with those it has.

Normal approximation throughout: rows are independent and many. Where the unit is a user, a row is a user's total.

Source: Kohavi, Tang & Xu, "Trustworthy online controlled experiments", 2020, section 17; 15.7 s^2 / d^2 for a power of
80% at 5% is Lehr's rule before rounding (Lehr, Statistics in Medicine 11, 1992).
"""

import math
from statistics import NormalDist

from simulator.errors import InputError

__all__ = ["click_deviation", "power", "rows_per_arm", "smallest_effect"]

NORMAL = NormalDist()


def click_deviation(rate: float) -> float:
    """Return the standard deviation of one click of probability `rate`, 0 to 1; InputError outside."""
    if not 0 <= rate <= 1:
        raise InputError(f"a click rate is a share from 0 to 1; got {rate}")
    return math.sqrt(rate * (1 - rate))


def rows_per_arm(deviation: float, difference: float, wanted: float = 0.8, alpha: float = 0.05) -> int:
    """Return the rows that each of two equal arms needs: 2 (z(1 - alpha/2) + z(power))^2 s^2 / d^2, rounded up.

    Parameters
    ----------
    deviation
        Standard deviation of a row, above 0.
    difference
        The difference of means to be seen, not 0; its sign does not matter.
    wanted
        Power: the chance of seeing it, between alpha and 1.
    alpha
        The chance of seeing a difference where there is none, two-sided, between 0 and 1.

    Raises
    ------
    InputError
        Outside these ranges.
    """
    _check(deviation, alpha)
    if not difference:
        raise InputError("no number of rows shows a difference of 0; say the smallest one that would matter")
    return math.ceil(2 * (_errors_apart(wanted, alpha) * deviation / difference) ** 2)


def smallest_effect(deviation: float, rows: int, others: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the least difference that arms of `rows` and `others` rows, at least 1, see with power `wanted`."""
    _check(deviation, alpha)
    return _errors_apart(wanted, alpha) * _error(deviation, rows, others)


def power(deviation: float, difference: float, rows: int, others: int, alpha: float = 0.05) -> float:
    """Return the chance that arms of `rows` and `others` rows, at least 1, show a true `difference`, on either side."""
    _check(deviation, alpha)
    line, away = NORMAL.inv_cdf(1 - alpha / 2), difference / _error(deviation, rows, others)
    return NORMAL.cdf(away - line) + NORMAL.cdf(-away - line)


def _errors_apart(wanted: float, alpha: float) -> float:
    """Return how many standard errors a difference must have to be seen with a power."""
    if not alpha < wanted < 1:
        raise InputError(f"power is between alpha ({alpha}) and 1; got {wanted}")
    return NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(wanted)


def _error(deviation: float, rows: int, others: int) -> float:
    """Return the standard error of a difference of means."""
    if min(rows, others) < 1:
        raise InputError(f"an arm without traffic shows nothing; got arms of {rows} and {others} rows")
    return deviation * math.sqrt(1 / rows + 1 / others)


def _check(deviation: float, alpha: float) -> None:
    """Refuse what is no deviation or no chance."""
    if not 0 < deviation < math.inf:
        raise InputError(f"a standard deviation is above 0; got {deviation}")
    if not 0 < alpha < 1:
        raise InputError(f"alpha is between 0 and 1; got {alpha}")
