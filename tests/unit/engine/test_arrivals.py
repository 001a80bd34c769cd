"""When queries arrive, of which class and with how many candidates."""

import json
import math

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine.arrivals import arrival_blocks, arrival_times, entering_candidates, query_classes
from simulator.engine.bursts import burst_times, first_phase
from simulator.engine.day import DAY_S, day_times
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario

TRACE = [5.0, 5.0, 6.25, 6.5, 9.0, 9.0, 9.0, 12.0]
BURSTY = {"arrivals": "bursty", "bursty": {"burst_factor": 8, "burst_share": "10%", "mean_burst": "3s"}}
DAILY = {"arrivals": "daily", "daily": {"low": "30%", "peak_hour": 15.5}}
KINDS = [{"arrivals": "poisson"}, {"arrivals": "constant"}, BURSTY, DAILY]


def plan(folder=None, **traffic):
    """A plan of one stage; 5,000 queries from the start unless given, but for a trace."""
    length = {} if traffic["arrivals"] == "trace" else {"queries": 5_000}
    asked = {"name": "a", "traffic": {"qps": 2, "candidates": 1, **length, **traffic}}
    asked["funnel"] = [{"name": "s", "cost": "1ms"}]
    return resolve(parse_scenario(json.dumps(asked), folder=folder), load_profile("default"))


def pass_of_day(times, swing, peak_s):
    """The integral of the day's rate over its mean, up to each time: as a product, which loses no digits near 0."""
    w = 2 * np.pi / DAY_S
    return times + 2 * swing / w * np.sin(w * times / 2) * np.cos(w * (times / 2 - peak_s))


def recorded(folder, **traffic):
    """A plan whose arrivals are TRACE."""
    (folder / "a.csv").write_text("\n".join(["at", *map(repr, TRACE)]))
    return plan(folder, arrivals="trace", trace={"file": "a.csv", "column": "at"}, **traffic)


@pytest.mark.parametrize("size", [1, 7, 4_999, 5_000, 9_999])
@pytest.mark.parametrize("traffic", KINDS, ids=lambda kind: kind["arrivals"])
def test_the_size_of_blocks_changes_no_bit(traffic, size):
    """Arrival times that come in blocks are those that come at once, and never go back."""
    asked = plan(**traffic)
    at_once = arrival_times(asked, 3)
    assert np.array_equal(np.concatenate(list(arrival_blocks(asked, 3, size))), at_once)
    assert (np.diff(at_once) >= 0).all()
    assert at_once.size == 5_000


def test_a_trace_is_replayed_as_recorded(tmp_path):
    """Without qps the times are the file's, counted from the first, equal ones equal, in every replication."""
    asked = recorded(tmp_path, qps=None)
    for replication in (0, 1):
        found = np.concatenate(list(arrival_blocks(asked, replication, 3)))
        assert found.tolist() == [time - 5.0 for time in TRACE]


def test_a_trace_is_stretched_to_the_rate(tmp_path):
    """With qps the mean rate, gaps over time, is that, and the pattern is the same."""
    found = arrival_times(recorded(tmp_path, qps=3), 0)
    assert 7 / found[-1] == pytest.approx(3, rel=1e-15)
    assert found * (7 / 7 / 3 * 3) == pytest.approx((np.array(TRACE) - 5) / 3, rel=1e-15)


def test_a_trace_is_as_long_as_it_is(tmp_path):
    """All queries of the trace are measured, but for a warm-up, unless fewer are asked for."""
    assert recorded(tmp_path).queries == 8
    assert (recorded(tmp_path, warmup=3).queries, recorded(tmp_path, warmup=3).total_queries) == (5, 8)
    assert recorded(tmp_path, queries=2).queries == 2


@pytest.mark.parametrize("duration", ["24h", "48h", "6h"])
def test_a_day_has_the_queries_of_its_duration(duration):
    """Unless traffic.queries is given, as many as are expected until the duration is over, at any load."""
    daily = DAILY["daily"] | {"duration": duration}
    asked = {"name": "a", "traffic": {"qps": 2, "candidates": 1, "arrivals": "daily", "daily": daily}}
    asked["funnel"] = [{"name": "s", "cost": "1ms"}]
    found = resolve(parse_scenario(json.dumps(asked)), load_profile("default"))
    hours, w = float(duration[:-1]), math.pi / 12
    exact = 2 * 3600 * (hours + 0.7 / w * (math.sin(w * (hours - 15.5)) + math.sin(w * 15.5)))
    assert found.queries == round(exact)
    assert found.at(1.0).queries == round(exact / 2)
    assert plan(**DAILY).at(1.0).queries == 5_000


@pytest.mark.parametrize("swing", [0.0, 0.3, 0.999, 1.0])
@pytest.mark.parametrize("peak_s", [0.0, 20 * 3600.0, DAY_S / 2])
def test_the_days_clock_is_the_inverse_of_its_integral(swing, peak_s):
    """To the last bits of both, also at a trough without traffic, at midnight and days later."""
    passed = np.sort(
        np.concatenate([[0.0, 1e-9, 1e-3, DAY_S, 2 * DAY_S], np.random.default_rng(1).random(20_000) * 9e5])
    )
    times = day_times(passed, swing, peak_s, np.zeros(2))
    assert (np.abs(pass_of_day(times, swing, peak_s) - passed) <= 6 * np.spacing(np.maximum(passed, times))).all()
    assert times[0] == 0
    assert (np.diff(times) >= 0).all()


def test_another_rate_of_a_day_keeps_every_querys_luck():
    """What has passed by each arrival, times the rate, is the unit-rate process at every rate."""
    one, two = (plan(**DAILY, qps=qps) for qps in (0.5, 4.0))
    unit = [pass_of_day(arrival_times(each, 0), 0.7, 15.5 * 3600) * each.qps for each in (one, two)]
    assert unit[0] == pytest.approx(unit[1], rel=1e-12)
    assert unit[0] == pytest.approx(arrival_times(plan(arrivals="poisson", qps=1), 0), rel=1e-12)


@pytest.mark.parametrize("qps", [0.5, 4.0])
def test_another_rate_of_bursts_keeps_every_querys_luck_and_every_burst(qps):
    """Bursty arrivals are the Poisson ones of their rate, seen through a clock that knows no rate."""
    steady = arrival_times(plan(arrivals="poisson", qps=qps), 0)
    means = (27.0, 3.0)
    stream, state = first_phase((1, 0), means)
    clock = burst_times(steady, stream, (0.2 / 0.9, 8.0), means, state)
    assert arrival_times(plan(**BURSTY, qps=qps), 0) == pytest.approx(clock, rel=1e-12)


def test_bursts_of_another_seed_or_replication_are_others():
    """The phases are drawn for the seed and the replication."""
    states = [first_phase(address, (2.0, 2.0))[1].tolist() for address in ((1, 0), (1, 1), (2, 0))]
    assert len({tuple(state) for state in states}) == 3


CLASSES = [
    {"name": "short", "share": "70%", "candidates": 3},
    {"name": "long", "share": "20%", "candidates": {"distribution": "uniform", "low": 100, "high": 200}},
    {"name": "plain", "share": "10%"},
]


def test_classes_are_mixed_by_share():
    """Of 100,000 queries each class has its share, within 4 standard errors, whatever the blocks."""
    asked = plan(arrivals="poisson", classes=CLASSES)
    found = query_classes(asked, 0, 0, 100_000)
    for c, share in enumerate((0.7, 0.2, 0.1)):
        assert abs((found == c).mean() - share) < 4 * math.sqrt(share * (1 - share) / 100_000)
    assert np.array_equal(query_classes(asked, 0, 500, 100), found[500:600])


def test_each_class_brings_its_own_candidates():
    """A class has its own law of candidates, or the traffic's."""
    asked = plan(arrivals="poisson", classes=CLASSES, candidates=7)
    of_class, found = query_classes(asked, 0, 0, 5_000), entering_candidates(asked, 0)
    assert (found[of_class == 0] == 3).all()
    assert 100 <= found[of_class == 1].min() < 110 < 190 < found[of_class == 1].max() <= 200
    assert (found[of_class == 2] == 7).all()


def test_one_class_is_no_class():
    """A single class of all queries changes neither arrivals nor candidates."""
    law = {"distribution": "exponential", "mean": 50}
    one = plan(arrivals="poisson", classes=[{"name": "all", "share": 1, "candidates": law}])
    none = plan(arrivals="poisson", candidates=law)
    assert np.array_equal(entering_candidates(one, 0), entering_candidates(none, 0))
