"""What the engines compute, on scenarios small enough to follow by hand, and what is always conserved."""

import json

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.resolve import resolve
from simulator.engine.stages import sweeps
from simulator.errors import InputError
from simulator.scenario.load import parse_scenario

BOTH = pytest.mark.parametrize("simulate", [compiled.simulate, reference.simulate], ids=["compiled", "simpy"])


def plan(funnel, merge=None, **traffic):
    """A plan of evenly spaced arrivals, one a second, without merge cost unless given."""
    asked = {
        "name": "small",
        "traffic": {"arrivals": "constant", "qps": 1, "candidates": 10, "queries": 4, "warmup": 0} | traffic,
        "funnel": [{"name": f"s{i}"} | stage for i, stage in enumerate(funnel)],
        "merge": merge or {"fixed": "0s", "per_shard": "0s"},
    }
    return resolve(parse_scenario(json.dumps(asked)), load_profile("default"))


@BOTH
def test_a_queue_by_hand(simulate):
    """Arrivals every second and services of 1.5 s: the n-th query (from 0) waits n / 2 seconds."""
    result = simulate(plan([{"cost": "1.5s"}]), 0)
    assert result.end.tolist() == [1.5, 3.0, 4.5, 6.0]
    assert result.parts[:, 0, 1].tolist() == [0.0, 0.5, 1.0, 1.5]
    assert result.busy[0].tolist() == [[6.0]]


@BOTH
def test_two_workers_take_turns(simulate):
    """With two workers nobody waits for services of 1.5 s."""
    assert simulate(plan([{"cost": "1.5s", "workers": 2}]), 0).latency.tolist() == [1.5] * 4


@BOTH
def test_candidates_are_dealt_as_evenly_as_whole_numbers_allow(simulate):
    """Of 10 candidates over 4 shards two shards get 3 and two get 2; the slowest is the first of the larger ones."""
    result = simulate(plan([{"cost": {"per_candidate": "10ms"}, "shards": 4}], queries=1), 0)
    assert result.busy[0][:, 0] == pytest.approx([0.03, 0.03, 0.02, 0.02])
    assert result.slowest.tolist() == [[0]]


@BOTH
def test_a_shard_without_candidates_is_not_called(simulate):
    """Of 10 candidates over 16 shards six shards are not asked."""
    result = simulate(plan([{"cost": "1ms", "shards": 16}], queries=1), 0)
    assert result.attempts.tolist() == [[10]]
    assert (result.busy[0][10:] == 0).all()


@BOTH
def test_a_stage_keeps_what_it_says(simulate):
    """The next stage gets min(keep, candidates)."""
    result = simulate(plan([{"cost": "1ms", "keep": 4}, {"cost": "1ms"}]), 0)
    assert result.candidates.tolist() == [[10, 4]] * 4


@BOTH
def test_the_network_delays_without_serving(simulate):
    """Request and response delays add to the latency and to nobody's busy time."""
    network = {"request": "200ms", "response": "300ms"}
    result = simulate(plan([{"cost": "100ms", "network": network}]), 0)
    assert result.latency == pytest.approx([0.6] * 4)
    assert result.busy[0].sum() == pytest.approx(0.4)


@BOTH
def test_an_idle_worker_serves_by_the_idle_law(simulate):
    """A request that need not wait takes 1.2 s by the idle law, and the one that waits 0.1 s by the busy law."""
    result = simulate(plan([{"cost": "100ms", "idle_cost": "1.2s"}]), 0)
    assert result.parts[:, 0, 2] == pytest.approx([1.2, 0.1, 1.2, 0.1])


@BOTH
def test_a_merge_without_workers_is_a_plain_delay(simulate):
    """A merge of 2 s delays every query by 2 s although they come every second."""
    assert simulate(plan([{"cost": "0s"}], merge={"fixed": "2s"}), 0).latency.tolist() == [2.0] * 4


@BOTH
def test_a_merge_with_a_worker_is_a_queue(simulate):
    """A merge of 2 s by one worker makes the n-th query (from 0) wait n seconds for it."""
    result = simulate(plan([{"cost": "0s"}], merge={"fixed": "2s", "workers": 1}), 0)
    assert result.latency.tolist() == [2.0, 3.0, 4.0, 5.0]


@BOTH
def test_one_broker_merges_for_all_stages(simulate):
    """Two stages share the broker's worker: merges of 0.6 s every second twice a query make a backlog."""
    result = simulate(plan([{"cost": "0s"}, {"cost": "0s"}], merge={"fixed": "600ms", "workers": 1}, queries=40), 0)
    assert result.latency[-1] > result.latency[0] + 5


@BOTH
def test_the_merge_costs_by_the_lists_it_merges(simulate):
    """Ten shards cost the merge ten times per_shard."""
    result = simulate(plan([{"cost": "0s", "shards": 10}], merge={"fixed": "1s", "per_shard": "100ms"}), 0)
    assert result.parts[:, 0, 4] == pytest.approx([2.0] * 4)


def test_speed_divides_costs_and_leaves_the_network():
    """Twice the speed halves service and merge exactly, and no network delay."""
    stage = {"name": "s", "cost": "1s", "network": {"request": "250ms"}}
    asked = {"name": "a", "traffic": {"qps": 0.01, "candidates": 1, "queries": 3}, "funnel": [stage]}
    asked |= {"merge": {"fixed": "500ms"}, "costs": {"speed": 2.0}}
    result = compiled.simulate(resolve(parse_scenario(json.dumps(asked)), load_profile("default")), 0)
    assert result.parts[0, 0].tolist() == [0.25, 0.0, 0.5, 0.0, 0.25]


def test_scaling_all_times_by_a_power_of_two_scales_every_latency():
    """Means times 4 and a quarter of the load give exactly four times every latency."""

    def latencies(mean: str, qps: float) -> np.ndarray:
        stage = {"shards": 5, "cost": {"distribution": "exponential", "mean": mean}}
        return compiled.simulate(plan([stage], arrivals="poisson", qps=qps, queries=500), 0).latency

    assert np.array_equal(4 * latencies("500ms", 1), latencies("2s", 0.25))


def test_another_rate_keeps_every_querys_luck():
    """Common random numbers: at another load the services are the same, one by one."""
    stage = {"cost": {"distribution": "exponential", "mean": "1s"}}
    one, two = (compiled.simulate(plan([stage], arrivals="poisson", qps=qps, queries=200), 0) for qps in (0.1, 0.9))
    assert np.array_equal(one.parts[:, 0, 2], two.parts[:, 0, 2])


def test_another_stage_moves_no_draw():
    """Adding a stage behind leaves every number of the stage before it as it was."""
    stage = {"cost": {"distribution": "exponential", "mean": "1s"}}
    alone, followed = (compiled.simulate(plan(funnel, queries=200), 0) for funnel in ([stage], [stage, stage]))
    assert np.array_equal(alone.stage_end[:, 0], followed.stage_end[:, 0])


UNEVEN = {"shards": 3, "imbalance": "50%", "cost": "1s"}


@pytest.mark.parametrize(
    ("funnel", "swept"),
    [
        ([{"shards": 3, "cost": "1s"}] * 2, True),
        ([{"shards": 3, "cost": "1s"}, UNEVEN], False),
        ([{"shards": 3, "cost": "1s", "network": {"request": {"distribution": "exponential", "mean": "1s"}}}], False),
        ([{"shards": 3, "replicas": 2, "balancing": "random", "cost": "1s"}], False),
        ([{"shards": 10, "replicas": 2, "balancing": "round_robin", "cost": "1s"}], True),
        ([{"shards": 11, "replicas": 2, "balancing": "round_robin", "cost": "1s"}], False),
        ([{"cost": "1s", "keep": 3}, {"shards": 4, "replicas": 2, "balancing": "round_robin", "cost": "1s"}], False),
    ],
)
def test_stages_are_swept_where_requests_stay_in_order(funnel, swept):
    """Alike shards that are all asked, each by its only replica or in turn, after a constant time: query by query."""
    assert sweeps(plan(funnel)) is swept


def test_slow_shards_are_served_one_by_one():
    """A fault of a stage keeps its shards from being alike."""
    asked = {"name": "a", "traffic": {"qps": 1, "candidates": 9}, "funnel": [{"name": "s", "shards": 3, "cost": "1s"}]}
    slow = [{"kind": "slow", "stage": "s", "factor": 2, "shards": [1]}]
    resolved = resolve(parse_scenario(json.dumps(asked | {"faults": slow})), load_profile("default"))
    assert not sweeps(resolved)
    assert compiled.path_of(resolved) == "forward"


@pytest.mark.parametrize("shards", [1, 2, 3, 4])
def test_threads_beyond_the_shards_change_nothing(shards, monkeypatch):
    """On three threads one shard, two, three and four are served as on one."""
    monkeypatch.setattr("simulator.engine.stages.WORTH_A_THREAD", 1)
    stage = {"shards": shards, "cost": {"distribution": "exponential", "mean": "500ms"}}
    asked = plan([stage], queries=30)
    (together,) = compiled.blocks(asked, 0, 30, threads=3)
    assert together.differences(compiled.simulate(asked, 0)) == []


def test_round_robin_with_one_replica_is_no_balancing():
    """With one replica all four balancers give the same arrays."""
    stage = {"shards": 3, "cost": {"distribution": "exponential", "mean": "500ms"}}
    rules = ["random", "round_robin", "least_outstanding", "power_of_two"]
    one, *others = (compiled.simulate(plan([stage | {"balancing": rule}], queries=300), 0) for rule in rules)
    assert all(one.equals(other) for other in others)


def test_far_extrapolation_is_refused_unless_asked_for():
    """A call eleven times the measured size is refused with the remedy, and taken with extrapolate: true."""
    profile = load_profile("default")
    most = profile.rankers["two_tower"].measured_to
    asked = {"name": "a", "traffic": {"qps": 1, "candidates": 11 * most}}
    asked["funnel"] = [{"name": "s", "ranker": "two_tower"}]
    with pytest.raises(InputError, match="extrapolate: true"):
        resolve(parse_scenario(json.dumps(asked)), profile)
    assert resolve(parse_scenario(json.dumps(asked | {"costs": {"extrapolate": True}})), profile).sources == ("fitted",)


def test_beyond_the_measured_range_warns():
    """A call twice the measured size is taken with a warning that names the stage."""
    profile = load_profile("default")
    most = profile.rankers["two_tower"].measured_to
    asked = {"name": "a", "traffic": {"qps": 1, "candidates": 2 * most}}
    asked["funnel"] = [{"name": "s", "ranker": "two_tower"}]
    assert "funnel.s" in resolve(parse_scenario(json.dumps(asked)), profile).warnings[0]
