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


def test_two_stages_find_no_less_than_one(stages):
    """One stage over all items is not better in NDCG@10, which a paired interval of less than 0.002 tells."""
    (_, one), (_, two) = stages
    difference = estimate((one.ndcgs - two.ndcgs).tolist())
    assert difference.low <= 0
    assert difference.high - difference.low < 0.002


def test_the_committed_frontier_has_the_shape():
    """No point dominates another, and some two stages find no less than the best lone one in less than half its p99."""
    document = json.loads((ROOT / "reports" / "funnel-width" / "optimize.json").read_text())
    points = [
        (len(point["stages"]), (-point["ndcg_at_10"]["value"], point["latency_ms"]["p99"]["value"], point["cost"]))
        for point in document["frontier"]
    ]
    assert not any(dominates(a, b) for _, a in points for _, b in points)
    alone = min(point for count, point in points if count == 1)
    assert any(count == 2 and ndcg <= alone[0] and p99 < alone[1] / 2 for count, (ndcg, p99, _) in points)
