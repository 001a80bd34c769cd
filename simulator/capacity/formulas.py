"""Closed forms of queueing theory: Erlang's delay system and the fork-join of queues. All times are seconds."""

import math

__all__ = ["erlang_c", "fork_join_mean", "harmonic", "mean_wait_mmc", "sojourn_percentile_mmc"]


def erlang_c(offered: float, workers: int) -> float:
    """Return the probability of waiting in M/M/c (Erlang 1917; Gross & Harris, Fundamentals of Queueing Theory, 3).

    Parameters
    ----------
    offered
        Arrival rate times mean service, dimensionless, below `workers`.
    workers
        Servers of the one queue, at least 1.
    """
    blocked = 1.0  # Erlang B by its recursion in the number of servers
    for servers in range(1, workers + 1):
        blocked = offered * blocked / (servers + offered * blocked)
    return blocked / (1 - offered / workers * (1 - blocked))


def mean_wait_mmc(rate: float, mean_s: float, workers: int) -> float:
    """Return the mean wait in M/M/c in seconds, C / (c mu - lambda) (Gross & Harris, ch. 3).

    Parameters
    ----------
    rate
        Poisson arrivals a second.
    mean_s
        Mean of the exponential service in seconds; rate x mean_s below `workers`.
    """
    return erlang_c(rate * mean_s, workers) / (workers / mean_s - rate)


def sojourn_percentile_mmc(rate: float, mean_s: float, workers: int, level: float) -> float:
    """Return percentile `level` (0 < level < 100) of wait plus service in FIFO M/M/c, in seconds.

    The wait is 0 with probability 1 - C, else exponential at rate c mu - lambda (Gross & Harris, ch. 3); the other
    parameters as in `mean_wait_mmc`.
    """
    from scipy.optimize import brentq  # a quarter of a second to load, and only this needs it

    waits, leave, drain = erlang_c(rate * mean_s, workers), 1 / mean_s, workers / mean_s - rate

    def beyond(t: float) -> float:
        alone = math.exp(-leave * t)
        if math.isclose(drain, leave, rel_tol=1e-9):
            return (1 - waits) * alone + waits * (1 + leave * t) * alone
        both = (drain * alone - leave * math.exp(-drain * t)) / (drain - leave)
        return (1 - waits) * alone + waits * both

    rest = 1 - level / 100
    most = -2 * math.log(rest) * (1 / leave + 1 / drain) + 2 / min(leave, drain)
    return float(brentq(lambda t: beyond(t) - rest, 0.0, most, xtol=1e-12 * most))


def fork_join_mean(rate: float, mean_s: float, shards: int) -> float:
    """Return the mean response of N M/M/1 queues fed by the same Poisson arrivals, in seconds.

    Exact for N = 1 and N = 2, (12 - rho) / 8 / (mu - lambda) (Flatto & Hahn 1984; Nelson & Tantawi 1988); for more the
    approximation of Nelson & Tantawi, "Approximate analysis of fork/join synchronization in parallel queues", IEEE
    Trans. Computers 37(6), 1988, within 5% up to N = 32: (H_N/H_2 + 4/11 (1 - H_N/H_2) rho) times that of N = 2.
    """
    rho, alone = rate * mean_s, 1 / (1 / mean_s - rate)
    if shards == 1:
        return alone
    ratio = harmonic(shards) / 1.5
    return (ratio + 4 / 11 * (1 - ratio) * rho) * (12 - rho) / 8 * alone


def harmonic(n: int) -> float:
    """Return the harmonic number 1 + 1/2 + ... + 1/n, the mean maximum of n unit exponentials."""
    return math.fsum(1 / k for k in range(1, n + 1))
