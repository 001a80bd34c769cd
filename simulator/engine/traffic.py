"""How a plan's queries arrive, as flat numbers: the law of arrivals, its extremes, and how long it is followed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.day import day_times, peak_rate
from simulator.scenario.model import Scenario

__all__ = [
    "BURSTY",
    "CLOSED",
    "CONSTANT",
    "DAILY",
    "KINDS",
    "POISSON",
    "TRACE",
    "Arrivals",
    "arrivals_of",
    "dispersion",
    "run_seconds",
    "span_factors",
]

KINDS = ("constant", "poisson", "bursty", "daily", "trace", "closed")
CONSTANT, POISSON, BURSTY, DAILY, TRACE, CLOSED = range(len(KINDS))


class Arrivals(NamedTuple):
    """The law of arrivals; rates are multiples of the mean rate, and what a kind does not need is 0.

    phase_rates and phase_means are those of calm and burst: the rate, and the mean seconds of one. swing is how far the
    day's sinusoid rises above the mean rate and falls below it, peak_s the seconds from midnight to its top. run_s are
    the mean seconds that pass in a run whose number of queries follows from its duration. trace holds seconds since the
    first query, trace_qps their mean rate.
    """

    kind: int
    phase_rates: tuple[float, float] = (0.0, 0.0)
    phase_means: tuple[float, float] = (0.0, 0.0)
    swing: float = 0.0
    peak_s: float = 0.0
    run_s: float = 0.0
    trace: NDArray[np.float64] = np.empty(0)
    trace_qps: float = 0.0

    @property
    def settles(self) -> bool:
        """Whether the law is the same at all times, so that a steady state can be waited for."""
        return self.kind not in (DAILY, TRACE)

    def queries_at(self, qps: float, asked: int) -> int:
        """Return the queries of a run at a mean rate: those expected within its duration, else `asked`."""
        return max(1, round(qps * self.run_s)) if self.run_s else asked


def arrivals_of(scenario: Scenario) -> Arrivals:
    """Return the law of arrivals of `scenario`."""
    traffic = scenario.traffic
    kind = KINDS.index(traffic.arrivals)
    if kind == BURSTY and traffic.bursty:
        bursty = traffic.bursty
        rates = (bursty.calm_factor, bursty.burst_factor)
        return Arrivals(kind, phase_rates=rates, phase_means=(bursty.mean_calm, bursty.mean_burst))
    if kind == DAILY and traffic.daily:
        daily = traffic.daily
        followed = 0.0 if "queries" in traffic.model_fields_set else daily.mean_seconds
        return Arrivals(kind, swing=1 - daily.low, peak_s=daily.peak_hour * 3600, run_s=followed)
    if kind == TRACE and traffic.trace:
        return Arrivals(kind, trace=np.array(traffic.trace.times), trace_qps=traffic.trace.qps)
    return Arrivals(kind)


def dispersion(arrivals: Arrivals, qps: float, window_s: float = np.inf) -> float:
    """Return the index of dispersion for counts, var N(t) / E[N(t)], over windows of `window_s` seconds.

    1 of Poisson arrivals. Of bursty ones 1 + 2 q v T (1 - (1 - e^(-t/T)) / (t/T)) with q the mean rate, v the variance
    of the rate over the mean rate squared, 1 / T the sum of the two rates of change (Fischer & Meier-Hellstern, "The
    Markov-modulated Poisson process cookbook", 1993). Of the other kinds, which do not settle, 1.
    """
    if arrivals.kind != BURSTY:
        return 1.0
    calm, burst = arrivals.phase_means
    variance = calm * burst / (calm + burst) ** 2 * (arrivals.phase_rates[1] - arrivals.phase_rates[0]) ** 2
    memory = calm * burst / (calm + burst)
    seen = window_s / memory
    short = -np.expm1(-seen) / seen if np.isfinite(seen) else 0.0
    return float(1 + 2 * qps * variance * memory * (1 - short))


def run_seconds(arrivals: Arrivals, mean_seconds: float) -> float:
    """Return how long the queries of a run take to arrive, about, in seconds.

    `mean_seconds` is the run's number of queries over the stated rate; of part of a day it passes sooner or later.
    """
    if arrivals.kind != DAILY:
        return mean_seconds
    return float(day_times(np.array([mean_seconds]), arrivals.swing, arrivals.peak_s, np.zeros(2))[0])


def span_factors(arrivals: Arrivals, mean_seconds: float) -> tuple[float, float]:
    """Return the mean and the highest rate of a run, as multiples of the stated rate.

    `mean_seconds` is the run's number of queries over the stated rate. Of a part of a day both are those of that part.
    """
    if arrivals.kind == BURSTY:
        return 1.0, max(arrivals.phase_rates)
    if arrivals.kind != DAILY:
        return 1.0, 1.0
    lasts = run_seconds(arrivals, mean_seconds)
    return mean_seconds / lasts, peak_rate(lasts, arrivals.swing, arrivals.peak_s)
