"""Drawn scenarios, all policies and ties among them, and what has to hold of both engines on each."""

import json
from collections.abc import Iterable
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference, reference_answers
from simulator.engine.arrivals import prepare
from simulator.engine.conservation import check_conservation
from simulator.engine.event_run import answers_to, event_blocks, run_events
from simulator.engine.resolve import resolve
from simulator.engine.result import SUMS, Result
from simulator.scenario.load import parse_scenario

PROFILE = load_profile("default")

# Whole and half seconds make ties: arrivals, completions and answers that fall on one instant.
ROUND = st.sampled_from(["0s", "0.25s", "0.5s", "1s", "2s"])


def laws(means=ROUND):
    """Strategies for a duration or distribution, constant ones (and so ties) half of the time."""
    cv = st.sampled_from([0.3, 1.0, 2.5])
    return st.one_of(
        means,
        means,
        st.fixed_dictionaries({"distribution": st.just("exponential"), "mean": means}),
        st.fixed_dictionaries({"distribution": st.sampled_from(["lognormal", "gamma"]), "mean": means, "cv": cv}),
        st.fixed_dictionaries({"distribution": st.just("hyperexponential"), "mean": means, "cv": st.just(2.0)}),
        st.fixed_dictionaries({"distribution": st.just("pareto"), "mean": means, "alpha": st.just(2.5)}),
        st.just({"distribution": "uniform", "low": "0s", "high": "1s"}),
        st.just({"distribution": "percentiles", "p0": "100ms", "p50": "500ms", "p99": "3s"}),
    )


def costs():
    """Strategies for a cost: a law of the whole call, or one that grows with candidates, with noise or without."""
    affine = st.fixed_dictionaries({"fixed": ROUND, "per_candidate": ROUND, "cv": st.sampled_from([0.0, 0.5])})
    return st.one_of(laws(), affine)


TIMES = st.sampled_from(["0.25s", "0.5s", "1s", "1.5s", "3s"])


def policies():
    """Strategies for the policies of a stage, each there or not."""
    retry = st.fixed_dictionaries(
        {"attempts": st.sampled_from([2, 3, 5, "unlimited"])},
        optional={
            "backoff": ROUND,
            "jitter": st.just("50%"),
            "budget": st.sampled_from(["10%", "50%"]),
            "timeout": TIMES,
        },
    )
    hedging = st.fixed_dictionaries(
        {
            "after": st.one_of(ROUND, st.sampled_from(["p50", "p95"])),
            "cancel": st.sampled_from(["never", "on_start", "on_response"]),
        }
    )
    scaling = st.fixed_dictionaries(
        {
            "target": st.sampled_from(["30%", "80%"]),
            "interval": st.sampled_from(["2s", "5s"]),
            "delay": ROUND,
            "min": st.just(1),
            "max": st.sampled_from([2, 3, 5]),
        }
    )
    return {
        "deadline": TIMES,
        "hedging": hedging,
        "queue_limit": st.sampled_from([0, 1, 2, 5]),
        "retry": retry,
        "batching": st.fixed_dictionaries({"size": st.sampled_from([1, 2, 4]), "wait": ROUND}),
        "autoscaling": scaling,
    }


ONWARD = ("random", "round_robin")
BY_LOAD = ("least_outstanding", "power_of_two")


def stages(*, onward: bool):
    """Strategies for a stage; `onward`, without what lets an earlier request's fate depend on a later one's."""
    free = {} if onward else {"on_deadline": st.sampled_from(["partial", "fail"]), **policies()}
    return st.fixed_dictionaries(
        {
            "shards": st.sampled_from([1, 2, 3, 7]),
            "replicas": st.sampled_from([1, 2, 3]),
            "workers": st.sampled_from([1, 2, 4]),
            "balancing": st.sampled_from(ONWARD if onward else ONWARD + BY_LOAD),
            "cost": costs(),
        },
        optional={
            "idle_cost": costs(),
            "network": st.fixed_dictionaries({}, optional={"request": laws(), "response": laws()}),
            "imbalance": st.sampled_from(["20%", "90%"]),
            **free,
        },
    )


def faults(*, onward: bool):
    """Strategies for a fault, of whatever kind and place; `onward`, slow shards alone."""
    slow = {"kind": st.just("slow"), "factor": st.sampled_from([0.5, 2, 10])}
    once = {"kind": st.just("down"), "from": ROUND, "for": ROUND}
    again = {"kind": st.just("down"), "mttf": TIMES, "mttr": ROUND}
    pause = {"kind": st.just("pause"), "every": TIMES, "for": ROUND}
    shards = {"shards": st.sampled_from([1, "50%", [0]])}
    replicas = {"replicas": st.sampled_from([1, "100%"])}
    slowed = st.fixed_dictionaries(slow, optional=shards | {"from": ROUND, "for": TIMES})
    if onward:
        return slowed
    return st.one_of(
        slowed,
        st.fixed_dictionaries(once, optional=shards | replicas),
        st.fixed_dictionaries(again, optional=shards | replicas),
        st.fixed_dictionaries(pause),
    )


def traffic(*, onward: bool):
    """Strategies for how queries arrive: steadily, in bursts, by the day, closed; with cache and classes, or not."""
    bursty = {"arrivals": "bursty", "bursty": {"burst_factor": 3, "burst_share": "20%", "mean_burst": "5s"}}
    daily = {"arrivals": "daily", "daily": {"low": "10%", "peak_hour": 1}}
    classes = [{"name": "few", "share": "60%", "candidates": 1}, {"name": "others", "share": "40%"}]
    kinds = st.sampled_from([{"arrivals": "poisson"}, {"arrivals": "constant"}, bursty, daily])
    mixed = st.sampled_from([{}, {}, {"classes": classes}])
    still = {"queries": st.sampled_from([1, 30, 80]), "warmup": st.sampled_from([0, 10])}
    cache = {"cache": st.fixed_dictionaries({"hit_rate": st.sampled_from(["30%", "100%"]), "latency": ROUND})}
    steady = st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()},
        kinds,
        mixed,
        st.fixed_dictionaries({"qps": st.sampled_from([0.25, 0.5, 1, 2, 4]), **still}, optional=cache),
    )
    if onward:
        return steady
    return st.one_of(
        steady,
        st.fixed_dictionaries(
            {"arrivals": st.just("closed"), "users": st.sampled_from([1, 3, 12]), "think": laws(), **still},
            optional=cache,
        ),
    )


def fitting(stage: dict) -> dict:
    """A drawn stage without the policies that contradict what else it says."""
    stage = dict(stage)
    shortest = "network" in stage and any(law not in ("0s",) for law in stage["network"].values())
    if "autoscaling" in stage:
        stage["autoscaling"]["max"] = max(stage["autoscaling"]["max"], stage["replicas"])
    if max(stage["replicas"], stage.get("autoscaling", {}).get("max", 1)) == 1:
        stage.pop("hedging", None)
    if "batching" in stage and stage.get("hedging", {}).get("cancel") == "on_response":
        stage["hedging"] = stage["hedging"] | {"cancel": "on_start"}
    if shortest:
        stage["network"] = {key: law for key, law in stage["network"].items() if isinstance(law, dict)}
        stage["network"] = {key: law for key, law in stage["network"].items() if law["distribution"] != "pareto"}
    if "deadline" in stage:
        if seconds(stage.get("hedging", {}).get("after", "")) >= seconds(stage["deadline"]):
            stage.pop("hedging")
        if seconds(stage.get("retry", {}).get("timeout", "")) >= seconds(stage["deadline"]):
            stage["retry"] = {key: value for key, value in stage["retry"].items() if key != "timeout"}
    else:
        stage.pop("on_deadline", None)
    if stage.get("queue_limit") == 0 and stage.get("retry", {}).get("attempts") == "unlimited":
        stage["queue_limit"] = 1
    if stage["shards"] < 3:
        stage.pop("imbalance", None)
    return stage


def seconds(text: str) -> float:
    """Seconds of a drawn duration; nothing and a percentile are 0."""
    return float(text.removesuffix("s")) if text.endswith("s") else 0.0


@st.composite
def scenarios(draw):
    """A scenario of one to three stages as a plain mapping; one in three such that the forward path simulates it."""
    onward = draw(st.sampled_from([False, False, True]))
    funnel = [fitting(stage) for stage in draw(st.lists(stages(onward=onward), min_size=1, max_size=3))]
    candidates, keep = draw(st.sampled_from([1, 2, 5, 8, 40])), None
    for i, stage in enumerate(funnel):
        stage["name"] = f"stage{i}"
        keep = draw(st.integers(1, keep or candidates))
        stage["keep"] = keep
    count = draw(st.one_of(st.just(candidates), st.just({"distribution": "exponential", "mean": candidates})))
    stated = {"fixed": draw(ROUND), "per_shard": draw(st.sampled_from(["0s", "0.25s"]))}
    merge = draw(st.sampled_from([stated, stated, {}]))  # without, as the profile measured it
    workers = None if onward and len(funnel) > 1 else draw(st.sampled_from([None, None, 1, 2]))
    broken = draw(st.lists(faults(onward=onward), max_size=2))
    for fault in broken:
        fault["stage"] = draw(st.sampled_from(funnel))["name"]
    pauses = {fault["stage"]: fault for fault in broken if fault["kind"] == "pause"}
    asked = {
        "name": "drawn",
        "seed": draw(st.integers(0, 1000)),
        "traffic": draw(traffic(onward=onward)) | {"candidates": count},
        "funnel": funnel,
        "merge": merge | ({"workers": workers} if workers else {}),
        "faults": [fault for fault in broken if fault["kind"] != "pause"] + list(pauses.values()),
    }
    return asked | draw(st.sampled_from([{}] if onward else [{}, {}, {"admission": {"in_flight": 3}}]))


def by_events(plan, replication) -> Result:
    """The compiled engine's event path, also where it would take the forward path."""
    result = prepare(plan, replication)
    run_events(plan, replication, result)
    return result


def plan_of(scenario: dict):
    """The plan of a scenario given as a mapping (JSON is YAML)."""
    return resolve(parse_scenario(json.dumps(scenario)), PROFILE)


def agree(scenario: dict) -> None:
    """Assert that both engines, both paths, and blocks of any size return equal arrays that conserve."""
    plan = plan_of(scenario)
    by_simpy = reference.simulate(plan, 0)
    assert by_simpy.differences(compiled.simulate(plan, 0)) == []
    assert by_simpy.differences(by_events(plan, 0)) == []
    check_conservation(by_simpy, plan.warmup)
    for size in (7, 64):
        assert_together(event_blocks(plan, 0, size), by_simpy)
        assert_together(compiled.blocks(plan, 0, size), by_simpy)


def answers_agree(scenario: dict) -> None:
    """Assert that both engines return equal answers, one by one, to every third query."""
    plan = plan_of(scenario)
    watched = np.arange(plan.total_queries) % 3 == 0
    most = int(compiled.simulate(plan, 0).attempts[watched].sum())
    by_simpy = reference_answers.answers_to(plan, 0, watched)
    assert np.array_equal(by_simpy, answers_to(plan, 0, watched, most))
    assert by_simpy.size <= most


def threads_agree(scenario: dict) -> None:
    """Assert that every row with the shards of every stage on three threads is bit for bit that of one thread."""
    plan = plan_of(scenario)
    with mock.patch("simulator.engine.stages.WORTH_A_THREAD", 1):
        assert_together(compiled.blocks(plan, 0, 30, threads=3), compiled.simulate(plan, 0))


def assert_together(blocks: Iterable[Result], whole: Result) -> None:
    """Assert that the rows of blocks are bit for bit those of the whole run, and that their sums add up to its own."""
    first, sums = 0, whole.part(0, 0)
    for block in blocks:
        count = block.arrival.size
        assert block.part(0, count).differences(whole.part(first, first + count)) == []
        first += count
        sums = sums.followed_by(block.part(0, 0, with_busy=True))
    assert first == whole.arrival.size
    for name in SUMS:
        assert np.allclose(getattr(sums, name), getattr(whole, name), rtol=1e-9, atol=1e-9), name
    for one, two in zip(sums.busy, whole.busy, strict=True):
        assert np.allclose(one, two, rtol=1e-9, atol=1e-9)
