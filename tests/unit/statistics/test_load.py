"""The load that unsteady traffic offers, and how long a run of it needs to settle."""

import json
import math

import pytest

from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from simulator.statistics.load import offered_load
from simulator.statistics.warmup import planned_warmup, warmup_floor

BURSTS = {"burst_factor": 2, "burst_share": "10%", "mean_burst": "2s"}


def plan(folder=None, cost="50ms", **traffic):
    """A plan at 10 queries a second, half of what one worker serves."""
    asked = {"name": "a", "traffic": {"qps": 10, "candidates": 1, **traffic}, "funnel": [{"name": "s", "cost": cost}]}
    return resolve(parse_scenario(json.dumps(asked), folder=folder), load_profile("default"))


def test_bursts_leave_the_mean_load_and_raise_the_peak():
    """The mean decides the utilisation; in a burst it is burst_factor times that."""
    load = offered_load(plan(arrivals="bursty", bursty=BURSTS))
    assert (load.highest, load.at_peak) == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize(
    ("duration", "mean", "highest"),
    [("24h", 1.0, 1.6), ("48h", 1.0, 1.6), ("12h", 1 - 0.6 * 2 / math.pi * math.sin(math.pi / 3), 1.3)],
)
def test_a_part_of_a_day_offers_that_parts_load(duration, mean, highest):
    """With the peak at 20 o'clock the first half of a day is a quiet one, its top at midnight."""
    load = offered_load(plan(arrivals="daily", daily={"low": "40%", "duration": duration}))
    assert load.highest == pytest.approx(0.5 * mean, rel=1e-4)
    assert load.at_peak == pytest.approx(0.5 * highest, rel=1e-4)


def test_classes_offer_their_mixed_load():
    """The mean service is that of the classes by their shares, drawn for the queries of a run."""
    classes = [{"name": "a", "share": "75%", "candidates": 10}, {"name": "b", "share": "25%", "candidates": 100}]
    found = offered_load(plan(cost={"per_candidate": "1ms"}, candidates=None, classes=classes, queries=100_000))
    assert abs(found.mean_service_s[0] - 0.0325) < 4 * 0.09 * math.sqrt(0.75 * 0.25 / 100_000)


def test_a_day_and_a_trace_measure_from_the_first_query_on(tmp_path):
    """What never settles has no warm-up, unless one is asked for."""
    (tmp_path / "a.txt").write_text("1\n2\n3\n4\n")
    trace = {"arrivals": "trace", "trace": {"file": "a.txt"}}
    for asked in (plan(arrivals="daily", daily={"low": "40%"}), plan(tmp_path, **trace)):
        assert planned_warmup(asked, offered_load(asked)) == 0
    assert plan(tmp_path, **trace, warmup=1).warmup == 1


def test_bursts_take_longer_to_settle():
    """By the index of dispersion, but no longer than at the burst's load where that is bearable."""
    steady, mild, wild = (
        plan(**traffic)
        for traffic in (
            {"arrivals": "poisson"},
            {"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 1.01}},
            {"arrivals": "bursty", "bursty": BURSTS | {"burst_factor": 5}},
        )
    )
    floors = [warmup_floor(each, offered_load(each)) for each in (steady, mild, wild)]
    dispersion = 1 + 2 * 10 * 0.09 * (5 - 5 / 9) ** 2 * 1.8
    assert floors[0] <= floors[1] < 1.1 * floors[0]
    settled = 10 * 10 * 0.05 / (1 - math.sqrt(0.5)) ** 2 / 2  # a constant service has no variance
    assert (floors[0], floors[2]) == (math.ceil(settled), math.ceil(settled * dispersion))
    nearly = plan(arrivals="bursty", bursty=BURSTS | {"burst_factor": 1.9})
    at_burst = plan(qps=19)
    capped = warmup_floor(nearly, offered_load(nearly))
    assert capped <= math.ceil(warmup_floor(at_burst, offered_load(at_burst)) / 1.9)


def test_longer_runs_average_no_more_candidates_than_memory_holds():
    """The load of a day of 86 million queries with random candidates is known at once."""
    law = {"distribution": "exponential", "mean": 1000}
    day = plan(arrivals="daily", daily={"low": "40%"}, qps=1000, candidates=law, cost={"per_candidate": "100ns"})
    assert offered_load(day).highest == pytest.approx(0.1, rel=4 / math.sqrt(1 << 17))


def test_the_load_is_that_of_the_shard_that_works_longest():
    """Of two faults on one shard both count; a larger shard that is not slow may still be less busy than a slow one."""
    asked = {
        "name": "a",
        "traffic": {"qps": 10, "candidates": 100},
        "funnel": [{"name": "s", "shards": 4, "cost": {"per_candidate": "1ms"}}],
    }
    slow = {"kind": "slow", "stage": "s"}

    def load(**more):
        return offered_load(resolve(parse_scenario(json.dumps(asked | more)), load_profile("default")))

    assert (load().busiest_shard, load().highest) == ((None,), pytest.approx(0.25))
    everywhere = load(faults=[slow | {"factor": 2}])
    assert (everywhere.busiest_shard, everywhere.highest) == ((None,), pytest.approx(0.5))
    twice = load(faults=[slow | {"factor": 2, "shards": [1, 2]}, slow | {"factor": 1.5, "shards": [2, 3]}])
    assert (twice.busiest_shard, twice.highest) == ((2,), pytest.approx(0.75))
    for_a_while = load(faults=[slow | {"factor": 2, "shards": [1], "for": "1s"}])
    assert for_a_while.highest == pytest.approx(0.25)
