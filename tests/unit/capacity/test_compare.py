"""Rows side by side: their numbers against exact results, their differences, and which is best."""

import json
import math

import pytest

from simulator.capacity.compare import Comparison, compare, significant
from simulator.capacity.price import cost_per_hour, cost_per_million_queries, workers_in_all
from simulator.capacity.run import run_with
from simulator.capacity.search import find_maximum
from simulator.costs.profile import load_profile
from simulator.errors import InputError
from simulator.scenario.grid import Grid, load_grid

STUDENT_9 = 2.2622  # the 97.5% point of Student's t with 9 degrees of freedom


@pytest.fixture(scope="module")
def span(tmp_path_factory):
    """Return a function that spans a grid over one stage of exponential services of mean 1 s, without merge."""

    def over(*vary: str, objectives=("p99 < 30s",), price=None, queries=4_000, **stage) -> Grid:
        asked = {
            "name": "queue",
            "sla": {"qps": 0.8, "objectives": list(objectives)},
            "traffic": {"candidates": 10, "queries": queries, "replications": 10},
            "funnel": [{"name": "s", "cost": {"distribution": "exponential", "mean": "1s"}} | stage],
            "merge": {"fixed": "0s"},
        }
        if price is not None:
            asked["prices"] = {"worker_hour": price}
        path = tmp_path_factory.mktemp("grid") / "queue.yaml"
        path.write_text(json.dumps(asked))
        return load_grid(path, (), vary)

    return over


@pytest.fixture(scope="module")
def workers(span) -> Comparison:
    """One, one, two and three workers of the same queue, at 80% of the one's capacity."""
    return compare(span("funnel.s.workers=1,1,2,3", objectives=["p99 < 10s"], price=3))


def test_rows_are_the_grid_in_its_order(span, workers):
    """Each row holds its cell, its run at the offered load and its maximum load, as `run` and `capacity` find them."""
    profile = load_profile("default")
    assert [row.cell.settings["funnel.s.workers"] for row in workers.rows] == [1, 1, 2, 3]
    for row, cell in zip(workers.rows, workers.grid.cells, strict=True):
        assert row.run.latency == run_with(cell.scenario, profile, "compiled").latency
        assert row.maximum.roots == find_maximum(cell.scenario, profile).roots


def test_identical_rows_differ_by_exactly_nothing(workers):
    """Two rows of one setting have the difference 0 with the interval 0 to 0, which is not significant."""
    less = workers.rows[1].difference
    for difference in (less.p99, less.max_qps):
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)
        assert significant(difference) is False


def test_a_difference_is_the_mean_of_the_replications_differences(workers):
    """The difference of p99, and of maximum load, is that of the pairs, with the interval of the paired t-test."""
    first, *_, last = workers.rows
    for found, one, other in (
        (last.difference.p99, first.tails, last.tails),
        (last.difference.max_qps, first.maximum.roots, last.maximum.roots),
    ):
        pairs = [b - a for a, b in zip(one, other, strict=True)]
        mean = sum(pairs) / 10
        spread = math.sqrt(sum((pair - mean) ** 2 for pair in pairs) / 9 / 10)
        assert found.value == pytest.approx(mean, rel=1e-12)
        assert found.high - found.value == pytest.approx(STUDENT_9 * spread, rel=1e-4)


def test_the_first_row_differs_from_nothing(workers):
    """Only later rows have a difference."""
    assert [row.difference is None for row in workers.rows] == [True, False, False, False]


def test_twice_the_workers_are_significantly_faster(workers):
    """At 80% of one worker's capacity a second one lowers p99 and raises the maximum, beyond luck."""
    less = workers.rows[2].difference
    assert less.p99.high < 0
    assert less.max_qps.low > 0
    assert significant(less.p99)
    assert significant(less.max_qps)


def test_rows_share_all_draws(span):
    """A setting that changes nothing random changes nothing at all, so a faster machine scales every replication."""
    one, two = compare(span("costs.speed=1,2", "traffic.qps=0.4,0.8", objectives=())).rows[::3]
    assert [tail / 2 for tail in one.tails] == pytest.approx(list(two.tails), rel=1e-12)


def test_the_grid_s_order_changes_no_row(span):
    """Rows are independent of what stands before them."""
    forth, back = (compare(span(f"funnel.s.workers={order}", queries=500)).rows for order in ("1,2", "2,1"))
    for one, other in zip(forth, back[::-1], strict=True):
        assert (one.tails, one.maximum.roots) == (other.tails, other.maximum.roots)


def test_stage_times_sum_to_the_latency(span):
    """Service, queue, slowest and merge of a stage add up to its mean latency."""
    network = {"request": "300ms", "response": "20ms"}
    for row in compare(span("funnel.s.shards=1,7", "traffic.candidates=5,20", queries=500, network=network)).rows:
        time = row.times[0]
        total = time.service + time.queue + time.slowest + time.merge
        assert total == pytest.approx(row.run.stages[0].latency.value, rel=1e-9)


def test_service_is_that_of_any_request(span):
    """Over shards, of which some get no candidate, the mean service is the law's 1 s within 4 standard errors.

    The utilisation of n requests in as many mean gaps varies by 1/n for the gaps and 1/n for the services.
    """
    for row in compare(span("funnel.s.shards=1,5,20", queries=2_000, objectives=())).rows:
        assert abs(row.times[0].service - 1) < 4 * math.sqrt(2 / 20_000)


def test_no_load_has_no_queue_and_the_slowest_of_ten(span):
    """At no load a query over 10 shards waits 1 + 1/2 + ... + 1/10 s, the mean of which is 1 s of service.

    (Order statistics of the exponential; Renyi 1953.) The maximum's variance is the sum of 1/k^2.
    """
    row = compare(span("traffic.qps=1e-6", objectives=(), shards=10)).rows[0]
    slowest = sum(1 / k for k in range(2, 11))
    error = math.sqrt((sum(1 / k**2 for k in range(1, 11)) + 2 / 10) / 40_000)
    assert row.times[0].queue < 1e-3
    assert abs(row.times[0].slowest - slowest) < 4 * error


def test_costs_are_workers_times_price(span):
    """3 shards x 2 replicas x 4 workers at 0.5 an hour are 12 an hour, and 12 / 3600 / 0.8 x 10^6 a million queries."""
    scenario = span("seed=1", price=0.5, shards=3, replicas=2, workers=4).cells[0].scenario
    assert workers_in_all(scenario) == 24
    assert cost_per_hour(scenario, 24) == 12
    assert cost_per_million_queries(scenario, 24) == pytest.approx(12 / (0.8 * 3600) * 1e6)
    assert cost_per_hour(span("seed=1").cells[0].scenario, 24) is None


@pytest.mark.parametrize(
    ("price", "objectives", "best", "verdict"),
    [
        (1, ["p99 < 15s"], 1, "met"),  # two workers are the fewest that meet it
        (None, ["p99 < 15s"], 3, "met"),  # without prices the fastest
        (0, ["p99 < 15s"], 3, "met"),  # at one price the fastest
        (1, ["p99 < 1s"], 3, "missed"),  # none meets it: the nearest
        (1, ["p99 < 1s", "mean < 1ms"], 3, "missed"),
        (1, [], 3, "met"),  # nothing asked: the fastest
    ],
)
def test_the_best_row(span, price, objectives, best, verdict):
    """Of those that meet all the cheapest, or without prices the fastest; if none does the nearest miss."""
    found = compare(span("funnel.s.workers=1,2,3,5", objectives=objectives, price=price, queries=1_000))
    assert (found.best, found.verdict) == (best, verdict)


def test_fewer_workers_win_a_tie(span):
    """Of rows that are equally fast, for a stage nobody waits for, the one of fewer workers is best."""
    found = compare(span("funnel.s.workers=200,100,300", objectives=["p99 < 15s"], queries=500))
    assert len({row.tails for row in found.rows}) == 1
    assert found.best == 1


def test_a_saturated_row_is_no_candidate(span):
    """A row offered more than it can serve is never best, and has no difference; its maximum still is compared."""
    found = compare(span("traffic.qps=1.2,0.5", objectives=["error_rate < 1%"], queries=1_000))
    saturated, stable = found.rows
    assert saturated.run.saturated == ("s",)
    assert saturated.run.verdict == "met"  # no error yet, but no steady state either
    assert not saturated.meets
    assert found.best == 1
    assert significant(stable.difference.p99) is None
    assert math.isnan(stable.difference.p99.value)


def test_nothing_but_saturated_rows_is_missed_and_the_least_loaded_nearest(span):
    """Where every row is saturated none meets the objectives, and the nearest is the one least over its capacity."""
    found = compare(span("traffic.qps,queries=3x100,1.2x4000,2x100"))
    assert (found.verdict, found.best) == ("missed", 1)


def test_one_replication_decides_nothing(span):
    """A single replication gives no interval, no verdict and no significance."""
    found = compare(span("traffic.replications=1", "funnel.s.workers=1,2", queries=500))
    assert found.verdict == "inconclusive"
    assert significant(found.rows[1].difference.p99) is None


def test_progress_counts_up_to_the_end(span):
    """Progress never goes back and ends at replications of rows, runs and searches both."""
    seen = []
    compare(span("funnel.s.workers=1,2,3", queries=500), on_progress=lambda done, total: seen.append((done, total)))
    assert {total for _, total in seen} == {3 * 2 * 10}
    assert max(done for done, _ in seen) == 60


def test_both_engines_give_the_same_rows(span):
    """SimPy and the compiled engine agree on every replication of every row."""
    one, two = (
        compare(span("funnel.s.shards=1,3", objectives=(), queries=200), engine) for engine in ("compiled", "simpy")
    )
    assert [row.tails for row in one.rows] == [row.tails for row in two.rows]


def test_a_cell_that_cannot_be_simulated_is_named_before_any_is(span):
    """A ranker asked for more than it was measured with is refused with the row that asks for it."""
    grid = span("traffic.candidates=10,1_000_000_000", cost=None, ranker="logistic")
    with pytest.raises(InputError, match=r"the row traffic\.candidates=1_000_000_000: funnel\.s: .*use more shards"):
        compare(grid, on_progress=lambda *_: pytest.fail("simulated"))
