"""Arrivals that are not steady: their counts, and the queues that they feed. Sources stand in rows, or beside tests."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from simulator.engine.arrivals import arrival_times
from simulator.engine.compiled import simulate
from simulator.engine.replications import threads
from simulator.engine.traffic import TRACE, Arrivals
from tests.theory.judge import (
    GROUPS,
    LONGEST,
    WIDEST,
    Case,
    Model,
    by_id,
    cases,
    chosen_rows,
    funnel,
    judged,
    mean_and_error,
    traffic,
)
from tests.theory.sample import Sample, value_of

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
DAY, HOUR = 86400.0, 3600.0
BURSTS = {"burst_factor": 5, "burst_share": "10%", "mean_burst": "2s"}


def arrivals_of(queries: int, qps: float, settings: str) -> list[np.ndarray]:
    """The arrival times of every replication, in seconds."""
    plan = Model(funnel({"cost": EXPONENTIAL}), qps, traffic=settings).plan(queries, GROUPS)
    return [arrival_times(plan, replication) for replication in range(GROUPS)]


def dispersion_of(low: float, high: float, up: float, down: float, window_s: float = math.inf) -> float:
    """The index of dispersion for counts of a two-state MMPP (Heffes & Lucantoni, IEEE JSAC 4, 1986, equation 4)."""
    fade = 1 - (1 - math.exp(-(up + down) * window_s)) / ((up + down) * window_s)
    return 1 + 2 * (high - low) ** 2 * up * down / ((up + down) ** 2 * (low * down + high * up)) * fade


def two_rates(low: float, high: float, up: float, down: float) -> tuple[float, str]:
    """The arrivals of a process that has rate `low` until it jumps up, at rate `up`, to `high`, and down again."""
    share = up / (up + down)
    mean = low * (1 - share) + high * share
    bursty = {"burst_factor": high / mean, "burst_share": share, "mean_burst": f"{1 / down!r}s"}
    return mean, traffic(arrivals="bursty", bursty=bursty)


def fed_in_bursts(*rates: float) -> Model:
    """One queue of exponential services fed by the process of `two_rates`."""
    qps, settings = two_rates(*rates)
    spread = dispersion_of(*rates)
    settle_s = 20 * (1 + spread) / 2 / (1 - math.sqrt(qps)) ** 2
    return Model(funnel({"cost": EXPONENTIAL}), qps, qps, spread, traffic=settings, settle_s=settle_s)


def modulated(row) -> Model:
    """MMPP/M/1."""
    return fed_in_bursts(*(row["params"][name] for name in ("l1", "l2", "r12", "r21")))


def hyperexponential_gaps(row) -> Model:
    """H2/M/1 of balanced means: an interrupted Poisson process whose gaps have the row's two phases."""
    scv, rho = float(row["params"]["arrivals"].removeprefix("H2 scv=")), row["params"]["rho"]
    often = (1 + math.sqrt((scv - 1) / (scv + 1))) / 2
    fast, slow = 2 * often * rho, 2 * (1 - often) * rho
    burst = often * fast + (1 - often) * slow
    return fed_in_bursts(0.0, burst, fast * slow / burst, often * (1 - often) * (fast - slow) ** 2 / burst)


@pytest.mark.parametrize(
    ("settings", "qps", "days"),
    [
        ({"arrivals": "poisson"}, 20.0, 2),
        ({"arrivals": "bursty", "bursty": BURSTS}, 20.0, 6),
        ({"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 10}}, 20.0, 24),
        ({"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 1}}, 20.0, 2),
        ({"arrivals": "daily", "daily": {"low": "40%"}}, 1.0, 2),
        ({"arrivals": "daily", "daily": {"low": 0, "peak_hour": 3}}, 1.0, 2),
        ({"arrivals": "daily", "daily": {"low": 1}}, 1.0, 2),
    ],
)
def test_the_mean_rate_is_the_stated_one(settings, qps, days):
    """Queries that arrive in a fixed time, whole days where there are days, are qps times that time on average.

    Four standard errors of the mean are under 2%: bursts are followed as long as that takes.
    """
    expected = days * DAY
    times = arrivals_of(int(1.2 * expected), qps, traffic(**settings))
    assert min(one[-1] for one in times) > expected / qps  # so that no count is cut short
    mean, error = mean_and_error([float(np.searchsorted(one, expected / qps)) for one in times])
    assert 4 * error < 0.02 * expected
    assert abs(mean - expected) < 4 * error


@pytest.mark.parametrize("case", cases(r"mmpp\.", modulated))
def test_bursts_feed_a_queue_as_a_markov_modulated_process_does(case):
    """MMPP/M/1: sojourn times, and the share that waits, are those of the quasi-birth-death chain (Neuts 1981)."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"gim1\.H2_", hyperexponential_gaps))
def test_bursts_with_silence_between_are_hyperexponential_gaps(case):
    """An interrupted Poisson process is a renewal process of hyperexponential gaps (Kuczura, BSTJ 52, 1973): H2/M/1."""
    assert case.complaints() == []


@pytest.mark.parametrize(("window_s", "queries"), [(0.5, 400_000), (5.0, 400_000), (50.0, 3_000_000)])
def test_counts_of_bursty_arrivals_are_as_dispersed_as_they_should_be(window_s, queries):
    """The index of dispersion for counts in windows, short and long beside a burst, is that of a two-state MMPP."""
    rates = (5.0, 60.0, 0.05, 0.4)
    exact = dispersion_of(*rates, window_s)
    found = []
    for times in arrivals_of(queries, *two_rates(*rates)):
        counts = np.diff(np.searchsorted(times, np.arange(0, times[-1], window_s)))
        found.append(float(np.var(counts) / np.mean(counts)))
    mean, error = mean_and_error(found)
    assert 4 * error < WIDEST * exact
    assert abs(mean - exact) < 4 * error


@pytest.mark.parametrize(("low", "peak_hour"), [(0.4, 20), (0.0, 6.5), (0.9, 0)])
def test_a_days_hours_have_poisson_counts_of_the_integrated_rate(low, peak_hour):
    """Queries an hour are Poisson with the integral of the rate: chi-squared over all hours, and each hour's mean."""
    daily = traffic(arrivals="daily", daily={"low": low, "peak_hour": peak_hour})
    counts = np.array([np.histogram(t, np.arange(25) * HOUR)[0] for t in arrivals_of(100_000, 1.0, daily)])  # (R, 24)
    w, edges = 2 * math.pi / 24, np.arange(25.0)
    integral = HOUR * np.diff(edges + (1 - low) / w * np.sin(w * (edges - peak_hour)))
    assert (np.abs(counts.mean(axis=0) - integral) < 4 * np.sqrt(integral / GROUPS)).all()
    chi_squared, freedom = float(((counts - integral) ** 2 / integral).sum()), counts.size
    assert abs(chi_squared - freedom) < 4 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("row", chosen_rows(r"mtginf\."), ids=lambda row: row["id"])
def test_many_workers_are_as_busy_as_an_infinite_server_is(row):
    """M_t/M/infinity: the mean number served peaks below and after the rate (Eick, Massey & Whitt 1993)."""
    mean_rate, swing, gamma = (row["params"][name] for name in ("lam_bar", "beta", "gamma"))
    service = DAY * gamma / (2 * math.pi)  # so that a period of the row is a day
    stage = {"workers": 200, "cost": {"distribution": "exponential", "mean": f"{service!r}s"}}
    daily = traffic(arrivals="daily", daily={"low": 1 - swing, "peak_hour": 0})
    plan = Model(funnel(stage), mean_rate / service, traffic=daily).plan(120_000, GROUPS)
    lag = math.atan(gamma) / gamma * service
    at_peak, at_trough = [], []
    for replication in range(GROUPS):
        result = simulate(plan, replication)
        assert (result.parts[:, 0, 1] == 0).all()
        days = np.arange(4, int(result.arrival[-1] / DAY)) * DAY
        for found, times in ((at_peak, days + lag), (at_trough, days + DAY / 2 + lag)):
            served = np.searchsorted(result.arrival, times) - np.searchsorted(np.sort(result.end), times)
            found.append(float(served.mean()))
    assert judged(row, *mean_and_error(at_peak)) == ""
    assert judged(row | {"value": 2 * mean_rate - row["value"]}, *mean_and_error(at_trough)) == ""


def mean_size(row) -> int:
    """The mean number of queries of a batch."""
    return int(row["id"].split(".")[1].removeprefix("fix").removeprefix("geom"))


def in_batches(row) -> Model:
    """M^[X]/M/1; batches have the dispersion E[X^2] / E[X], that of a geometric size is twice the mean less 1."""
    size = mean_size(row)
    rho = float(row["id"].split("rho")[1].rsplit(".", 1)[0])
    spread = size if "fix" in row["id"] else 2.0 * size - 1
    settle_s = 20 * (1 + spread) / 2 / (1 - math.sqrt(rho)) ** 2
    return Model(funnel({"cost": EXPONENTIAL}), rho, rho, spread, settle_s=settle_s)


def run_of_batches(case: Case, replication: int, queries: int) -> tuple[Sample, Sample]:
    """All queries of one replication, and the last of each batch alone; their arrivals are a trace."""
    random, size, qps = np.random.default_rng(replication), mean_size(case.rows[0]), case.model.qps
    count = queries // size
    sizes = np.full(count, size) if "fix" in case.ids[0] else random.geometric(1 / size, count)
    times = np.repeat(np.cumsum(random.exponential(size / qps, count)), sizes)
    plan = replace(case.model.plan(times.size, 1), warmup=0, arrivals=Arrivals(TRACE, trace=times, trace_qps=qps))
    sample = Sample.of([simulate(plan, replication)])
    last = np.cumsum(sizes) - 1
    settled = int(np.searchsorted(last, case.model.warmup))
    own = slice(last[settled] + 1, None)
    return tuple(
        replace(sample, sojourn=sample.sojourn[kept], wait=sample.wait[kept]) for kept in (own, last[settled + 1 :])
    )


@pytest.mark.parametrize("case", cases(r"batch\.", in_batches))
def test_batches_come_at_one_instant_and_wait_for_each_other(case):
    """M^[X]/M/1: sojourn of a query, and of the last of a batch (Burke 1975), from a trace with equal times."""
    pooled = math.ceil(case.queries / GROUPS / LONGEST)
    queries = math.ceil(case.queries / GROUPS / pooled) + case.model.warmup
    found = []
    with ThreadPoolExecutor(threads()) as pool:
        for group in range(GROUPS):
            runs = pool.map(lambda r: run_of_batches(case, r, queries), range(group * pooled, (group + 1) * pooled))
            every, last = (Sample.joined(samples) for samples in zip(*runs, strict=True))
            found.append([value_of(row, last if "batch" in row["quantity"] else every) for row in case.rows])
    answers = [mean_and_error(values) for values in zip(*found, strict=True)]
    complaints = [judged(row, *answer) for row, answer in zip(case.rows, answers, strict=True)]
    assert [text for text in complaints if text] == []


def test_the_last_of_a_batch_waits_for_the_others():
    """Batches of four: the last stays three halves of a service longer than any one of them does on average."""
    case = Case(in_batches(by_id()["batch.fix4.rho0.8.batchT_p99"]), ("batch.fix4.rho0.8.batchT_p99",))
    runs = [run_of_batches(case, replication, 100_000) for replication in range(GROUPS)]
    mean, error = mean_and_error([float(last.sojourn.mean() - every.sojourn.mean()) for every, last in runs])
    assert 4 * error < WIDEST * 1.5
    assert abs(mean - 1.5) < 4 * error
