"""Deadlines, hedging and shedding against their closed forms. Sources stand in the rows and in the docstrings."""

import math

import numpy as np
import pytest

from simulator.engine.arrivals import prepare
from simulator.engine.event_run import run_events
from tests.theory.judge import Model, by_id, cases, chosen_rows, faster, funnel, judged, measure

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
UNLOADED = 1e-6  # queries a second: nobody ever waits
MANY = 1_000  # replicas that stand for infinitely many
LAWS = {"exp": EXPONENTIAL, "logn1": {"distribution": "lognormal", "mean": "1s", "cv": math.sqrt(math.e - 1)}}
(BIGTABLE,), (BY_HAND,) = chosen_rows(r"hedge0\.bigtable_fit"), chosen_rows(r"golden\.timeout3")
KNOTS = BIGTABLE["params"]
LEAF = {"distribution": "percentiles", "tail": 2} | {
    f"p{100 * (1 - tail):.12g}": f"{knot}ms" for knot, tail in zip(KNOTS["knots_ms"], KNOTS["Fbar"], strict=True)
}


def bounded(row):
    """M/M/c/K; K counts those in service."""
    workers, room, rate = row["params"].get("c", 1), row["params"]["K_total"], row["params"]["lam"]
    stage = {"workers": workers, "queue_limit": room - workers, "cost": EXPONENTIAL}
    return Model(funnel(stage), rate, min(0.8, rate / workers))


def impatient(row):
    """M/M/c+D."""
    workers, rate, tau = row["params"]["c"], row["params"]["lam"], row["params"]["tau"]
    return with_deadline(1, workers, rate, tau)


def with_deadline(shards: int, workers: int, rate: float, deadline: float) -> Model:
    """A fan-out with a deadline."""
    stage = {"shards": shards, "workers": workers, "deadline": f"{deadline}s", "cost": EXPONENTIAL}
    return Model(funnel(stage), rate, min(0.8, rate / workers))


def hedged(row):
    """N calls that nobody waits for, each with a second attempt after a delay."""
    name, shards = row["id"].split(".")[1], row["params"]["N"]
    stage = {"shards": shards, "replicas": 2, "hedging": {"after": f"{row['params']['delay']}s"}, "cost": LAWS[name]}
    longer = 1.0 if name == "exp" else 5.0
    return Model(funnel(stage), UNLOADED, spread=8 / math.log(100 * shards) ** 2, longer=longer)


def racing(replicas: int, load: float, cancel: str = "on_response") -> Model:
    """Every request goes to two random replicas at once."""
    hedging = {"after": "0s", "cancel": cancel}
    stage = {"replicas": replicas, "balancing": "random", "hedging": hedging, "cost": EXPONENTIAL}
    return Model(funnel(stage), replicas * load, load)


def redundant(row):
    """Redundancy-2 among k replicas, or among so many that they stand for infinitely many."""
    parameters = row["params"]
    return racing(parameters.get("k", MANY), parameters.get("lam_per_server", parameters.get("rho")))


def slowest(row):
    """All of N calls that nobody waits for."""
    return Model(funnel({"shards": row["params"]["N"], "cost": EXPONENTIAL}), UNLOADED, spread=0.5)


@pytest.mark.parametrize("case", cases(r"mm1k\.|mmck\.", bounded))
def test_a_bounded_queue_blocks_and_serves_as_its_birth_and_death_chain(case):
    """M/M/c/K: blocking, and times of the accepted; K = c is Erlang's loss system."""
    assert case.complaints() == []


def test_a_loss_system_forgets_the_law_of_its_services():
    """Erlang B is insensitive: M/LN/4/4 at cv 2 blocks as M/M/4/4 does (Erlang 1917; Sevastyanov 1957)."""
    offered = 3.2
    blocking = offered**4 / math.factorial(4) / sum(offered**k / math.factorial(k) for k in range(5))
    stage = {"workers": 4, "queue_limit": 0, "cost": {"distribution": "lognormal", "mean": "1s", "cv": 2}}
    row = own("erlang-b", "P(block)", blocking, "Erlang 1917")
    assert complaints(Model(funnel(stage), offered, 0.8), 4_000_000, row) == []


@pytest.mark.parametrize("case", cases(r"mmcD\..*\.PA", impatient))
def test_a_deadline_withdraws_what_has_waited_so_long(case):
    """M/M/c+D: the share of requests withdrawn is that of Barrer's impatient customers, no more and no less."""
    assert case.complaints() == []


@pytest.mark.parametrize("shards", [1, 2, 50])
def test_coverage_at_a_deadline_is_the_same_for_any_number_of_shards(shards):
    """Mean coverage is the share of M/M/1+D answered in time, whatever the fan-out: means add up (Barrer 1957)."""
    row = own(f"coverage.{shards}", "mean completeness", answered_in_time(0.5, 4.0), "Barrer 1957")
    assert complaints(with_deadline(shards, 1, 0.5, 4.0), 8_000_000 // shards, row) == []


def answered_in_time(rate: float, deadline: float) -> float:
    """The share of M/M/1+D whose sojourn is within the deadline, by Barrer's density of the offered wait (1957)."""
    step = deadline / 200_000
    x = (np.arange(200_000) + 0.5) * step
    density = rate * np.exp((rate - 1) * x)  # times the probability of an empty system
    total = 1 + density.sum() * step + rate * math.exp((rate - 1) * deadline)
    return (-math.expm1(-deadline) + (density * -np.expm1(-(deadline - x))).sum() * step) / total


@pytest.mark.parametrize("case", cases(r"hedge0\.(exp|logn1)\.", hedged))
def test_hedging_without_load_multiplies_tails(case):
    """At no load the tail is F(t) before the delay d and F(t) F(t - d) after it."""
    assert case.complaints() == []


@pytest.mark.parametrize("level", [50, 95])
def test_a_percentile_as_delay_is_the_calls_own_percentile(level):
    """Hedging after p95 of an unloaded call, network and all, sends 5% more requests; after p50, 50% more."""
    network = {"request": {"distribution": "lognormal", "mean": "200ms", "cv": 1}, "response": EXPONENTIAL}
    stage = {"replicas": 2, "network": network, "hedging": {"after": f"p{level}"}, "cost": LAWS["logn1"]}
    row = own(f"p{level}", "extra fraction", 1 - level / 100, "definition of a percentile")
    assert complaints(Model(funnel(stage), UNLOADED), 4_000_000, row) == []


@pytest.mark.parametrize("case", cases(r"redd\.(k|inf\.d2)", redundant))
def test_two_of_many_replicas_race(case):
    """Redundancy-2 with cancel on_response: means and percentiles are Gardner's."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"redall\.", lambda row: racing(2, row["params"]["rho"])))
def test_all_replicas_racing_are_one_fast_server(case):
    """Both of two replicas at once, the loser stopped: an M/M/1 queue of twice the rate."""
    assert case.complaints() == []


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_tied_requests_share_one_queue(rho):
    """Both of two replicas at once, the queued twin withdrawn when one begins: M/M/2, as if there were one queue."""
    rows = [row for name, row in by_id().items() if name.startswith(f"mmc.c2.rho{rho}.") and "99.9" not in name]
    model = racing(2, rho, "on_start")
    found = measure(model, max(model.needed(row) for row in rows), rows)
    assert [text for row, (value, error) in zip(rows, found, strict=True) if (text := judged(row, value, error))] == []


@pytest.mark.parametrize("case", cases(r"quorum\.(10of10|100of100)\.", slowest))
def test_a_quorum_of_all_is_the_sum_of_the_harmonic_series(case):
    """At no load the slowest of N exponentials takes H_N on average (Rényi 1953)."""
    assert case.complaints() == []


@pytest.mark.parametrize(
    ("hedging", "queries"),
    [({}, 12_000_000), pytest.param({"hedging": {"after": "10ms"}}, 4_000_000, marks=pytest.mark.slow)],
)
def test_the_tail_at_scale(hedging, queries):
    """A read over 100 servers: p99.9 falls from 1,800 to 74 ms at 2% more requests (Dean & Barroso 2013)."""
    plain, tail, extra = BIGTABLE["value"]
    published = [own("tail", "T p99.9", (tail if hedging else plain) / 1000, BIGTABLE["source"])]
    if hedging:
        published.append(own("extra", "extra fraction", extra, BIGTABLE["source"]))
    stage = {"shards": KNOTS["N"], "replicas": 2, "cost": LEAF} | hedging
    assert complaints(Model(funnel(stage), UNLOADED), queries, *published) == []


def test_a_path_with_a_deadline_by_hand():
    """Those that would wait longer than the deadline are withdrawn: the departures of the others are all services."""
    row, arrivals, services = BY_HAND, BY_HAND["params"]["arrivals"], BY_HAND["params"]["services"]
    cost = {"per_candidate": "1s"}
    plan = Model(funnel({"cost": cost, "deadline": f"{row['params']['tau']}s"}), 1.0).plan(len(arrivals), 1)
    result = prepare(plan, 0)
    result.arrival[:], result.candidates[:, 0] = arrivals, services
    run_events(plan, 0, result)
    served = [service for service, departs in zip(services, row["value"], strict=True) if departs is not None]
    assert result.count("withdrawn")[0] == len(services) - len(served)
    assert result.busy[0].sum() == sum(served)


def test_the_judge_can_tell_a_wrong_bound():
    """A tenth more load than the row says is a complaint."""
    (row,) = (by_id()[name] for name in ("mmck.c4.K16.rho0.8.T_p99",))
    model = faster(bounded(row), 1.1)
    ((value, error),) = measure(model, 2_000_000, [row])
    assert judged(row, value, error)


def own(name: str, quantity: str, value: float, source: str) -> dict:
    """A row of a result that is computed here."""
    return {"id": name, "quantity": quantity, "value": value, "source": source, "kind": "exact", "params": {}}


def complaints(model: Model, queries: int, *rows: dict) -> list[str]:
    """What is wrong with so many queries' estimates of `rows`; empty if nothing is."""
    found = measure(model, queries, rows)
    return [text for row, (value, error) in zip(rows, found, strict=True) if (text := judged(row, value, error))]
