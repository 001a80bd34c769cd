"""Arrivals that are not steady: their counts, and the queues that they feed. Sources stand in rows, or beside tests."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.arrivals import arrival_times
from simulator.engine.compiled import simulate
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from tests.theory.judge import HIGH, REPLICATIONS, WIDEST, Run, at, cases, judged, rows, scenario

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
DAY, HOUR = 86400.0, 3600.0
BURSTS = {"burst_factor": 5, "burst_share": "10%", "mean_burst": "2s"}


def plan_of(asked):
    """The plan of a scenario given as a mapping."""
    return resolve(parse_scenario(json.dumps(asked)), load_profile("default"))


def arrivals_of(queries, qps, **traffic):
    """The arrival times of every replication, in seconds."""
    plan = plan_of(scenario(qps, [{"cost": EXPONENTIAL}], queries=queries, **traffic))
    return [arrival_times(plan, r) for r in range(REPLICATIONS)]


def two_rates(low, high, up, down):
    """The arrivals of a process that has rate `low` until it jumps up, at rate `up`, to `high`, and down again."""
    share = up / (up + down)
    mean = low * (1 - share) + high * share
    bursty = {"burst_factor": high / mean, "burst_share": share, "mean_burst": f"{1 / down!r}s"}
    return mean, {"arrivals": "bursty", "bursty": bursty}


@pytest.mark.parametrize(
    ("traffic", "qps"),
    [
        ({"arrivals": "poisson"}, 20.0),
        ({"arrivals": "bursty", "bursty": BURSTS}, 20.0),
        ({"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 10, "mean_burst": "250ms"}}, 20.0),
        ({"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 1}}, 20.0),
        ({"arrivals": "daily", "daily": {"low": "40%"}}, 1.0),
        ({"arrivals": "daily", "daily": {"low": 0, "peak_hour": 3}}, 1.0),
        ({"arrivals": "daily", "daily": {"low": 1}}, 1.0),
    ],
)
def test_the_mean_rate_is_the_stated_one(traffic, qps):
    """Queries that arrive in a fixed time, two whole days where there are days, are qps times that time on average."""
    counts = [np.searchsorted(times, 2 * DAY / qps) for times in arrivals_of(200_000, qps, **traffic)]
    error = np.std(counts, ddof=1) / math.sqrt(REPLICATIONS)
    assert 4 * error < WIDEST * 2 * DAY
    assert abs(np.mean(counts) - 2 * DAY) < 4 * error


@pytest.mark.parametrize("rates", cases("mmpp", "l1", "l2", "r12", "r21"))
def test_bursts_feed_a_queue_as_a_markov_modulated_process_does(rates):
    """MMPP/M/1: sojourn times, and the share that waits, are those of the quasi-birth-death chain (Neuts 1981)."""
    qps, traffic = two_rates(*rates)
    chosen = [
        row | ({"quantity": "P(wait)", "value": 1 - row["value"]} if "finds system empty" in row["quantity"] else {})
        for row in rows("mmpp", **dict(zip(("l1", "l2", "r12", "r21"), map(at, rates), strict=True)))
    ]
    run = Run(scenario(qps, [{"cost": EXPONENTIAL}], **traffic), 2_000_000 if qps > 0.7 else 500_000, 0.95)
    assert judged(run, chosen) == []


@pytest.mark.parametrize(("scv", "rho"), [(4, 0.5), (16, 0.5), (16, 0.8)])
def test_bursts_with_silence_between_are_hyperexponential_gaps(scv, rho):
    """An interrupted Poisson process is a renewal process of hyperexponential gaps (Kuczura, BSTJ 52, 1973): H2/M/1."""
    often = (1 + math.sqrt((scv - 1) / (scv + 1))) / 2  # balanced means
    fast, slow = 2 * often * rho, 2 * (1 - often) * rho
    burst = often * fast + (1 - often) * slow
    up, down = fast * slow / burst, often * (1 - often) * (fast - slow) ** 2 / burst
    qps, traffic = two_rates(0.0, burst, up, down)
    run = Run(scenario(qps, [{"cost": EXPONENTIAL}], **traffic), 1_000_000, 0.95)
    assert judged(run, rows("gim1", arrivals=at(f"H2 scv={scv}"), rho=at(rho))) == []


@pytest.mark.parametrize("window_s", [0.5, 5.0, 50.0])
def test_counts_of_bursty_arrivals_are_as_dispersed_as_they_should_be(window_s):
    """The index of dispersion for counts of a two-state MMPP (Heffes & Lucantoni, IEEE JSAC 4, 1986, equation 4)."""
    low, high, up, down = 5.0, 60.0, 0.05, 0.4
    qps, traffic = two_rates(low, high, up, down)
    fade = 1 - (1 - math.exp(-(up + down) * window_s)) / ((up + down) * window_s)
    exact = 1 + 2 * (high - low) ** 2 * up * down / ((up + down) ** 2 * (low * down + high * up)) * fade
    found = []
    for times in arrivals_of(400_000, qps, **traffic):
        counts = np.histogram(times, np.arange(0, times[-1], window_s))[0]
        found.append(np.var(counts) / np.mean(counts))
    error = np.std(found, ddof=1) / math.sqrt(REPLICATIONS)
    assert 4 * error < 0.15 * exact
    assert abs(np.mean(found) - exact) < 4 * error


@pytest.mark.parametrize(("low", "peak_hour"), [(0.4, 20), (0.0, 6.5), (0.9, 0)])
def test_a_days_hours_have_poisson_counts_of_the_integrated_rate(low, peak_hour):
    """Queries an hour are Poisson with the integral of the rate: chi-squared over all hours, and each hour's mean."""
    daily = {"arrivals": "daily", "daily": {"low": low, "peak_hour": peak_hour}}
    counts = np.array([np.histogram(t, np.arange(25) * HOUR)[0] for t in arrivals_of(100_000, 1.0, **daily)])  # (R, 24)
    w, edges = 2 * math.pi / 24, np.arange(25.0)
    integral = HOUR * np.diff(edges + (1 - low) / w * np.sin(w * (edges - peak_hour)))
    assert (np.abs(counts.mean(axis=0) - integral) < 4 * np.sqrt(integral / REPLICATIONS)).all()
    chi_squared, freedom = float(((counts - integral) ** 2 / integral).sum()), counts.size
    assert abs(chi_squared - freedom) < 4 * math.sqrt(2 * freedom)


def test_many_workers_are_as_busy_as_an_infinite_server_is():
    """M_t/M/infinity: the mean number served peaks below and after the rate (Eick, Massey & Whitt 1993)."""
    (row,) = rows("mtginf")
    mean_rate, swing, gamma = (row["params"][name] for name in ("lam_bar", "beta", "gamma"))
    service = DAY * gamma / (2 * math.pi)  # so that a period of the row is a day
    stage = {"workers": 200, "cost": {"distribution": "exponential", "mean": f"{service!r}s"}}
    daily = {"low": 1 - swing, "peak_hour": 0}
    asked = scenario(mean_rate / service, [stage], arrivals="daily", daily=daily, queries=120_000, warmup=0)
    lag = math.atan(gamma) / gamma * service
    plan, at_peak, at_trough = plan_of(asked), [], []
    for replication in range(REPLICATIONS):
        result = simulate(plan, replication)
        assert (result.parts[:, 0, 1] == 0).all()
        days = np.arange(4, int(result.arrival[-1] / DAY)) * DAY
        for found, times in ((at_peak, days + lag), (at_trough, days + DAY / 2 + lag)):
            served = np.searchsorted(result.arrival, times) - np.searchsorted(np.sort(result.end), times)
            found.append(served.mean())
    for found, exact in ((at_peak, row["value"]), (at_trough, 2 * mean_rate - row["value"])):
        error = np.std(found, ddof=1) / math.sqrt(REPLICATIONS)
        assert 4 * error < WIDEST * exact
        assert abs(np.mean(found) - exact) < 4 * error, row["source"]


class Batches(Run):
    """Runs of batches whose queries come at one instant, each replication with a trace of its own."""

    def __init__(self, folder, sizes, rho, queries):
        file = folder / "trace.csv"
        file.write_text("0\n1\n")
        asked = scenario(1.0, [{"cost": EXPONENTIAL}], arrivals="trace", trace={"file": str(file)})
        plan, self.samples, self.of_the_last = plan_of(asked), [], []
        for replication in range(REPLICATIONS):
            random = np.random.default_rng(replication)
            size = sizes(random, queries)
            times = np.repeat(np.cumsum(random.exponential(size.mean() / rho, size.size)), size)
            law = plan.arrivals._replace(trace=times, trace_qps=rho)
            result = simulate(replace(plan, qps=rho, queries=times.size, arrivals=law), replication)
            settled = size.size // 10
            own = slice(size[:settled].sum(), None)
            self.samples.append((result.latency[own], result.parts[own, :, 1].sum(axis=1)))
            self.of_the_last.append((result.latency[np.cumsum(size)[settled:] - 1], np.empty(0)))

    def judged(self, chosen):
        """The complaints about rows, those on whole batches by the last query of each."""
        whole = [row for row in chosen if "batchT" in row["id"]]
        found = [self.judge(row) for row in chosen if row not in whole]
        self.samples = self.of_the_last
        return [complaint for complaint in found + [self.judge(row) for row in whole] if complaint]


def fixed(size):
    """Batches of one size."""
    return lambda random, queries: np.full(queries // size, size)


BATCHES = {
    "fix2.rho0.8": (fixed(2), 0.8, 1_000_000),
    "fix4.rho0.8": (fixed(4), 0.8, 1_500_000),
    "geom2.rho0.8": (lambda random, queries: random.geometric(0.5, queries // 2), 0.8, 1_000_000),
    "fix10.rho0.9": (fixed(10), 0.9, 10_000_000),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if BATCHES[name][1] > HIGH else name for name in BATCHES]
)
def test_batches_come_at_one_instant_and_wait_for_each_other(tmp_path, name):
    """M^[X]/M/1: sojourn of a query, and of the last of a batch (Burke 1975), from a trace with equal times."""
    chosen = [
        row | {"quantity": "T p99" if "p99" in row["quantity"] else "E[T]"}
        for row in rows("batch")
        if row["id"].startswith(f"batch.{name}.")
    ]
    assert chosen
    assert Batches(tmp_path, *BATCHES[name]).judged(chosen) == []
