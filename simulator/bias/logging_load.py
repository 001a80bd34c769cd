"""What logging and learning take at the load that a scenario serves."""

import math
from dataclasses import dataclass

from simulator.scenario.bias import Bias, Policy
from simulator.scenario.model import Scenario

__all__ = ["LoggingLoad", "logging_load"]

DAY, HOUR = 86_400.0, 3_600.0


@dataclass(frozen=True)
class LoggingLoad:
    """An average day of one policy.

    Attributes
    ----------
    name
        The policy.
    rows, random_rows
        Logged in all, and of random items.
    bytes
        What the rows take.
    days
        Until there are as many random rows as a training set takes; infinite without random rows, None where no number
        is wanted.
    trainings
        How often the policy is retrained.
    worker_hours
        What the trainings take.
    cost
        What those hours cost, in the scenario's currency; None without prices.
    """

    name: str
    rows: float
    random_rows: float
    bytes: float
    days: float | None
    trainings: float
    worker_hours: float
    cost: float | None


def logging_load(scenario: Scenario) -> tuple[LoggingLoad, ...]:
    """Return an average day of each policy at the scenario's load; none without a bias section."""
    bias = scenario.bias
    if bias is None:
        return ()
    return tuple(_of_policy(name, policy, bias, scenario) for name, policy in bias.policies().items())


def _of_policy(name: str, policy: Policy, bias: Bias, scenario: Scenario) -> LoggingLoad:
    """Return an average day of one policy."""
    logging = bias.logging
    rows = scenario.offered_qps * DAY * bias.slots
    random = rows * (1.0 if policy.recommender == "random" else policy.exploration)
    days = None if logging.wanted_rows is None else logging.wanted_rows / random if random else math.inf
    trainings = DAY / (logging.step * policy.retrain)
    hours = trainings * logging.training / HOUR
    cost = hours * scenario.prices.worker_hour if scenario.prices else None
    return LoggingLoad(name, rows, random, rows * logging.row_bytes, days, trainings, hours, cost)
