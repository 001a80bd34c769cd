"""What a policy would have earned, from the log of another: naive, weighted by inverse propensity, doubly robust.

Shapes: n rows of a log, each independent of the others (of lists, a row is one list's reward, or one slot of it).

Sources: Horvitz & Thompson, JASA 47, 1952 (inverse propensity); Kish, "Survey Sampling", 1965 (effective sample size);
Ionides, "Truncated importance sampling", JCGS 17(2), 2008; Dudík, Langford & Li, "Doubly robust policy evaluation and
learning", ICML 2011; Li, Chu, Langford & Wang, WSDM 2011 (what random traffic alone can tell).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.data.features import FloatArray
from simulator.errors import InputError
from simulator.statistics.intervals import Estimate, around

__all__ = [
    "FEWEST",
    "Logged",
    "PolicyValue",
    "RewardModel",
    "clipped",
    "doubly_robust",
    "estimates",
    "ips",
    "naive",
    "self_normalised",
]

FEWEST = 30
"""The effective rows below which no estimate is to be trusted."""

FARTHEST = 3
"""The standard errors that the mean weight may be off 1."""

LARGEST = 1e100
"""The weight beyond which sums of squares would overflow."""


@dataclass(frozen=True, eq=False)
class Logged:
    """A log and how likely the policy in question would have done what was done.

    Attributes
    ----------
    reward
        What came of each row, such as 1 for a click, finite, shape (n,).
    target
        The chance, 0 to 1, that the policy in question does what the row shows, shape (n,).
    propensity
        The chance, above 0 and at most 1, that the policy which wrote the log did so, shape (n,); None: unknown.
    random
        Where propensities are unknown: which rows are of random traffic, all choices alike, shape (n,); None: unknown.

    Raises
    ------
    InputError
        Where a column has another length, is empty or holds what it cannot, or a weight overflows.
    """

    reward: FloatArray
    target: FloatArray
    propensity: FloatArray | None = None
    random: NDArray[np.bool_] | None = None
    weight: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = {"reward": self.reward, "target": self.target, "propensity": self.propensity, "random": self.random}
        lengths = {name: column.shape for name, column in columns.items() if column is not None}
        if len(set(lengths.values())) > 1 or self.reward.ndim != 1 or len(self.reward) < 2:
            raise InputError(f"a log has one value a column in each of two rows or more; got {lengths}")
        _check("reward", "a finite number", self.reward, np.isfinite(self.reward))
        _check("target", "a chance from 0 to 1", self.target, (self.target >= 0) & (self.target <= 1))
        object.__setattr__(self, "weight", _weights(self.target, self.propensity))


@dataclass(frozen=True)
class RewardModel:
    """What a model of the reward, fitted on other rows, says of each row.

    Attributes
    ----------
    logged
        The reward it expects of what was done, finite, shape (n,).
    target
        The reward it expects of the policy in question, its choices weighed by their chances, finite, shape (n,).
    """

    logged: FloatArray
    target: FloatArray


@dataclass(frozen=True)
class PolicyValue:
    """What a policy earns a row by one estimator, and what speaks against believing it.

    Attributes
    ----------
    method
        naive, ips, self_normalised, clipped or doubly_robust.
    estimate
        Reward a row with its 95% interval.
    rows
        Rows it comes from.
    effective_sample_size
        (sum w)^2 / sum w^2 of the weights used: how many rows of equal weight tell as much of a mean; 0 to rows.
    largest_weight, mean_weight
        Of the weights used; a mean far from 1 says that propensities are wrong or that the log lacks what the policy
        would do.
    cut
        By how much clipping lowered the mean weight: with rewards in [0, 1], how far the estimate may be too low.
    doubts
        Why not to use the number, in words; none where it holds.
    """

    method: str
    estimate: Estimate
    rows: int
    effective_sample_size: float
    largest_weight: float
    mean_weight: float
    cut: float = 0.0
    doubts: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the number."""
        return not self.doubts


def naive(log: Logged) -> PolicyValue:
    """Return the mean reward of the log, which is that of the policy that wrote it and of no other."""
    even = np.ones_like(log.reward)
    doubts = () if np.allclose(log.weight, 1, rtol=1e-9) else (_OF_ITS_WRITER,)
    return _value("naive", _mean(log.reward), even, doubts=doubts)


def ips(log: Logged) -> PolicyValue:
    """Return the mean of weighted rewards: unbiased, its variance (sum t^2 / l mu2 - V^2) / n.

    Here t and l are the chances of an action under the policy in question and under the one that wrote the log, mu2 is
    the action's mean squared reward and V the value. Unbiased only where l > 0 wherever t is.
    """
    weight = _known(log)
    return _value("ips", _mean(weight * log.reward), weight, doubts=_doubts(weight))


def self_normalised(log: Logged) -> PolicyValue:
    """Return the weighted mean of the rewards: inside their range, biased by O(1/n), its error by the delta method.

    Weights need be known up to a factor only. NaN where all of them are zero.
    """
    weight = _known(log)
    return _value("self_normalised", _weighted_mean(weight, log.reward), weight, doubts=_doubts(weight))


def clipped(log: Logged, largest: float | None = None) -> PolicyValue:
    """Return the mean of rewards with no weight above `largest`, by default the root of the number of rows.

    It is too low by sum (t - largest l)+ mu, at most `cut` for rewards in [0, 1]. InputError where `largest` is not
    above 0.
    """
    largest = math.sqrt(len(log.reward)) if largest is None else largest
    if not largest > 0:
        raise InputError(f"weights are clipped at a number above 0; got {largest}")
    weight = _known(log)
    used = np.minimum(weight, largest)
    cut = float(weight.mean() - used.mean())
    return _value("clipped", _mean(used * log.reward), used, cut, (*_few(used), *_off(weight)))


def doubly_robust(log: Logged, model: RewardModel) -> PolicyValue:
    """Return what a model expects plus the weighted mean of what it missed: right where model or propensities are.

    Its variance is that of `ips` with rewards less the model's, and of what the model expects from row to row.

    Raises
    ------
    InputError
        Where the model's columns have not the log's length or are not finite.
    """
    for name, column in (("model.logged", model.logged), ("model.target", model.target)):
        if column.shape != log.reward.shape:
            raise InputError(f"{name} has a value for each row of the log: {log.reward.shape}; got {column.shape}")
        _check(name, "a finite number", column, np.isfinite(column))
    weight = _known(log)
    found = _mean(model.target + weight * (log.reward - model.logged))
    return _value("doubly_robust", found, weight, doubts=_doubts(weight))


def estimates(log: Logged, model: RewardModel | None = None, largest: float | None = None) -> tuple[PolicyValue, ...]:
    """Return what each estimator says; `doubly_robust` only with a model.

    Without propensities there is what can still be said: of rows of random traffic, where all weights have one unknown
    factor, the naive and the self-normalised mean; else the naive mean alone, with a doubt that says what it is not.
    """
    if log.propensity is None:
        return _without_propensities(log)
    found = (naive(log), ips(log), self_normalised(log), clipped(log, largest))
    return found if model is None else (*found, doubly_robust(log, model))


_OF_ITS_WRITER = "the mean of a log is the value of the policy that wrote it, not of the one asked for"
_UNKNOWN = (
    "the log has no propensities, so no row can be weighted: nothing can be said of a policy other than the one that "
    "wrote it; log the chance of each impression, or give a share of traffic random lists and mark its rows"
)


def _without_propensities(log: Logged) -> tuple[PolicyValue, ...]:
    """Return what a log tells where nobody wrote down how likely each row was."""
    if log.random is None or log.random.sum() < 2:
        return (_value("naive", _mean(log.reward), np.ones_like(log.reward), doubts=(_OF_ITS_WRITER, _UNKNOWN)),)
    reward, target = log.reward[log.random], log.target[log.random]
    of_random = "the mean of random traffic is the value of random lists, not of the policy asked for"
    return (
        _value("naive", _mean(reward), np.ones_like(reward), doubts=(of_random,)),
        _value("self_normalised", _weighted_mean(target, reward), target, doubts=_few(target)),
    )


def _known(log: Logged) -> FloatArray:
    """Return the weights of a log that has propensities."""
    if log.propensity is None:
        raise InputError(_UNKNOWN)
    return log.weight


def _weights(target: FloatArray, propensity: FloatArray | None) -> FloatArray:
    """Return the weight of each row, NaN where propensities are unknown."""
    if propensity is None:
        return np.full(len(target), np.nan)
    _check("propensity", "a chance above 0 and at most 1", propensity, (propensity > 0) & (propensity <= 1))
    with np.errstate(over="ignore"):
        weight = target / propensity
    _check("propensity", f"a chance whose weight is at most {LARGEST:g}", propensity, weight <= LARGEST)
    return weight


def _check(name: str, expected: str, column: FloatArray, good: NDArray[np.bool_]) -> None:
    """Refuse a column with its first wrong value."""
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise InputError(
            f"{name} is {expected}; got {column[row]} in row {row + 1} ({(~good).sum()} rows in all): correct or drop "
            "them"
        )


def _mean(terms: FloatArray) -> Estimate:
    """Return the mean of independent terms with its interval."""
    count = len(terms)
    return around(float(terms.mean()), float(terms.std(ddof=1)) / math.sqrt(count), count)


def _weighted_mean(weight: FloatArray, reward: FloatArray) -> Estimate:
    """Return the weighted mean with its interval by the delta method; NaN where all weights are zero."""
    total = float(weight.sum())
    if not total:
        return Estimate(math.nan, math.nan, math.nan)
    mean = float(weight @ reward) / total
    return around(mean, float(np.linalg.norm(weight * (reward - mean))) / total, len(reward))


def _effective(weight: FloatArray) -> float:
    """Return (sum w)^2 / sum w^2, 0 where all weights are."""
    squares = float(weight @ weight)
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def _value(
    method: str, estimate: Estimate, weight: FloatArray, cut: float = 0.0, doubts: tuple[str, ...] = ()
) -> PolicyValue:
    """Return an estimate with what its weights say of it."""
    largest, mean = float(weight.max()), float(weight.mean())
    return PolicyValue(method, estimate, len(weight), _effective(weight), largest, mean, cut, doubts)


def _doubts(weight: FloatArray) -> tuple[str, ...]:
    """Return why a mean under these weights is not to be believed."""
    return (*_few(weight), *_off(weight))


def _few(weight: FloatArray) -> tuple[str, ...]:
    """Return the doubt about weights of which few decide."""
    effective = _effective(weight)
    if effective >= FEWEST:
        return ()
    said = (
        f"{len(weight):,} rows tell as much as {effective:.1f} of equal weight would, under {FEWEST}: the largest "
        f"weight is {weight.max():,.0f}; explore more, clip the weights, or ask for a policy nearer to the log's own"
    )
    return (said,)


def _off(weight: FloatArray) -> tuple[str, ...]:
    """Return the doubt about weights whose mean is not 1."""
    mean, error = float(weight.mean()), float(weight.std(ddof=1)) / math.sqrt(len(weight))
    if abs(mean - 1) <= FARTHEST * error + 1e-9:
        return ()
    said = (
        f"the mean weight is {mean:.3f} and should be 1 (standard error {error:.2g}): propensities are not those the "
        "log was written with, or it never shows what the policy would do; check how propensities are logged"
    )
    return (said,)
