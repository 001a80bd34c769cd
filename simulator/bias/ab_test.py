"""What two arms show of a difference, and whether the experiment itself can be believed.

Shapes: A arms, C comparisons.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.data.features import FloatArray
from simulator.errors import InputError
from simulator.statistics.intervals import Estimate

__all__ = ["FLAGGED", "Effect", "NullCheck", "SampleRatio", "aa_check", "effect", "sample_ratio"]

FLAGGED = 0.001
"""The p-value below which the experiment, not the treatment, is what was found."""


@dataclass(frozen=True)
class Effect:
    """The difference of two arms' means.

    Attributes
    ----------
    difference
        Treatment less control, with Welch's 95% interval.
    p_value
        The chance of a difference at least as large where there is none.
    """

    difference: Estimate
    p_value: float


@dataclass(frozen=True)
class SampleRatio:
    """Whether arms got the traffic they were meant to.

    Attributes
    ----------
    expected
        Rows of each arm by its share, in the order of the arms.
    p_value
        The chance of counts at least as far from that, by chi-squared.
    doubts
        What is wrong, in words; none where nothing is.
    """

    expected: tuple[float, ...]
    p_value: float
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class NullCheck:
    """How often comparisons of an arm with itself showed a difference.

    Attributes
    ----------
    found
        The share under alpha, with the exact 95% interval (Clopper & Pearson, Biometrika 26, 1934).
    uniform_p
        The chance of p-values this far from uniform (Kolmogorov-Smirnov).
    doubts
        What is wrong, in words; none where nothing is.
    """

    found: Estimate
    uniform_p: float
    doubts: tuple[str, ...]


def effect(control: FloatArray, treatment: FloatArray) -> Effect:
    """Return the difference of means with its interval (Welch, Biometrika 34, 1947), from independent rows of each arm.

    Raises
    ------
    InputError
        Where an arm has fewer than two rows, or neither varies.
    """
    from scipy.stats import ttest_ind  # over a second to load

    for name, arm in (("control", control), ("treatment", treatment)):
        if len(arm) < 2:
            raise InputError(f"arm {name} has {len(arm)} rows; two at least, or it shows nothing: give it traffic")
    if np.ptp(control) == 0 == np.ptp(treatment):
        raise InputError("no row of either arm differs from another, so no difference can be judged; run longer")
    found = ttest_ind(treatment, control, equal_var=False)
    low, high = found.confidence_interval()
    return Effect(Estimate(float(treatment.mean() - control.mean()), float(low), float(high)), float(found.pvalue))


def sample_ratio(rows: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Return whether the arms' rows fit their shares of traffic: a p-value under .001 says that assignment is broken.

    Source: Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019.

    Parameters
    ----------
    rows
        Rows by arm, at least two arms.
    shares
        The share of traffic each was meant to have, above 0, by the same names; they need not add up to 1.

    Raises
    ------
    InputError
        Where the names differ, a share is not above 0, a count is negative, or nothing was counted.
    """
    from scipy.special import chdtrc  # a quarter of a second to load

    if set(rows) != set(shares) or len(rows) < 2:
        raise InputError(f"rows and shares of the same two arms or more; got {', '.join(rows)} and {', '.join(shares)}")
    meant = np.array([shares[arm] for arm in rows], dtype=np.float64)  # (A,)
    counts = np.array(list(rows.values()), dtype=np.float64)  # (A,)
    if not ((meant > 0) & np.isfinite(meant)).all() or (counts < 0).any() or not counts.sum():
        raise InputError(f"shares above 0 and rows in all above 0; got shares {dict(shares)} and rows {dict(rows)}")
    expected = counts.sum() * meant / meant.sum()
    p_value = float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))
    doubts = [f"arm {arm} has no traffic" for arm, count in rows.items() if not count]
    if p_value < FLAGGED:
        told = ", ".join(
            f"{arm} {count:,} for {meant:,.0f}" for (arm, count), meant in zip(rows.items(), expected, strict=True)
        )
        doubts.append(
            f"the arms have not the traffic they were meant to have ({told}; p = {p_value:.1g}): what they show is not "
            "the treatment; find what loses or moves rows before reading any effect"
        )
    return SampleRatio(tuple(expected.tolist()), p_value, tuple(doubts))


def aa_check(p_values: FloatArray, alpha: float = 0.05) -> NullCheck:
    """Return whether comparisons without a difference show one as seldom as they say.

    Parameters
    ----------
    p_values
        Of independent comparisons of an arm with itself, in [0, 1], shape (C,), C at least 1.
    alpha
        The share that should be under it, between 0 and 1.

    Raises
    ------
    InputError
        Where there are none, or one is no probability.
    """
    from scipy.stats import binomtest, kstest  # over a second to load

    if not p_values.size or not ((p_values >= 0) & (p_values <= 1)).all():
        raise InputError("at least one p-value, each from 0 to 1, is needed for an A/A check")
    test = binomtest(int((p_values < alpha).sum()), p_values.size, alpha)
    interval = test.proportion_ci()
    found = Estimate(test.statistic, float(interval.low), float(interval.high))
    uniform_p = float(kstest(p_values, "uniform").pvalue)
    doubts = []
    if test.pvalue < FLAGGED:
        doubts.append(
            f"{found.value:.1%} of comparisons of an arm with itself show a difference, where {alpha:.1%} should: rows "
            "are not independent, or results are looked at more than once"
        )
    elif uniform_p < FLAGGED:
        doubts.append(
            f"p-values of an arm compared with itself are not uniform (p = {uniform_p:.1g}): the standard errors are "
            "not those of the rows"
        )
    return NullCheck(found, uniform_p, tuple(doubts))
