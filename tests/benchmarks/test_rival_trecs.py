"""The popularity loop here and in T-RECS 0.2.1, side by side."""

import statistics

import numpy as np
import pytest

from simulator.bias.loop import run_arm
from simulator.bias.measures import gini
from tests.benchmarks.test_speed import ROUNDS, note, seconds
from tests.loops import asked

rival = pytest.importorskip("tests.benchmarks.rival_trecs", reason="pip install trecs==0.2.1 --no-deps brings T-RECS")
pytestmark = pytest.mark.filterwarnings("default")
POPULAR = {"ties": "per_user", "examination": {"model": "best"}, "slots": 10, "replications": 1}


def both(replications: int, steps: int, **sizes: int):
    """Our clicks by item and those of T-RECS, in the same worlds, shape (R, I) each."""
    ours, theirs = [], []
    for seed in range(replications):
        policy, setting = asked(seed, **POPULAR, **sizes, steps=steps)
        ours.append(run_arm(policy, setting, lambda: None, measured=False)[0].clicks[0])
        scores = setting.world.everything(0, np.arange(sizes["users"]), 0).astype(float)
        theirs.append(rival.trecs_clicks(scores, 10, steps, seed))
    return np.array(ours), np.array(theirs)


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_the_loops_are_the_same(steps):
    """The Gini of clicks and the most clicks agree within 4 standard errors of 40 worlds' differences."""
    ours, theirs = both(40, steps, users=60, items=80)
    assert (ours.sum(axis=1) == theirs.sum(axis=1)).all()
    for measure in (gini, lambda clicks: clicks.max(axis=1)):
        gap = measure(ours) - measure(theirs)
        assert abs(gap.mean()) <= 4 * gap.std(ddof=1) / 40**0.5


def test_against_trecs():
    """A thousand users and items: at least 100 times as many steps a second as T-RECS."""
    sizes, steps, their_steps = {"users": 1000, "items": 1000}, 400, 4
    policy, setting = asked(**POPULAR, **sizes, steps=steps)
    scores = setting.world.everything(0, np.arange(1000), 0).astype(float)

    def ours() -> None:
        run_arm(policy, setting, lambda: None, measured=False)

    def theirs() -> None:
        rival.trecs_clicks(scores, 10, their_steps, 1)

    ours()
    pairs = [(seconds(theirs) / their_steps, seconds(ours) / steps) for _ in range(ROUNDS)]
    ratio = statistics.median(one / two for one, two in pairs)
    ours_ms, theirs_ms = (1000 * statistics.median(pair[who] for pair in pairs) for who in (1, 0))
    note(
        "popularity loop of 1,000 users and 1,000 items against T-RECS 0.2.1",
        f"{ratio:,.0f} times ({ours_ms:.2f} against {theirs_ms:,.0f} ms a step)",
        "at least 100 times",
    )
    assert ratio > 100
