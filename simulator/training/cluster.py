"""What a cluster that trains together takes, in closed form: the slowest of many, all-reduce, failures and checkpoints.

Letters: W workers, P points of an integral.
"""

import math

import numpy as np
from scipy.integrate import trapezoid

from simulator.distributions.base import Law
from simulator.errors import InputError

__all__ = ["all_reduce_s", "daly_interval_s", "expected_time_s", "mean_of_largest", "young_interval_s"]

LOG_TIMES = np.linspace(-50.0, 6.5, 1 << 16)
"""Logarithms of an exponential time, shape (P,), that all but 1e-21 of its chance lies between."""

WHOLE = 1e-9
"""Share of a checkpoint interval below which what is left of the work is rounding."""


def all_reduce_s(workers: int, gradient_bytes: float, bytes_per_s: float, hop_s: float) -> float:
    """Return the seconds until each worker has the sum of all gradients: 2 (W - 1)/W bytes over a link, 2 (W - 1) hops.

    The workers stand in a ring. Each sends its neighbour a W-th of the gradient at a time: W - 1 times until every part
    is summed up somewhere, W - 1 times more until the sums are everywhere. No way to do it sends fewer bytes.

    Source: Patarasuk & Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", Journal of
    Parallel and Distributed Computing 69, 2009.

    Parameters
    ----------
    workers
        At least 1, which has nothing to share.
    gradient_bytes
        At least 0.
    bytes_per_s
        Of each worker's link, above 0, both ways at once.
    hop_s
        What a message takes however short it is, at least 0.
    """
    if not (workers >= 1 and gradient_bytes >= 0 and bytes_per_s > 0 and hop_s >= 0):
        raise InputError(
            "all-reduce: expected at least 1 worker, at least 0 bytes and seconds a hop, and a bandwidth above 0; got "
            f"{workers}, {gradient_bytes:g}, {hop_s:g} and {bytes_per_s:g}"
        )
    rounds = 2 * (workers - 1)
    return rounds * (gradient_bytes / workers / bytes_per_s + hop_s)


def mean_of_largest(law: Law[float], count: int) -> float:
    """Return the mean of the largest of `count` independent draws of `law`, at least 1.

    It is the integral of Q(u) count u^(count - 1) over the uniform u, with Q the quantile function; here over the
    logarithm of t in u = exp(-t / count), so that neither tail loses precision and the trapezoidal rule converges fast.

    Source: David & Nagaraja, Order Statistics, 3rd edition, 2003, section 3.1.
    """
    if count < 1:
        raise InputError(f"the largest of so many draws: expected at least 1, got {count}")

    t = np.exp(LOG_TIMES)  # (P,)
    below = np.minimum(np.exp(-t / count), np.nextafter(1.0, 0.0))
    largest = law.quantile(below, -np.expm1(-t / count))  # (P,)
    return float(trapezoid(largest * np.exp(-t) * t, LOG_TIMES))


def young_interval_s(checkpoint_s: float, mttf_of_all_s: float) -> float:
    """Return the first approximation to the training time between checkpoints that loses least: sqrt(2 C M).

    Source: Young, "A first order approximation to the optimum checkpoint interval", Communications of the ACM 17, 1974.

    Parameters
    ----------
    checkpoint_s, mttf_of_all_s
        C and M, as of `daly_interval_s`.
    """
    _check(checkpoint_s, mttf_of_all_s)
    return math.sqrt(2 * checkpoint_s * mttf_of_all_s)


def daly_interval_s(checkpoint_s: float, mttf_of_all_s: float) -> float:
    """Return the training time between checkpoints that loses least, by Daly's higher-order estimate.

    With C the seconds of a checkpoint and M those to a failure, sqrt(2 C M) (1 + sqrt(C / 2 M) / 3 + (C / 2 M) / 9) - C
    where C < 2 M, else M: checkpoints that take so long are as rare as failures.

    Source: Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", Future Generation
    Computer Systems 22, 2006.

    Parameters
    ----------
    checkpoint_s
        Of writing a checkpoint, during which nobody trains; at least 0.
    mttf_of_all_s
        Mean time until any of the workers fails, above 0: that of one over their number.
    """
    young = young_interval_s(checkpoint_s, mttf_of_all_s)
    share = checkpoint_s / (2 * mttf_of_all_s)
    if share >= 1:
        return mttf_of_all_s
    return young * (1 + math.sqrt(share) / 3 + share / 9) - checkpoint_s


def expected_time_s(
    work_s: float, interval_s: float, checkpoint_s: float, restart_s: float, mttf_of_all_s: float
) -> float:
    """Return the mean time of `work_s` seconds of training that starts again from the last checkpoint at each failure.

    With L the time of an interval and its checkpoint, M that to a failure and R that of a restart, each interval takes
    M e^(R/M) (e^(L/M) - 1) on average. That is exact where times to failure are exponential: failures strike
    checkpoints and restarts too. The last interval is what is left of the work, and ends with a checkpoint as all do.

    Source: Daly, as of `daly_interval_s`, the complete model.

    Parameters
    ----------
    work_s
        At least 0.
    interval_s
        Training time between checkpoints, above 0.
    checkpoint_s, restart_s
        Of writing a checkpoint, and from a failure until all train again; at least 0.
    mttf_of_all_s
        Mean time until any of the workers fails, above 0.

    Returns
    -------
    Infinity where it is beyond what numbers can say: a failure nearly always comes before the next checkpoint.
    """
    _check(checkpoint_s, mttf_of_all_s)
    if not (work_s >= 0 and interval_s > 0 and restart_s >= 0):
        raise InputError(
            "failures: expected seconds of work and of a restart of at least 0, and between checkpoints above 0; got "
            f"{work_s:g}, {restart_s:g} and {interval_s:g}"
        )
    whole = math.floor(work_s / interval_s + WHOLE)
    left = max(0.0, work_s - whole * interval_s)
    try:
        intervals = whole * math.expm1((interval_s + checkpoint_s) / mttf_of_all_s) if whole else 0.0
        if left > WHOLE * interval_s:
            intervals += math.expm1((left + checkpoint_s) / mttf_of_all_s)
        return mttf_of_all_s * math.exp(restart_s / mttf_of_all_s) * intervals
    except OverflowError:
        return math.inf


def _check(checkpoint_s: float, mttf_of_all_s: float) -> None:
    """Refuse times that cannot be."""
    if not (checkpoint_s >= 0 and mttf_of_all_s > 0):
        raise InputError(
            "failures: expected seconds of a checkpoint of at least 0 and a mean time to failure above 0; got "
            f"{checkpoint_s:g} and {mttf_of_all_s:g}"
        )
