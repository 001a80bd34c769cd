"""The percentiles of a call that waits for nothing, which a hedge may be sent after."""

import json
import math
import os

import pytest
from scipy import stats

from simulator.costs.profile import load_profile
from simulator.engine import no_load
from simulator.engine.plan import NOISE, REQUEST, RESPONSE
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario


def percentile(level, cost, request="0s", response="0s"):
    """A percentile in seconds of a call of a lone stage."""
    network = {"request": request, "response": response}
    asked = {"name": "a", "traffic": {"qps": 1, "candidates": 1}, "funnel": [{"name": "s", "network": network}]}
    asked["funnel"][0]["cost"] = cost
    plan = resolve(parse_scenario(json.dumps(asked)), load_profile("default"))
    seconds = 1.0 if isinstance(cost, dict) else float(cost.removesuffix("s"))
    return no_load.no_load_percentile(plan.laws, (REQUEST, NOISE, RESPONSE), seconds, level)


def exponential(mean):
    """An exponential law."""
    return {"distribution": "exponential", "mean": mean}


@pytest.mark.parametrize("level", [1.0, 50.0, 99.0])
def test_constant_times_add_up(level):
    """Where nothing varies every percentile is the sum of the three."""
    assert percentile(level, "2s", "0.25s", "0.5s") == 2.75


@pytest.mark.parametrize("level", [0.0, 1.0, 50.0, 95.0, 99.9])
@pytest.mark.parametrize("which", ["cost", "request", "response"])
def test_one_law_that_varies_gives_its_own_quantile(level, which):
    """Wherever it stands, the others are added to its quantile."""
    laws = {"cost": "0.5s", "request": "0.25s", "response": "0.125s"}
    others = sum(float(law.removesuffix("s")) for name, law in laws.items() if name != which)
    assert percentile(level, **laws | {which: exponential("2s")}) == pytest.approx(
        others - 2 * math.log1p(-level / 100), rel=1e-6
    )


@pytest.mark.parametrize("level", [5.0, 50.0, 95.0, 99.0])
@pytest.mark.parametrize("constant", [None, "cost", "request", "response"])
def test_laws_together_give_the_quantile_of_their_sum(level, constant, monkeypatch):
    """Of two exponential laws alike, whichever, the sum is gamma of shape 2, of three of shape 3."""
    within = 5e-4
    if (
        "NUMBA_DISABLE_JIT" in os.environ
    ):  # a million points would take a minute; of so few the square is filled unevenly
        monkeypatch.setattr(no_load, "POINTS", 1 << 13)
        within = 6e-2
    laws = {name: exponential("2s") for name in ("cost", "request", "response") if name != constant}
    exact = stats.gamma(len(laws), scale=2).ppf(level / 100)
    fixed = {} if constant is None else {constant: "0.5s"}
    assert percentile(level, **{"cost": "0.5s"} | laws | fixed) == pytest.approx(exact + 0.5 * len(fixed), rel=within)
