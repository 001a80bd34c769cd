"""Laws learnt from requests whose times are known."""

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.compiled import simulate
from simulator.engine.resolve import resolve
from simulator.scenario.model import Scenario
from simulator.serving.broker import Called, Merged
from simulator.serving.laws import Observed, laws_of, scenario_of, stalled

STAGE = {"name": "rank", "ranker": "logistic"}


def scenario(**stage):
    """A scenario of one stage."""
    traffic = {"candidates": 100, "qps": 1, "queries": 200, "replications": 1, "warmup": 0, "arrivals": "constant"}
    return Scenario.model_validate({"name": "it", "traffic": traffic, "funnel": [STAGE | stage]})


def call(*, shard=0, size=100, waited, wire=(0.0002, 0.0001), seconds=0.001):
    """A request that was on the wire, and then with its worker, for so long."""
    received = 10 + wire[0]
    ended = received + seconds
    return Called((0, shard, 0, 0), size, 10.0, 10.0, received, ended, ended + wire[1], waited, received)


def observed(*calls, broker_s=0.0, merge=0.0):
    """What was seen, each call twenty times."""
    return Observed(calls * 20, (Merged(0, merge),) * 20, broker_s)


def simulated(asked, seen):
    """Latencies of a scenario with the laws that were seen."""
    plan = resolve(scenario_of(asked, laws_of(seen, asked.funnel)), load_profile("default"))
    return simulate(plan, 0).latency


def test_a_query_alone_takes_the_wire_and_an_idle_call():
    """0.2 ms there, 2 ms of a worker that had waited, 0.1 ms back; busy calls do not count."""
    found = simulated(scenario(), observed(call(waited=True, seconds=0.002), call(waited=False)))
    assert found == pytest.approx(0.0023)


def test_the_brokers_work_is_part_of_the_wire():
    """What the broker works for a request is taken off the wire and stands in the merge: no time is counted twice."""
    seen = observed(call(waited=True), call(waited=False), broker_s=0.0001, merge=0.00005)
    assert simulated(scenario(), seen) == pytest.approx(0.0013 + 0.00005)


def test_a_cost_that_grows_with_candidates_is_found():
    """Calls of 100 and 300 candidates take 1 and 2 ms: 0.5 ms and 5 us a candidate."""
    calls = [call(waited=True, size=size, seconds=s) for size, s in ((100, 0.001), (300, 0.002))]
    (law,) = laws_of(observed(*calls), scenario().funnel)
    stage = scenario_of(scenario(), [law]).funnel[0]
    assert stage.idle_cost.fixed == pytest.approx(0.0005)
    assert stage.idle_cost.per_candidate == pytest.approx(5e-6)


def test_shards_keep_their_own_speed():
    """One shard takes 1 ms, the other 3: every query waits for the slower, not for the larger of two draws."""
    asked = scenario(shards=2)
    seen = observed(*(call(shard=j, waited=True, seconds=s) for j, s in ((0, 0.001), (1, 0.003))))
    found = simulated(asked, seen)
    law = laws_of(seen, asked.funnel)[0]
    assert law.by_shard == pytest.approx((0.5, 1.5))
    assert found.max() <= 1.5 * 0.003 + 0.0003 + 1e-9


def test_a_law_of_too_few_calls_is_that_of_the_others():
    """Nine busy calls tell no law: the idle one stands in."""
    calls = (call(waited=True, seconds=0.002),) * 20 + (call(waited=False),) * 9
    (law,) = laws_of(Observed(calls, (Merged(0, 0.0),), 0.0), scenario().funnel)
    assert np.mean(law.busy) == pytest.approx((20 * 0.002 + 9 * 0.001) / 29)


def test_what_arrives_while_the_broker_stands_still_gets_in_together():
    """Two stalls of 10 ms a second: 2% of the queries get in late, by 5 ms on average, and none early."""
    arrivals = np.arange(0, 100, 0.001)
    seen = Observed((), (), 0.0, seconds=1.0, stalls=(0.01, 0.01))
    found = stalled(arrivals, seen, np.random.default_rng(0))
    late = found - arrivals
    assert (late >= 0).all()
    assert (np.diff(found) >= 0).all()
    assert np.mean(late > 0) == pytest.approx(0.02, rel=0.2)
    assert late[late > 0].mean() == pytest.approx(0.005, rel=0.15)
    assert stalled(arrivals, Observed((), (), 0.0), np.random.default_rng(0)) is arrivals
