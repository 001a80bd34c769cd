"""The engines' paths against independent recursions given the same luck, and their means against Ciw."""

import math

import ciw
import numpy as np
import pytest

from simulator.draws import stream_of, uniforms
from simulator.engine import compiled, reference
from simulator.engine.law import value_at
from simulator.engine.plan import NOISE, SERVICE
from simulator.engine.traffic import POISSON
from tests.oracles.waits import fork_join, kiefer_wolfowitz
from tests.theory.judge import Model, funnel, traffic

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
BOTH = pytest.mark.parametrize(
    ("simulate", "queries"), [(compiled.simulate, 20_000), (reference.simulate, 1_500)], ids=["compiled", "simpy"]
)


def queues(shards: int, workers: int, queries: int, cost=EXPONENTIAL, arrivals: str = "poisson"):
    """The plan of one stage whose workers are busy 80% of the time."""
    stages = funnel({"shards": shards, "workers": workers, "cost": cost})
    return Model(stages, 0.8 * workers, traffic=traffic(arrivals=arrivals)).plan(queries, 1)


def arrivals_of(plan):
    """When queries arrive, from the addressed draws: sums of unit exponential gaps, at the plan's rate."""
    if plan.arrivals.kind != POISSON:
        return np.arange(plan.queries) / plan.qps
    luck = uniforms(stream_of(plan.seed, 0, "arrivals"), plan.queries)
    return np.cumsum(-np.log1p(-luck)) / plan.qps


def services_of(plan):
    """How long each call takes, from the addressed draws, (Q, N); the cost of every call is its noise in seconds."""
    stream, shards = plan.tables(0).streams[0, SERVICE], int(plan.stages.shards[0])
    draw = [[value_at(plan.laws, NOISE, stream, q, j) for j in range(shards)] for q in range(plan.queries)]
    return np.array(draw)


@BOTH
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_queue_is_kiefer_and_wolfowitzs(simulate, queries, workers):
    """M/M/c: every query starts and ends at the very instant the recursion says, bit for bit."""
    plan = queues(1, workers, queries)
    result = simulate(plan, 0)
    starts, ends = kiefer_wolfowitz(arrivals_of(plan), services_of(plan)[:, 0], workers)
    assert np.array_equal(result.end, ends)
    assert np.array_equal(result.parts[:, 0, 1], starts - arrivals_of(plan))
    assert (starts > arrivals_of(plan)).mean() > 0.3  # many queries wait, so the order of service is seen


@BOTH
@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (4, 1), (20, 1), (4, 3), (20, 2)])
def test_a_join_is_the_last_of_its_queues(simulate, queries, shards, workers):
    """Fork-join: every query ends when the last of N recursions fed by the same arrivals does, bit for bit."""
    plan = queues(shards, workers, queries // 4)
    assert np.array_equal(simulate(plan, 0).end, fork_join(arrivals_of(plan), services_of(plan), workers))


@BOTH
@pytest.mark.parametrize("workers", [1, 3])
def test_ties_are_the_recursions(simulate, queries, workers):
    """Even arrivals and constant services of three gaps tie all the time, and end as the recursion says."""
    plan = Model(funnel({"workers": workers, "cost": "3s"}), 1.0, traffic=traffic(arrivals="constant")).plan(queries, 1)
    ends = kiefer_wolfowitz(arrivals_of(plan), np.full(plan.queries, 3.0), workers)[1]
    assert np.array_equal(simulate(plan, 0).end, ends)


def test_the_recursion_is_the_workload_form():
    """The oracle itself: Kiefer & Wolfowitz' own recursion of ordered workloads gives the same waits, to rounding."""
    plan = queues(1, 3, 5_000)
    arrivals, services = arrivals_of(plan), services_of(plan)[:, 0]
    work, waits = np.zeros(3), []
    for gap, service in zip(np.diff(arrivals, append=math.inf), services, strict=True):
        waits.append(work[0])
        work[0] += service
        work = np.sort(np.maximum(work - gap, 0))
    starts, _ = kiefer_wolfowitz(arrivals, services, 3)
    assert starts - arrivals == pytest.approx(waits, abs=1e-9)


GAMMA = {"distribution": "gamma", "mean": "1s", "cv": 0.5}
RIVALS = {  # our stages and rate; Ciw's services, servers and routing
    "M/M/3": (({"workers": 3, "cost": EXPONENTIAL},), 1.8, [ciw.dists.Exponential(1.0)], [3], [[0.0]]),
    "M/G/1": (({"cost": GAMMA},), 0.6, [ciw.dists.Gamma(4.0, 0.25)], [1], [[0.0]]),
    "tandem": (
        ({"cost": EXPONENTIAL}, {"workers": 2, "cost": EXPONENTIAL}),
        0.6,
        [ciw.dists.Exponential(1.0)] * 2,
        [1, 2],
        [[0.0, 1.0], [0.0, 0.0]],
    ),
}


def ciws(rate: float, services, servers, routing, seed: int) -> float:
    """The mean seconds from the first arrival to the last service of one replication in Ciw, after a warm-up."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate)] + [None] * (len(servers) - 1),
        service_distributions=services,
        number_of_servers=servers,
        routing=routing,
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(4_000 / rate)
    spent: dict[int, float] = {}
    for record in simulation.get_all_records():
        if record.arrival_date > 300 / rate:
            spent[record.id_number] = spent.get(record.id_number, 0.0) + record.exit_date - record.arrival_date
    return float(np.mean(list(spent.values())))


@pytest.mark.parametrize("name", RIVALS)
def test_ciw_finds_the_same_mean(name):
    """Ciw, another open-source simulator, finds the same mean latency within 4 joint standard errors, under 5%."""
    stages, rate, *network = RIVALS[name]
    theirs = [ciws(rate, *network, seed) for seed in range(20)]
    plan = Model(funnel(*stages), rate, 0.6).plan(100_000, 1)
    ours = [compiled.simulate(plan, replication).latency[plan.warmup :].mean() for replication in range(20)]
    error = math.sqrt((np.var(theirs, ddof=1) + np.var(ours, ddof=1)) / 20)
    assert 4 * error < 0.05 * np.mean(ours)
    assert abs(np.mean(theirs) - np.mean(ours)) < 4 * error
