"""How fast the event path is, with every policy on. `pytest tests/benchmarks/test_events.py` adds to the table."""

import json

from simulator.costs.profile import load_profile
from simulator.engine import reference
from simulator.engine.arrivals import prepare
from simulator.engine.event_run import run_events
from simulator.engine.plan import Plan
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from tests.benchmarks.test_speed import note, side_by_side

RETRIEVE = {
    "name": "retrieve",
    "shards": 100,
    "replicas": 3,
    "workers": 2,
    "balancing": "power_of_two",
    "imbalance": "20%",
    "cost": {"fixed": "1ms", "per_candidate": "1us", "cv": 0.5},
    "network": {"request": "200us", "response": "300us"},
    "deadline": "30ms",
    "hedging": {"after": "p95", "cancel": "on_response"},
    "queue_limit": 50,
    "retry": {"attempts": 3, "backoff": "2ms", "jitter": "50%", "budget": "10%", "timeout": "20ms"},
    "autoscaling": {"target": "60%", "interval": "1s", "delay": "500ms", "min": 2, "max": 4},
    "keep": 100,
}
RANK = {
    "name": "rank",
    "shards": 4,
    "workers": 4,
    "cost": {"fixed": "500us", "per_candidate": "10us", "cv": 0.5},
    "batching": {"size": 4, "wait": "500us"},
}
FAULTS = [
    {"kind": "slow", "stage": "retrieve", "shards": "2%", "factor": 1.5},
    {"kind": "pause", "stage": "retrieve", "every": "5s", "for": "5ms"},
    {"kind": "down", "stage": "retrieve", "mttf": "20s", "mttr": "1s"},
]


def busy_plan(queries: int) -> Plan:
    """Two stages at about half load with every policy on that a scenario can have."""
    scenario = {
        "name": "everything",
        "traffic": {
            "qps": 700,
            "candidates": 100_000,
            "queries": queries,
            "warmup": 0,
            "cache": {"hit_rate": "10%", "latency": "1ms"},
        },
        "funnel": [RETRIEVE, RANK],
        "merge": {"fixed": "20us", "per_shard": "1us", "workers": 4},
        "faults": FAULTS,
        "admission": {"in_flight": 500},
    }
    return resolve(parse_scenario(json.dumps(scenario)), load_profile("default"))


def events(plan: Plan) -> int:
    """Events of a run: every event that the loop takes from its heap or from the arrivals, stale timers among them."""
    return run_events(plan, 0, prepare(plan, 0))


def test_event_path_against_simpy():
    """With every policy on, the event path handles over 10 million events a second and core, over 100 times SimPy's."""
    fast, slow = busy_plan(20_000), busy_plan(100)
    in_fast, in_slow = events(fast), events(slow)
    slow_s, fast_s, _ = side_by_side(lambda: reference.simulate(slow, 0), lambda: events(fast))
    rate, simpy_rate = in_fast / fast_s, in_slow / slow_s
    note("event path, every policy on, one core", f"{rate / 1e6:,.1f} million events/s", "at least 10 million")
    note(
        "the event path against the SimPy engine",
        f"{rate / simpy_rate:,.0f} times ({simpy_rate:,.0f}/s)",
        "at least 100 times",
    )
    assert rate / simpy_rate > 100
    assert rate > 10e6
