"""What a run keeps of its replications, against the same numbers taken from all of a result's columns at once."""

import json
import math

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.engine import compiled, reference
from simulator.engine.resolve import resolve
from simulator.engine.result import COMPLETED, PARTS
from simulator.scenario.load import parse_scenario
from simulator.statistics.summary import measure, summarise_for
from simulator.statistics.warmup import batch_size

LEVELS, THRESHOLDS = (50.0, 90.0, 99.0), (1.0, 4.0)
QUEUE, SERVICE = PARTS.index("queue"), PARTS.index("service")


def plan_of(**more):
    """A plan of two stages, the first of which hedges, retries, refuses and gives up; classes and a cache before it."""
    asked = {
        "name": "small",
        "seed": 4,
        "traffic": {
            "qps": 2,
            "queries": 400,
            "warmup": 50,
            "classes": [
                {"name": "few", "share": "60%", "candidates": 2},
                {"name": "many", "share": "40%", "candidates": 9},
            ],
            "cache": {"hit_rate": "10%", "latency": "125ms"},
        },
        "funnel": [
            {
                "name": "first",
                "shards": 2,
                "replicas": 2,
                "keep": 3,
                "cost": {"distribution": "exponential", "mean": "400ms"},
                "network": {"request": {"distribution": "exponential", "mean": "50ms"}},
                "hedging": {"after": "500ms"},
                "retry": {"attempts": 2, "backoff": "250ms"},
                "queue_limit": 1,
                "deadline": "1500ms",
            },
            {
                "name": "second",
                "shards": 1,
                "workers": 2,
                "cost": {"distribution": "exponential", "mean": "500ms"},
                "deadline": "4s",
                "on_deadline": "fail",
            },
        ],
        "merge": {"fixed": "1ms", "per_shard": "10ms", "workers": 1},
    }
    return resolve(parse_scenario(json.dumps(asked | more)), load_profile("default"))


PLAN = plan_of()
WHOLE = compiled.simulate(PLAN, 0)
ROWS = WHOLE.part(PLAN.warmup, PLAN.total_queries)
DONE = ROWS.outcome == COMPLETED
BEGIN, END = WHOLE.arrival[PLAN.warmup - 1], WHOLE.arrival[-1]
SPAN = END - BEGIN


@pytest.fixture(params=[7, 50, 51, 450])
def summary(request):
    """The summary of blocks of so many queries."""
    rows = range(0, PLAN.total_queries, request.param)
    blocks = [WHOLE.part(at, at + request.param, with_busy=at + request.param >= PLAN.total_queries) for at in rows]
    return summarise_for(PLAN, LEVELS, THRESHOLDS)(blocks)


def test_the_scenario_shows_everything():
    """Queries that fail, that the cache answers, and that lose shards; hedges, retries, and work that is wasted."""
    assert 0 < (~DONE).sum() < 100
    assert (ROWS.door > 0).sum() > 10
    assert (ROWS.coverage[DONE] < 1).any()
    assert min(WHOLE.count("hedges")[0], WHOLE.count("retries")[0], WHOLE.wasted[0]) > 0


def of_queries(rows, done):
    """What objectives may ask of some queries."""
    latency = rows.latency[done]
    exact = {f"p{level:g}": np.percentile(latency, level, method="inverted_cdf") for level in LEVELS}
    asked = rows.coverage[(rows.attempts > 0) | done[:, None]]
    return (
        exact | {"mean": latency.mean(), "max": latency.max()},
        {limit: (latency > limit).mean() for limit in THRESHOLDS},
        (~done).mean(),
        asked.mean(),
    )


def test_latencies_errors_and_coverage_are_those_of_the_measured_queries(summary):
    """Of all queries, and of each class; whatever the blocks."""
    chosen = [np.ones(DONE.size, dtype=bool), ROWS.query_class == 0, ROWS.query_class == 1]
    for found, own in zip((summary, *summary.classes), chosen, strict=True):
        rows = [getattr(ROWS, name)[own] for name in ("latency", "attempts", "coverage")]
        latency, over, errors, coverage = of_queries(_Rows(*rows), DONE[own])
        assert found.latency == pytest.approx(latency)
        assert found.over == pytest.approx(over)
        assert (found.error_rate, found.coverage) == pytest.approx((errors, coverage))


class _Rows:
    """Columns of some queries."""

    def __init__(self, latency, attempts, coverage):
        self.latency, self.attempts, self.coverage = latency, attempts, coverage


def test_queries_in_the_system_are_those_of_its_span(summary):
    """From the last arrival of the warm-up to the last of all: the time of every query inside it, over it."""
    inside = np.clip(WHOLE.end, BEGIN, END) - np.clip(WHOLE.arrival, BEGIN, END)
    ended = (WHOLE.end > BEGIN) & (WHOLE.end <= END) & (WHOLE.outcome == COMPLETED)
    assert summary.in_system == pytest.approx(inside.sum() / SPAN)
    assert summary.goodput_qps == pytest.approx(ended.sum() / SPAN)
    assert summary.little == pytest.approx(ROWS.latency.sum() / SPAN)


def test_parts_are_means_over_completed_queries_and_over_the_tail(summary):
    """The tail's parts are those of the queries in the 64th of an octave around the p99, made to sum to it."""
    assert summary.mean_parts == pytest.approx(ROWS.parts[DONE].mean(axis=0))
    latency = ROWS.latency[DONE]
    mantissa, exponent = np.frexp(latency)
    bucket = exponent * 64 + np.floor((2 * mantissa - 1) * 64)
    p99 = np.percentile(latency, 99, method="inverted_cdf")
    total = ROWS.parts[DONE][bucket == bucket[latency == p99][0]].sum(axis=0)
    assert summary.p99_parts == pytest.approx(total / total.sum() * p99)
    assert summary.p99_parts.sum() == pytest.approx(p99)


def test_stages_are_told_by_the_queries_that_passed_them(summary):
    """A query passed a stage that it entered and went on from: to the next one, or to its end."""
    entered = ROWS.attempts > 0
    for s, found in enumerate(summary.stages):
        passed = entered[:, s] & (DONE | (entered[:, 1] if s == 0 else False))
        spans = (ROWS.stage_end - ROWS.stage_start)[passed, s]
        busy, workers = WHOLE.busy[s].sum(axis=1), int(PLAN.stages.replicas[s] * PLAN.stages.workers[s])
        more = WHOLE.count("hedges")[s] + WHOLE.count("retries")[s]
        assert found.mean == pytest.approx(spans.mean())
        assert found.p50 == np.percentile(spans, 50, method="inverted_cdf")
        assert found.p99 == np.percentile(spans, 99, method="inverted_cdf")
        assert found.candidates == pytest.approx(ROWS.candidates[passed, s].mean())
        assert found.coverage == pytest.approx(ROWS.coverage[passed, s].mean())
        assert found.by_shard == pytest.approx(busy / (SPAN * workers))
        assert found.utilization == pytest.approx(busy.sum() / (SPAN * workers * busy.size))
        assert found.extra_requests == pytest.approx(more / (ROWS.attempts[:, s].sum() - more))
        assert found.wasted == pytest.approx(WHOLE.wasted[s] / busy.sum())
        assert found.replicas == PLAN.stages.replicas[s]
        assert found.replica_hours == pytest.approx(SPAN * busy.size * found.replicas / 3600)
        assert found.queue == pytest.approx(ROWS.parts[:, s, QUEUE].sum() / passed.sum())
        assert found.service == pytest.approx(ROWS.parts[:, s, SERVICE].sum() / passed.sum())


def test_the_whole_run_counts_where_the_warm_up_is_simulated_too(summary):
    """The course by batches, the requests, and the conservation are of all queries; the merge of measured ones."""
    size = batch_size(PLAN.total_queries)
    assert summary.series == pytest.approx(WHOLE.latency.reshape(-1, size).mean(axis=1))
    assert summary.requests == WHOLE.attempts.sum()
    assert summary.conservation.arrived == PLAN.total_queries
    assert summary.merge_utilization == pytest.approx(WHOLE.merge_busy.sum() / SPAN)


def test_measures_alone_are_those_of_the_summary(summary):
    """What the search asks is the same as what a run keeps."""
    found = measure(PLAN, [WHOLE], LEVELS, THRESHOLDS)
    assert found.latency == pytest.approx(summary.latency)
    assert found.over == summary.over
    assert [one.error_rate for one in found.classes] == [one.error_rate for one in summary.classes]


@pytest.mark.parametrize("simulate", [compiled.simulate, reference.simulate], ids=["compiled", "simpy"])
def test_replicas_that_come_and_go_are_a_mean_over_time(simulate):
    """Of stages that scale, replicas are their seconds over those of their shards, in every window and in all."""
    scaling = {"target": "50%", "interval": "5s", "delay": "1s", "min": 1, "max": 3}
    stage = {"name": "first", "shards": 2, "cost": "700ms", "autoscaling": scaling}
    steady, second = {"name": "steady", "replicas": 2, "cost": "100ms"}, stage | {"name": "second", "cost": "500ms"}
    traffic = {"arrivals": "daily", "daily": {"low": "10%", "duration": "15min"}, "qps": 0.8, "candidates": 2}
    plan = plan_of(traffic=traffic, funnel=[stage, steady, second])
    whole = simulate(plan, 0)
    summary = summarise_for(plan, LEVELS, ())([whole])
    span = whole.arrival[-1]
    lasted = np.minimum(span - np.arange(3) * 300, 300)
    for s in (0, 2):
        found = summary.stages[s]
        assert 0.9 < whole.replica_windows[s].sum() / whole.replica_seconds[s] <= 1
        assert 1 < found.replicas < 3
        assert found.replicas == pytest.approx(whole.replica_seconds[s] / (span * 2))
        assert found.replica_hours == pytest.approx(whole.replica_seconds[s] / 3600)
        assert found.utilization == pytest.approx(whole.busy[s].sum() / whole.replica_seconds[s])
        assert found.by_shard.mean() == pytest.approx(found.utilization)
        assert summary.window_replicas[s] == pytest.approx(whole.replica_windows[s] / (lasted * 2))
    assert summary.window_replicas[1].tolist() == [2.0, 2.0, 2.0]
    assert summary.stages[1].replicas == 2
    assert summary.stages[0].replicas > 1.1 * summary.stages[2].replicas


def test_a_run_too_short_to_tell_says_so():
    """Of two queries neither the p99 nor its parts are known, and nothing is divided by zero."""
    plan = plan_of(traffic={"qps": 1, "candidates": 1, "queries": 2, "warmup": 0}, funnel=[{"name": "s", "cost": "1s"}])
    summary = summarise_for(plan, LEVELS, ())([compiled.simulate(plan, 0)])
    assert math.isnan(summary.latency["p99"])
    assert np.isnan(summary.p99_parts).all()
    assert summary.stages[0].wasted == 0
    assert summary.stages[0].utilization > 0
