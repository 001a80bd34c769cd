"""What objectives ask to be measured, and where they find it."""

import pytest

from simulator.scenario.load import parse_scenario
from simulator.statistics.measures import levels_of, thresholds_of, value_of
from simulator.statistics.queries import Measured

ASKED = ["p99 < 1s", "p50 < 1s", "p99.9 < 2s", "mean < 1s", "max < 3s", "over(500ms) < 1%", "over(2s) < 1%"]
SHARES = ["error_rate < 1%", "coverage >= 99%"]
MEASURED = Measured(
    latency={"mean": 0.1, "p50": 0.2, "p99": 0.3, "p99.9": 0.4, "max": 0.5},
    over={0.5: 0.01, 2.0: 0.02},
    error_rate=0.03,
    coverage=0.97,
    classes=(),
)


def objectives():
    """Objectives of every kind."""
    lines = "".join(f"    - {line}\n" for line in (*ASKED, *SHARES))
    text = (
        f"name: a\ntraffic: {{qps: 1, candidates: 1}}\nfunnel: [{{name: s, cost: 1ms}}]\nsla:\n  objectives:\n{lines}"
    )
    return parse_scenario(text).sla.objectives


def test_levels_and_thresholds_are_those_asked_for_once_each_in_order():
    """Percentile levels with those always measured, and limits of `over`; other metrics add none."""
    assert levels_of(objectives()) == [50.0, 99.0, 99.9]
    assert levels_of(objectives(), [90.0, 99.0]) == [50.0, 90.0, 99.0, 99.9]
    assert thresholds_of(objectives()) == [0.5, 2.0]
    assert (levels_of([]), thresholds_of([])) == ([], [])


def test_every_objective_finds_its_value():
    """By its metric and its argument."""
    found = [value_of(objective, MEASURED) for objective in objectives()]
    assert found == pytest.approx([0.3, 0.2, 0.4, 0.1, 0.5, 0.01, 0.02, 0.03, 0.97])
