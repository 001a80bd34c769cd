"""What a scenario says is what its plan holds, number by number."""

import json
import math

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.curve import curve_value
from simulator.engine.law import CONSTANT
from simulator.engine.order import MAX_STAGES
from simulator.engine.plan import IDLE_NOISE, NOISE, REQUEST, RESPONSE
from simulator.engine.resolve import resolve
from simulator.errors import InputError
from simulator.policies.balancing import RULES
from simulator.policies.hedging import CANCEL
from simulator.policies.shedding import NO_LIMIT
from simulator.scenario.load import parse_scenario

PROFILE = load_profile("default")
PLAIN = {"name": "plain", "cost": "1s"}
FULL = {
    "name": "full",
    "shards": 4,
    "replicas": 2,
    "workers": 3,
    "keep": 7,
    "speed": 2,
    "balancing": "power_of_two",
    "cost": {"fixed": "1s", "per_candidate": "0.5s", "cv": 0.5},
    "idle_cost": {"fixed": "3s", "per_candidate": "0.25s"},
    "network": {"request": "0.125s", "response": {"distribution": "exponential", "mean": "2s"}},
    "deadline": "20s",
    "on_deadline": "fail",
    "hedging": {"after": "4s", "cancel": "never"},
    "queue_limit": 5,
    "retry": {"attempts": 3, "backoff": "0.25s", "jitter": "10%", "budget": "20%", "timeout": "6s"},
    "batching": {"size": 2, "wait": "1.5s"},
    "imbalance": "20%",
    "autoscaling": {"target": "60%", "interval": "7s", "delay": "8s", "min": 1, "max": 6},
}


def plan_of(*funnel, **more):
    """The plan of a scenario."""
    asked = {"name": "a", "traffic": {"qps": 3, "candidates": 10}, "funnel": list(funnel)}
    return resolve(parse_scenario(json.dumps(asked | more)), PROFILE)


def row_of(plan, s):
    """A stage's settings by name."""
    return {name: getattr(plan.stages, name)[s].item() for name in plan.stages._fields}


def test_a_plain_stage_has_no_policy():
    """What stands for none: infinities, one attempt, batches of one, a fixed number of replicas, all kept."""
    assert row_of(plan_of(PLAIN), 0) == {
        "shards": 1,
        "replicas": 1,
        "workers": 1,
        "keep": np.iinfo(np.int64).max,
        "balancing": RULES.index("round_robin"),
        "has_idle_law": False,
        "deadline": math.inf,
        "all_or_nothing": False,
        "hedge_after": math.inf,
        "cancel": 0,
        "queue_limit": NO_LIMIT,
        "attempts": 1,
        "backoff": 0.0,
        "jitter": 0.0,
        "budget": math.inf,
        "timeout": math.inf,
        "batch": 1,
        "batch_wait": 0.0,
        "pause_every": math.inf,
        "pause_length": 0.0,
        "initial": 1,
        "fewest": 1,
        "scale_every": math.inf,
        "scale_delay": 0.0,
        "scale_target": 1.0,
    }


def test_every_setting_of_a_stage_has_its_place():
    """All policies at once; the second stage's settings are its own."""
    plan = plan_of(
        FULL, PLAIN | {"replicas": 3}, faults=[{"kind": "pause", "stage": "full", "every": "9s", "for": "2s"}]
    )
    assert row_of(plan, 0) == {
        "shards": 4,
        "replicas": 6,
        "workers": 3,
        "keep": 7,
        "balancing": RULES.index("power_of_two"),
        "has_idle_law": True,
        "deadline": 20.0,
        "all_or_nothing": True,
        "hedge_after": 4.0,
        "cancel": CANCEL.index("never"),
        "queue_limit": 5,
        "attempts": 3,
        "backoff": 0.25,
        "jitter": 0.1,
        "budget": 0.2,
        "timeout": 6.0,
        "batch": 2,
        "batch_wait": 1.5,
        "pause_every": 9.0,
        "pause_length": 2.0,
        "initial": 2,
        "fewest": 1,
        "scale_every": 7.0,
        "scale_delay": 8.0,
        "scale_target": 0.6,
    }
    second = row_of(plan, 1)
    assert (second["replicas"], second["initial"], second["fewest"]) == (3, 3, 3)
    assert (second["pause_every"], second["pause_length"]) == (math.inf, 0.0)
    assert (plan.names, plan.sources) == (("full", "plain"), ("assumed", "assumed"))


def test_costs_are_curves_by_speed():
    """The busy and the idle law of each stage, then the merge; a machine twice as fast halves all, a stage its own."""
    plan = plan_of(FULL, PLAIN, merge={"fixed": "1s", "per_shard": "0.5s"}, costs={"speed": 4})
    curves = [curve_value(plan.curves, number, 6) for number in range(5)]
    assert curves == [(1 + 6 * 0.5) / 8, (3 + 6 * 0.25) / 8, 1 / 4, 1 / 4, (1 + 6 * 0.5) / 4]
    assert plan.merge_curve == 4


def test_laws_stand_where_the_plan_says():
    """Noise, idle noise, request and response of each stage; then the merge's noise, the think time, the candidates."""
    traffic = {"arrivals": "closed", "users": 5, "think": "30s", "candidates": 10}
    plan = plan_of(PLAIN, FULL, traffic=traffic, merge={"fixed": "0s"})
    kinds, values, means = plan.laws.kind, plan.laws.value, plan.laws.mean
    assert [kinds[law] == CONSTANT for law in range(8)] == [True, True, True, True, False, True, True, False]
    assert (values[NOISE], values[IDLE_NOISE], values[4 + IDLE_NOISE], values[4 + REQUEST]) == (1.0, 1.0, 1.0, 0.125)
    assert (means[4 + NOISE], means[4 + RESPONSE]) == pytest.approx((1.0, 2.0), rel=1e-6)
    assert (values[plan.merge_noise], values[plan.merge_noise + 1], values[plan.candidates_law]) == (1.0, 30.0, 10.0)
    assert plan.door.users == 5


def test_the_door_is_the_scenario_s():
    """Admission, the cache and users; none of them unless asked for."""
    assert plan_of(PLAIN).door == (NO_LIMIT, 0.0, 0.0, 0)
    cache = {"hit_rate": "30%", "latency": "0.5s"}
    plan = plan_of(PLAIN, traffic={"qps": 1, "candidates": 1, "cache": cache}, admission={"in_flight": 9})
    assert plan.door == (9, 0.3, 0.5, 0)


def test_traffic_is_the_scenario_s():
    """Rate, queries, warm-up, replications, classes and the broker's workers; `auto` waits for the caller."""
    classes = [{"name": "x", "share": "25%", "candidates": 1}, {"name": "y", "share": "75%", "candidates": 9}]
    traffic = {"qps": 3, "queries": 50, "warmup": 20, "replications": 4, "classes": classes}
    plan = plan_of(PLAIN, traffic=traffic, merge={"fixed": "0s", "workers": 2}, seed=11)
    assert (plan.qps, plan.queries, plan.warmup, plan.total_queries) == (3.0, 50, 20, 70)
    assert (plan.replications, plan.seed, plan.merge_workers) == (4, 11, 2)
    assert (plan.class_names, plan.class_shares) == (("x", "y"), (0.25, 0.75))
    assert plan.laws.value[plan.candidates_law : plan.candidates_law + 2].tolist() == [1.0, 9.0]
    plain = plan_of(PLAIN)
    assert (plain.warmup, plain.merge_workers, plain.class_names, plain.class_shares) == (0, 0, (), (1.0,))


def down(plan):
    """(stage, shard, replica, start, length, mttf, mttr, number) of every unit."""
    return [tuple(column[unit].item() for column in plan.down) for unit in range(plan.down.stage.size)]


def test_faults_that_take_down_hit_whom_they_name():
    """All shards and the first replica unless said otherwise; shares are rounded, and hit one at least."""
    stage = {"shards": 2, "replicas": 5, "cost": "1s"}
    funnel = [{"name": "a"} | stage, {"name": "b"} | stage]
    once = {"kind": "down", "from": "3s", "for": "2s"}
    again = {"kind": "down", "mttf": "50s", "mttr": "5s"}
    faults = [
        once | {"stage": "b"},
        again | {"stage": "b", "shards": [1], "replicas": [2, 4]},
        once | {"stage": "a", "shards": 1, "replicas": "50%"},
        once | {"stage": "a", "shards": "10%", "replicas": "10%"},
    ]
    assert down(plan_of(*funnel, faults=faults)) == [
        *((0, 0, replica, 3.0, 2.0, 0.0, 0.0, 0) for replica in range(3)),
        (0, 0, 0, 3.0, 2.0, 0.0, 0.0, 1),
        (1, 0, 0, 3.0, 2.0, 0.0, 0.0, 0),
        (1, 1, 0, 3.0, 2.0, 0.0, 0.0, 0),
        (1, 1, 2, 0.0, 0.0, 50.0, 5.0, 1),
        (1, 1, 4, 0.0, 0.0, 50.0, 5.0, 1),
    ]
    assert down(plan_of(PLAIN)) == []


def test_faults_that_slow_hit_whom_they_name():
    """All shards unless said otherwise, from the start and for ever unless said otherwise."""
    funnel = [{"name": "a", "shards": 3, "cost": "1s"}, PLAIN, {"name": "b", "shards": 2, "cost": "1s"}]
    slow = {"kind": "slow", "factor": 3}
    faults = [
        slow | {"stage": "b", "from": "2s", "for": "4s"},
        slow | {"stage": "a", "shards": [2], "factor": 5},
        slow | {"stage": "a", "shards": "34%", "from": "1s"},
    ]
    found = plan_of(*funnel, faults=faults).slow
    assert found.first.tolist() == [0, 2, 2, 3]
    assert found.start.tolist() == [0.0, 1.0, 2.0]
    assert found.end.tolist() == [math.inf, math.inf, 6.0]
    assert found.factor.tolist() == [5.0, 3.0, 3.0]
    assert found.at.tolist() == [0, 3, 6]
    assert found.hit.tolist() == [False, False, True, True, False, False, True, True]
    assert plan_of(PLAIN).slow.first.tolist() == [0, 0]


def test_uneven_shards_have_cumulative_sizes():
    """From nothing to everything, of the stage that is uneven alone."""
    even, uneven = plan_of(PLAIN, FULL).sizes
    assert even.size == 0
    assert (uneven[0], uneven[-1], uneven.size) == (0.0, 1.0, 5)
    assert (np.diff(uneven) > 0).all()


def test_a_hedge_by_percentile_waits_for_the_largest_shard_s_idle_call():
    """At no load: on the wire there and back, and the idle cost of as many candidates as the largest shard may hold."""
    stage = {"name": "s", "shards": 4, "replicas": 2, "hedging": {"after": "p50"}, "network": {"request": "0.5s"}}
    stage |= {"cost": "9s", "idle_cost": {"fixed": "1s", "per_candidate": "0.5s"}, "speed": 2}
    assert plan_of(stage).stages.hedge_after.tolist() == [0.5 + (1 + 3 * 0.5) / 2]
    behind = plan_of(PLAIN | {"keep": 5}, stage)
    assert behind.stages.hedge_after.tolist() == [math.inf, 0.5 + (1 + 2 * 0.5) / 2]


def test_policies_that_cannot_act_are_said():
    """A queue too short for its batches, and a hedge after the deadline; neither where it just fits."""
    batches = PLAIN | {"queue_limit": 3, "batching": {"size": 4, "wait": "1s"}}
    late = {"name": "late", "cost": "3s", "replicas": 2, "hedging": {"after": "p50"}, "deadline": "3s"}
    (small, hedge) = plan_of(batches, late).warnings
    assert small.startswith("stage plain: queue_limit 3 refuses requests while a batch of 4 waits to be full")
    assert hedge.startswith("stage late never hedges: p50 of a call at no load is 3.00 s, past the deadline of 3.00 s")
    assert plan_of(batches | {"queue_limit": 4}, late | {"deadline": "3.5s"}).warnings == ()
    assert plan_of(batches | {"batching": {"size": 4, "wait": "0s"}}, PLAIN | {"name": "b"}).warnings == ()


def test_what_a_profile_does_not_hold_is_refused():
    """Ten times the measured size is extrapolated with a warning, more is refused unless asked for."""
    most = PROFILE.rankers["mlp"].measured_to
    stage = {"name": "s", "ranker": "mlp", "shards": 2}

    def asked(candidates, **more):
        return plan_of(stage, traffic={"qps": 1, "candidates": candidates}, **more)

    assert (asked(2 * most).sources, asked(2 * most).warnings) == (("measured",), ())
    beyond = asked(2 * most + 2)
    assert beyond.sources == ("fitted",)
    assert (
        f"funnel.s: {most + 1:,} candidates a shard, measured up to {most:,} for mlp: its cost is" in beyond.warnings[0]
    )
    assert asked(20 * most).sources == ("fitted",)
    with pytest.raises(InputError, match="more than ten times less; use more shards"):
        asked(20 * most + 2)
    assert asked(20 * most + 2, costs={"extrapolate": True}).sources == ("fitted",)
    for idle, number in (("busy", 0), ("idle", 1)):
        law = getattr(PROFILE.rankers["mlp"], idle).curve
        piece = max(i for i, start in enumerate(law.start) if start <= 5)
        expected = law.intercept[piece] + law.slope[piece] * 5
        assert curve_value(asked(10).curves, number, 5) == pytest.approx(expected)
    assert asked(10).stages.has_idle_law.tolist() == [True]


def test_what_the_engines_cannot_number_is_refused():
    """More stages than an event's number holds are an error of the scenario, by its path."""
    scenario = parse_scenario(json.dumps({"name": "a", "traffic": {"qps": 3, "candidates": 10}, "funnel": [PLAIN]}))
    most = scenario.model_copy(update={"funnel": scenario.funnel * MAX_STAGES})
    assert len(resolve(most, PROFILE).names) == MAX_STAGES
    more = scenario.model_copy(update={"funnel": scenario.funnel * (MAX_STAGES + 1)})
    with pytest.raises(
        InputError, match=f"funnel: expected at most {MAX_STAGES:,}, got {MAX_STAGES + 1:,}; ask for fewer"
    ):
        resolve(more, PROFILE)
