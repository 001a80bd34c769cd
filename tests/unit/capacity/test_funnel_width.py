"""The scenario funnel_width holds the shape that RecPipe published (Gupta et al., MICRO 2021)."""

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.capacity.frontier import dominates
from simulator.capacity.price import workers_in_all
from simulator.capacity.quality import quality_of_run
from simulator.capacity.run import run_scenario
from simulator.scenario.load import load_scenario
from simulator.statistics.intervals import estimate

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def stages():
    """The scenario as it stands, and its last stage alone on as many workers, each run and judged."""
    two = load_scenario(ROOT / "scenarios" / "funnel_width.yaml")
    last = two.funnel[-1].model_copy(update={"workers": workers_in_all(two)})
    one = two.model_copy(update={"funnel": (last,)})
    assert workers_in_all(one) == workers_in_all(two)
    return [(answer, quality_of_run(answer)) for answer in map(run_scenario, (one, two))]


def test_it_is_the_published_setting(stages):
    """4,096 candidates at 1,000 QPS, and no counts are scaled: the world has an item for each candidate."""
    for answer, quality in stages:
        assert (answer.plan.qps, quality.items, quality.candidates) == (1000, 4096, 4096)


def test_two_stages_beat_one_about_threefold(stages):
    """The p95 of one stage is 2.5 to 3.5 times that of two on as many workers, the whole interval of it."""
    one, two = (np.array([each.latency["p95"] for each in answer.summaries]) for answer, _ in stages)
    ratio = estimate((one / two).tolist())
    assert 2.5 < ratio.low < ratio.high < 3.5


def test_two_stages_find_as_much_as_one(stages):
    """The paired difference of NDCG@10 is within its interval of zero, and that interval is narrow."""
    (_, one), (_, two) = stages
    difference = estimate((one.ndcgs - two.ndcgs).tolist())
    assert difference.low <= 0 <= difference.high
    assert difference.high - difference.low < 0.001


def test_the_committed_frontier_has_the_shape():
    """No point dominates another, and two stages take less than half the p99 of one stage at no higher cost."""
    document = json.loads((ROOT / "reports" / "funnel-width" / "optimize.json").read_text())
    points = [
        (len(point["stages"]), (-point["ndcg_at_10"]["value"], point["latency_ms"]["p99"]["value"], point["cost"]))
        for point in document["frontier"]
    ]
    assert not any(dominates(a, b) for _, a in points for _, b in points)
    best = -points[0][1][0]
    good = [(count, p99, cost) for count, (ndcg, p99, cost) in points if -ndcg > best - 0.001]
    one = [(p99, cost) for count, p99, cost in good if count == 1]
    two = [(p99, cost) for count, p99, cost in good if count == 2]
    assert any(b < a / 2 and cost <= price for a, price in one for b, cost in two)
