"""Every law of conservation, broken by as little as would be a fault, ends in a message that names it."""

import json

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine import compiled
from simulator.engine.conservation import Conservation, ConservationCheck, check_conservation
from simulator.engine.resolve import resolve
from simulator.engine.result import FAILED, REFUSED
from simulator.errors import SimulatorError
from simulator.scenario.load import parse_scenario

SLOWER = {"cost": "1.25s", "workers": 2}


def simulated(*funnel):
    """Ten queries, one a second, through stages of one shard; of one second each, and no merge, unless given."""
    asked = {
        "name": "small",
        "traffic": {"arrivals": "constant", "qps": 1, "candidates": 10, "queries": 10, "warmup": 0},
        "funnel": [{"name": f"s{i}"} | stage for i, stage in enumerate(funnel or ({"cost": "1s"}, SLOWER))],
        "merge": {"fixed": "0s", "per_shard": "0s"},
    }
    return compiled.simulate(resolve(parse_scenario(json.dumps(asked)), load_profile("default")), 0)


def put(column, place, value):
    """A fault: `value` in a column's place."""

    def break_it(result):
        getattr(result, column)[place] = value

    return break_it


def shift(column, place, seconds):
    """A fault: so many seconds more in a column's place."""

    def break_it(result):
        getattr(result, column)[place] += seconds

    return break_it


def of_busy(seconds):
    """A fault: so many seconds more of busy time at the first stage's only shard."""
    return lambda result: result.busy[0].__iadd__(seconds)


def never_answered(result):
    """A fault: a refused query that never ends, counted twice."""
    result.end[3], result.outcome[3] = np.inf, REFUSED


def served_unseen(result):
    """A fault: a service that was done, but that no answer shows."""
    result.busy[0][:] += 1e-6
    result.served[0] += 1e-6


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (put("outcome", 3, 3), "arrived = completed"),
        (never_answered, "arrived = completed"),
        (put("arrival", 3, 1.5), "arrivals never go back in time"),
        (put("arrival", 3, np.nan), "arrivals never go back in time"),
        (shift("stage_start", (3, 0), -1e-6), "no stage starts before the one before it ends"),
        (shift("stage_start", (3, 1), -1e-6), "no stage starts before the one before it ends"),
        (put("stage_start", (9, 1), np.nan), "no stage starts before the one before it ends"),
        (put("stage_end", (3, 0), 2.5), "no stage ends before it starts"),
        (put("stage_end", (9, 1), np.nan), "no stage ends before it starts"),
        (put("parts", (3, 0, 1), -1e-300), "no part of a latency is negative"),
        (put("parts", (9, 1, 4), np.nan), "no part of a latency is negative"),
        (put("coverage", (3, 1), 1 + 1e-15), "no more shards answer than are asked"),
        (put("coverage", (3, 1), -1e-300), "no more shards answer than are asked"),
        (shift("parts", (3, 0, 2), 3e-8), "a query's parts sum to its latency"),
        (shift("parts", (3, 0, 2), -3e-8), "a query's parts sum to its latency"),
        (shift("parts", (0, 0, 2), 3e-9), "a query's parts sum to its latency"),
        (shift("door", 3, 1e-6), "a query's parts sum to its latency"),
        (of_busy(1e-6), "busy time is the sum of services"),
        (of_busy(-1e-6), "busy time is the sum of services"),
        (served_unseen, "no work is done that nobody sees"),
        (shift("wasted", 1, 20), "no work is wasted that was not done"),
    ],
)
def test_a_broken_law_is_named(broken, law):
    """One number of one query out of place is a fault of ours, not an answer."""
    result = simulated()
    check_conservation(result)
    broken(result)
    with pytest.raises(SimulatorError, match=law):
        check_conservation(result)


def test_rounding_breaks_no_law():
    """A part is allowed what a sum of doubles may be off by, a nanosecond of a second and less."""
    result = simulated()
    result.parts[:, 0, 2] += 0.9e-9
    result.busy[0][:] += 0.9e-9
    assert check_conservation(result) == Conservation(10, 10, 0, 0, 0)


def test_queries_are_counted_by_what_became_of_them():
    """Refused, failed and unended ones each count once; what did not complete has no parts to add up."""
    result = simulated()
    result.outcome[2], result.outcome[4:6] = REFUSED, FAILED
    result.parts[2] = result.parts[4:6] = 0
    result.attempts[2] = result.attempts[4:6] = 1
    result.slowest[2] = result.slowest[4:6] = -1
    result.end[7:] = np.inf
    assert check_conservation(result) == Conservation(arrived=10, completed=4, refused=1, failed=2, in_flight=3)


def test_blocks_are_checked_like_the_whole():
    """Three blocks one after the other count as the whole does, their warm-up once; the second may not go back."""
    result = simulated()
    whole = ConservationCheck(2, warmup=0)
    whole.add(result)
    check = ConservationCheck(2, warmup=0)
    for first, last in ((0, 3), (3, 4), (4, 10)):
        check.add(result.part(first, last, with_busy=last == 10))
    assert check.counts() == whole.counts() == Conservation(10, 10, 0, 0, 0)
    assert check.seen.tolist() == whole.seen.tolist() == [10.0, 12.5]
    check = ConservationCheck(2)
    check.add(result.part(4, 10))
    with pytest.raises(SimulatorError, match="arrivals never go back"):
        check.add(result.part(0, 4))


def test_services_of_the_warm_up_do_not_count():
    """Of ten queries, four of them warm-up, six services are seen, also where the warm-up ends within a block."""
    result = simulated()
    check = ConservationCheck(2, warmup=4)
    check.add(result.part(0, 3))
    check.add(result.part(3, 10))
    assert check.seen.tolist() == [6.0, 7.5]
    assert check.warmup == 0


def test_work_that_others_saw_is_not_missed():
    """A stage of several shards, or asked again, does work that no slowest answer shows."""
    for spread in ({"cost": "1s", "shards": 2}, {"cost": "1s", "replicas": 2, "hedging": {"after": "500ms"}}):
        check_conservation(simulated(spread))
