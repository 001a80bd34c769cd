"""Two policies that really ran side by side: how unevenly each shows items, and what each one's log says of the other.

The Open Bandit data (Saito, Aihara, Matsutani & Narita, NeurIPS Datasets and Benchmarks 2021): a week of a fashion
shop, random lists and Bernoulli Thompson sampling, 10,000 rows each in three campaigns. Each policy's own log has its
click rate, so that an estimate from the other's log can be judged.

Shapes: R rows, I items, P positions.
"""

from dataclasses import dataclass

import numpy as np

from simulator.bias.estimators import Logged, PolicyValue, RewardModel, estimates, naive
from simulator.bias.measures import gini
from simulator.data.features import FloatArray
from simulator.data.open_bandit import CAMPAIGNS, POLICIES, BanditLog, load_open_bandit
from simulator.statistics.intervals import Estimate

__all__ = ["Campaign", "Judged", "study_open_bandit"]

PRIOR = 100
"""Rows at the mean click rate that the reward model gives each item beside its own."""


@dataclass(frozen=True)
class Judged:
    """What is known of one policy in one campaign.

    Attributes
    ----------
    policy
        bts or random.
    exposure_gini
        Gini index of how often it showed each item, 0 to 1.
    click_rate
        Clicks a row in its own log, with the 95% interval.
    from_other
        The same by each estimator from the log of the other policy.
    """

    policy: str
    exposure_gini: float
    click_rate: Estimate
    from_other: tuple[PolicyValue, ...]


@dataclass(frozen=True)
class Campaign:
    """One campaign: its name, how many items it has, and what is known of each policy, in the order of POLICIES."""

    name: str
    items: int
    policies: tuple[Judged, ...]


def study_open_bandit() -> tuple[Campaign, ...]:
    """Return what the logs of each campaign say: all, men, women.

    Thompson sampling learnt during the week, so its chance of an item is known only for the rows it wrote. Where its
    click rate is estimated from the random log, the policy in question is its week's mean: each item's share of a
    position in its own log. That has its click rate where the items' click rates did not change during the week.

    Raises
    ------
    InputError
        If the data has not been brought; the message says which command brings it.
    """
    return tuple(_campaign(name) for name in CAMPAIGNS)


def _campaign(name: str) -> Campaign:
    """Return what one campaign's two logs say."""
    logs = {policy: load_open_bandit(policy, name) for policy in POLICIES}
    shares = {policy: _shares(log) for policy, log in logs.items()}
    shares["random"] = np.full_like(shares["random"], 1 / shares["random"].shape[1])
    other = dict(zip(POLICIES, reversed(POLICIES), strict=True))
    policies = [
        Judged(
            policy,
            float(gini(np.bincount(log.item, minlength=log.affinity.shape[1]))),
            naive(Logged(log.click.astype(np.float64), log.propensity, log.propensity)).estimate,
            _from(logs[other[policy]], shares[policy]),
        )
        for policy, log in logs.items()
    ]
    return Campaign(name, shares["random"].shape[1], tuple(policies))


def _shares(log: BanditLog) -> FloatArray:
    """Return each item's share of the rows of each position, shape (P, I)."""
    shown = np.zeros((log.position.max() + 1, log.affinity.shape[1]))
    np.add.at(shown, (log.position, log.item), 1)
    return np.asarray(shown / shown.sum(axis=1, keepdims=True))


def _from(log: BanditLog, target: FloatArray) -> tuple[PolicyValue, ...]:
    """Return the click rate of a policy with the chances `target` of items, shape (P, I), from another's log."""
    click = log.click.astype(np.float64)
    return estimates(Logged(click, target[log.position, log.item], log.propensity), _model(log, target))


def _model(log: BanditLog, target: FloatArray) -> RewardModel:
    """Return the click rate of each item, drawn towards the mean, fitted for each row on the half it is not in."""
    expected = np.empty((2, len(log)))
    halves = np.arange(len(log)) % 2
    for half in (0, 1):
        item, click = log.item[halves != half], log.click[halves != half]
        shown, clicked = (np.bincount(item, weights, target.shape[1]) for weights in (None, click))  # (I,)
        rates = (clicked + PRIOR * click.mean()) / (shown + PRIOR)  # (I,)
        rows = halves == half
        expected[:, rows] = rates[log.item[rows]], (target @ rates)[log.position[rows]]
    return RewardModel(expected[0], expected[1])
