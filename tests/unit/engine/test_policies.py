"""What each policy does, on scenarios small enough to follow by hand: times are whole, so every number is exact."""

import json

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.arrivals import prepare
from simulator.engine.conservation import check_conservation
from simulator.engine.event_run import EventRun, event_blocks
from simulator.engine.reference import Simulation
from simulator.engine.resolve import resolve
from simulator.engine.result import COMPLETED, FAILED, REFUSED, Result
from simulator.policies.balancing import LEAST_OUTSTANDING, POWER_OF_TWO, RULES, choose_replica
from simulator.policies.imbalance import cumulative_sizes, shard_candidates
from simulator.scenario.load import parse_scenario

BOTH = pytest.mark.parametrize("simulate", [compiled.simulate, reference.simulate], ids=["compiled", "simpy"])


def plan(stage, traffic=None, **others):
    """A plan of one stage, evenly spaced arrivals, one a second, without merge cost."""
    asked = {
        "name": "small",
        "traffic": {"arrivals": "constant", "qps": 1, "candidates": 12, "queries": 4, "warmup": 0} | (traffic or {}),
        "funnel": [{"name": "s"} | stage],
        "merge": {"fixed": "0s", "per_shard": "0s"},
    }
    return resolve(parse_scenario(json.dumps(asked | others)), load_profile("default"))


def run(simulate, *arguments, **others) -> Result:
    """The checked result of such a plan."""
    asked = plan(*arguments, **others)
    result = simulate(asked, 0)
    check_conservation(result, asked.warmup)
    return result


@BOTH
def test_a_deadline_withdraws_what_waits_and_wastes_what_is_served(simulate):
    """Services of 3 s, a deadline of 3.5: of queries 1 and 2 one is served in vain, the other's request withdrawn."""
    result = run(simulate, {"cost": "3s", "deadline": "3.5s"}, {"queries": 3})
    assert result.outcome.tolist() == [COMPLETED, FAILED, FAILED]
    assert result.end.tolist() == [3.0, 4.5, 5.5]
    assert result.busy[0].sum() == 6.0
    assert (result.wasted.tolist(), result.count("withdrawn").tolist()) == ([3.0], [1])


@BOTH
def test_an_answer_at_the_instant_of_the_deadline_is_in_time(simulate):
    """A service of just the deadline counts."""
    assert run(simulate, {"cost": "1s", "deadline": "1s"}).outcome.tolist() == [COMPLETED] * 4


@BOTH
def test_partial_answers_feed_the_next_stage(simulate):
    """Of three shards one is too slow: coverage 2/3, and two thirds of the candidates that are kept go on."""
    slow = [{"kind": "slow", "stage": "s", "shards": [1], "factor": 10}]
    next_stage = {"name": "t", "cost": "0s"}
    first = {"name": "s", "shards": 3, "cost": "100ms", "deadline": "500ms", "keep": 10}
    result = run(simulate, {}, {"queries": 2, "qps": 0.1}, funnel=[first, next_stage], faults=slow)
    assert result.coverage[:, 0].tolist() == [2 / 3] * 2
    assert result.candidates[:, 1].tolist() == [6] * 2
    assert result.latency.tolist() == [0.5] * 2
    assert result.parts[0, 0].tolist() == pytest.approx([0, 0, 0.1, 0.4, 0])


@BOTH
def test_all_or_nothing(simulate):
    """The same with on_deadline: fail: both queries fail at the deadline."""
    slow = [{"kind": "slow", "stage": "s", "shards": [1], "factor": 10}]
    stage = {"shards": 3, "cost": "100ms", "deadline": "500ms", "on_deadline": "fail"}
    result = run(simulate, stage, {"queries": 2, "qps": 0.1}, faults=slow)
    assert result.outcome.tolist() == [FAILED] * 2
    assert result.latency.tolist() == [0.5] * 2


@BOTH
@pytest.mark.parametrize(("cancel", "loser"), [("on_response", 5.0), ("never", 10.0)])
def test_a_hedge_overtakes_a_slow_attempt(simulate, cancel, loser):
    """The first attempt takes 10 s, its hedge, sent after 2, takes 3: answered at 5, when the loser may be stopped."""
    slow = [
        {"kind": "slow", "stage": "s", "factor": 10, "from": "0s", "for": "1s"},
        {"kind": "slow", "stage": "s", "factor": 3, "from": "2s", "for": "1s"},
    ]
    stage = {"replicas": 2, "cost": "1s", "hedging": {"after": "2s", "cancel": cancel}}
    traffic = {"queries": 2, "qps": 0.1}
    result = run(simulate, stage, traffic, faults=slow)
    assert result.latency.tolist() == [5.0, 1.0]
    assert result.parts[0, 0].tolist() == [2.0, 0.0, 3.0, 0.0, 0.0]
    assert result.attempts[:, 0].tolist() == [2, 1]
    assert result.count("hedges").tolist() == [1]
    assert (result.busy[0].sum(), result.wasted[0]) == (loser + 3.0 + 1.0, loser)


@BOTH
def test_tied_requests_are_served_once(simulate):
    """Sent to both of two replicas at once, each query is served by one and the other attempt withdrawn."""
    stage = {"replicas": 2, "cost": "2s", "hedging": {"after": "0s", "cancel": "on_start"}}
    result = run(simulate, stage)
    assert result.latency.tolist() == [2.0] * 4
    assert result.busy[0].sum() == 8.0
    assert result.count("withdrawn").tolist() == [4]


@BOTH
def test_hedging_after_forever_is_no_hedging(simulate):
    """A delay that nothing reaches changes no number."""
    stage = {"replicas": 2, "shards": 3, "cost": {"distribution": "exponential", "mean": "1s"}}
    hedged = stage | {"hedging": {"after": "1e8s", "cancel": "on_response"}}
    assert run(simulate, stage, {"queries": 50}).equals(run(simulate, hedged, {"queries": 50}))


@BOTH
def test_a_full_queue_refuses(simulate):
    """Services of 4 s and no room to wait: of four queries, one a second, the first alone is served."""
    result = run(simulate, {"cost": "4s", "queue_limit": 0})
    assert result.outcome.tolist() == [COMPLETED, FAILED, FAILED, FAILED]
    assert result.count("refused").tolist() == [3]


@BOTH
def test_the_door_refuses(simulate):
    """Two in flight at most: the third and fourth of four queries of 3 s are refused as they come; one leaves at 3."""
    result = run(simulate, {"cost": "3s", "workers": 9}, admission={"in_flight": 2})
    assert result.outcome.tolist() == [COMPLETED, COMPLETED, REFUSED, COMPLETED]
    assert result.end.tolist() == [3.0, 4.0, 2.0, 6.0]


@BOTH
def test_a_refused_request_is_tried_again_after_its_backoff(simulate):
    """Refused at 1 and again at 1.5, served at 2.5, when the worker is free: three attempts, answered at 4.5."""
    stage = {"cost": "2s", "queue_limit": 0, "retry": {"attempts": 3, "backoff": "500ms"}}
    result = run(simulate, stage, {"queries": 2})
    assert result.end.tolist() == [2.0, 4.5]
    assert result.attempts[:, 0].tolist() == [1, 3]
    assert result.parts[1, 0].tolist() == [1.5, 0.0, 2.0, 0.0, 0.0]
    assert result.count("retries").tolist() == [2]


@BOTH
def test_an_attempt_that_is_given_up_is_still_served(simulate):
    """Given up after 1 s, tried again behind itself: both attempts are served for 3 s, and both answers come late."""
    stage = {"cost": "3s", "retry": {"attempts": 2, "timeout": "1s"}}
    result = run(simulate, stage, {"queries": 1})
    assert (result.outcome.tolist(), result.end.tolist()) == ([FAILED], [2.0])
    assert (result.busy[0].sum(), result.wasted[0]) == (6.0, 6.0)
    assert result.count("timed_out").tolist() == [2]


@BOTH
def test_a_budget_bounds_retries(simulate):
    """Of 100 refused queries a budget of 10% retries at most 10."""
    stage = {"cost": "1000s", "queue_limit": 0, "retry": {"attempts": 5, "budget": "10%"}}
    result = run(simulate, stage, {"queries": 101})
    assert 8 <= result.count("retries")[0] <= 10


@BOTH
def test_a_batch_waits_until_it_is_full_or_its_first_has_waited(simulate):
    """Batches of two, a wait of 1.5 s: queries 0 and 1 begin together at 1, 2 and 3 at 3; the last alone at 5.5."""
    stage = {"cost": {"per_candidate": "10ms"}, "batching": {"size": 2, "wait": "1.5s"}}
    result = run(simulate, stage, {"queries": 5, "candidates": 10})
    assert result.end.tolist() == pytest.approx([1.2, 1.2, 3.2, 3.2, 5.6])
    assert result.busy[0].sum() == pytest.approx(0.5)


@BOTH
def test_a_slow_shard_is_slow_in_its_window(simulate):
    """Slow from 1 s for 2: the services that begin at 1 and 2 take twice as long."""
    faults = [{"kind": "slow", "stage": "s", "factor": 2, "from": "1s", "for": "2s"}]
    assert run(simulate, {"cost": "250ms"}, faults=faults).latency.tolist() == [0.25, 0.5, 0.5, 0.25]


@BOTH
def test_a_replica_that_goes_down_loses_what_it_holds(simulate):
    """Down from 0.5 s: the query in service fails there and then, the next goes to the other replica."""
    faults = [{"kind": "down", "stage": "s", "from": "0.5s", "for": "9s"}]
    result = run(simulate, {"cost": "1s", "replicas": 2}, {"queries": 3}, faults=faults)
    assert result.outcome.tolist() == [FAILED, COMPLETED, COMPLETED]
    assert result.end.tolist() == [0.5, 2.0, 3.0]
    assert result.busy[0].tolist() == [[0.5, 2.0]]
    assert (result.wasted[0], result.count("lost").tolist()) == (0.5, [1])


@BOTH
def test_a_lost_request_is_tried_again(simulate):
    """The same with a second attempt, at the other replica: answered at 1.5 s."""
    faults = [{"kind": "down", "stage": "s", "from": "0.5s", "for": "9s"}]
    stage = {"cost": "1s", "replicas": 2, "workers": 2, "retry": {"attempts": 2}}
    result = run(simulate, stage, {"queries": 1}, faults=faults)
    assert result.end.tolist() == [1.5]


@BOTH
def test_a_shard_without_replicas_costs_coverage(simulate):
    """With the only replica of one of two shards down, coverage is a half, at once; when it is up again, whole."""
    faults = [{"kind": "down", "stage": "s", "shards": [1], "from": "0s", "for": "1.5s"}]
    result = run(simulate, {"cost": "0.25s", "shards": 2}, faults=faults)
    assert result.coverage[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


@BOTH
def test_pauses_lengthen_services_by_their_share(simulate):
    """A worker that pauses 1 s after every 3 s on average is there three quarters of the time (renewal reward)."""
    faults = [{"kind": "pause", "stage": "s", "every": "3s", "for": "1s"}]
    result = run(simulate, {"cost": "0.3s"}, {"queries": 2000, "qps": 0.05}, faults=faults)
    lengthened = result.parts[:, 0, 2] > 0.3 + 1e-9
    share = 1 - 0.75 * np.exp(-0.1)  # neither in a pause at the start nor met by one
    assert abs(lengthened.mean() - share) < 4 * np.sqrt(share * (1 - share) / 2000)


@BOTH
def test_failures_and_repairs_take_their_mean_times(simulate):
    """With mttf 30 s and mttr 10 s the only replica is there three quarters of the time; the others fail."""
    faults = [{"kind": "down", "stage": "s", "mttf": "30s", "mttr": "10s"}]
    result = run(simulate, {"cost": "0s"}, {"queries": 20_000}, faults=faults)
    cycles, there = 20_000 / 40, (result.outcome == COMPLETED).mean()
    assert abs(there - 0.75) < 4 * 0.25 * 0.75 * np.sqrt(2 / cycles)


@BOTH
def test_the_cache_answers_its_share_and_nothing_else_changes(simulate):
    """At 30% three queries in ten end after 0.125 s without a request; the others are served as ever."""
    cached = run(simulate, {"cost": "0.5s"}, {"queries": 2000, "cache": {"hit_rate": "30%", "latency": "125ms"}})
    hits = cached.attempts[:, 0] == 0
    assert abs(hits.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 2000)
    assert set(cached.latency[hits]) == {0.125}
    assert set(cached.latency[~hits]) == {0.5}


@BOTH
def test_users_wait_for_their_answers(simulate):
    """Two users who think 1 s and wait 3 s for one worker: it is never idle once both have come (2 < 1 + 2 x 3)."""
    traffic = {"arrivals": "closed", "users": 2, "think": "1s", "queries": 6}
    asked = {"name": "a", "traffic": traffic | {"candidates": 1, "warmup": 0}, "merge": {"fixed": "0s"}}
    asked |= {"funnel": [{"name": "s", "cost": "3s"}]}
    result = simulate(resolve(parse_scenario(json.dumps(asked)), load_profile("default")), 0)
    assert result.end.tolist() == [4.0, 7.0, 10.0, 13.0, 16.0, 19.0]
    assert result.arrival.tolist() == [1.0, 1.0, 5.0, 8.0, 11.0, 14.0]


@BOTH
def test_replicas_follow_the_load(simulate):
    """At 1.6 Erlang and a target of 45% a stage that starts with one replica gets the four it needs, and pays them."""
    scaling = {"target": "45%", "interval": "50s", "delay": "10s", "max": 8}
    stage = {"cost": "1.6s", "balancing": "least_outstanding", "autoscaling": scaling}
    result = run(simulate, stage, {"queries": 2000})
    assert result.latency[500:].max() == pytest.approx(1.6)
    assert result.replica_seconds[0] / 1999 == pytest.approx(4.0, abs=0.1)


def test_uneven_shards_have_the_cv_that_was_asked_for():
    """Sizes of 40 shards at imbalance 50% have that coefficient of variation, and deal every candidate once."""
    cumulative = cumulative_sizes(0.5, 40, 7, "s")
    sizes = np.diff(cumulative) * 40
    assert sizes.std() == pytest.approx(0.5, abs=1e-9)
    assert sum(shard_candidates(12_345, 40, j, cumulative) for j in range(40)) == 12_345


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_no_rule_chooses_a_barred_replica(rule):
    """Of four replicas two are barred: the others are chosen, each sometimes under the random rules."""
    barred, load = np.array([1, 0, 2, 0]), np.array([0, 5, 0, 4])
    grid = (np.arange(20) + 0.5) / 20
    chosen = {choose_replica(rule, turn, load, barred, grid[turn], grid[-turn]) for turn in range(20)}
    assert chosen == ({3} if rule in (LEAST_OUTSTANDING, POWER_OF_TWO) else {1, 3})
    assert choose_replica(rule, 0, load, np.ones(4, dtype=np.int64), 0.5, 0.5) == -1


def test_blocks_hold_no_more_than_what_is_in_flight():
    """In blocks of 50 queries, a run of 5,000 never has room for more than a few hundred rows."""
    asked = plan({"cost": "500ms", "deadline": "2s"}, {"queries": 5000})
    assert max(block.arrival.size for block in event_blocks(asked, 0, 50)) <= 100


GOLDEN = {"arrivals": [0, 1, 2, 3, 4, 5, 6, 10], "services": [4, 3, 2, 1, 5, 1, 1, 2]}


@pytest.mark.parametrize("by", ["events", "simpy"])
@pytest.mark.parametrize(
    ("deadline", "withdrawn", "busy"), [(3, [2, 3, 5, 6], 14.0), (100, [], 19.0)], ids=["timeout3", "none"]
)
def test_golden_paths(by, deadline, withdrawn, busy):
    """A path by hand: those that would wait longer than the deadline are withdrawn, and the others are all served."""
    asked = plan({"cost": {"per_candidate": "1s"}, "deadline": f"{deadline}s"}, {"queries": 8})
    result = prepare(asked, 0)
    result.arrival[:], result.candidates[:, 0] = GOLDEN["arrivals"], GOLDEN["services"]
    if by == "simpy":
        simulation = Simulation(asked, 0)
        simulation.result.arrival[:], simulation.result.candidates[:, 0] = GOLDEN["arrivals"], GOLDEN["services"]
        result = simulation.run()
    else:
        path = EventRun(asked, 0, result)
        path["rows"] = 8
        path.go_on()
    assert result.count("withdrawn").tolist() == [len(withdrawn)]
    assert result.busy[0].sum() == busy
    if not withdrawn:
        assert result.end.tolist() == [4, 7, 9, 10, 15, 16, 17, 19]


def storm(budget: str | None) -> Result:
    """A stage at 70% load takes four times as long for 5 s; attempts are given up after 100 ms and tried thrice."""
    retry = {"attempts": 3, "timeout": "100ms", "backoff": "5ms", "jitter": "50%"} | (
        {"budget": budget} if budget else {}
    )
    stage = {"workers": 4, "cost": {"distribution": "exponential", "mean": "10ms"}, "retry": retry}
    faults = [{"kind": "slow", "stage": "s", "factor": 4, "from": "10s", "for": "5s"}]
    return run(compiled.simulate, stage, {"arrivals": "poisson", "qps": 280, "queries": 28_000}, faults=faults)


def test_a_retry_storm_outlives_its_cause():
    """After a brief slowness nothing is answered any more (metastable failure); a budget of 10% heals it in seconds."""
    for budget, broken in ((None, True), ("10%", False)):
        result = storm(budget)
        before, after = result.arrival < 10, result.arrival > 60
        assert (result.outcome[before] == COMPLETED).mean() > 0.99
        failed = (result.outcome[after] == FAILED).mean()
        assert failed > 0.9 if broken else failed < 0.01
