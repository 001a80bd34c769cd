"""What mutants of the engines are held against: drawn scenarios in handfuls, as a mutant dies at the first that fails.

Run by run.py beside the tests of the engines and statistics that need no compiler.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from simulator.engine import compiled, reference_answers
from simulator.engine.event_run import answers_to
from tests.agreement.drawn import agree, assert_together, plan_of, scenarios

HANDFULS, EXAMPLES = range(40), 3
SHORT = scenarios().filter(lambda scenario: scenario["traffic"]["queries"] <= 30)
DRAWN = {
    "max_examples": EXAMPLES,
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(autouse=True)
def few_points(monkeypatch):
    """A percentile that a hedge waits for comes from fewer points: without the compiler a million take a minute."""
    monkeypatch.setattr("simulator.engine.no_load.POINTS", 256)


@pytest.mark.parametrize("handful", HANDFULS)
def test_engines_agree(handful):
    """Both engines, paths and blocks return equal arrays."""

    @seed(handful)
    @settings(**DRAWN)
    @given(SHORT)
    def check(scenario):
        agree(scenario)

    check()


@pytest.mark.parametrize("handful", HANDFULS[:6])
def test_answers_agree(handful):
    """Every answer to every third query is bit for bit the same in both engines."""

    @seed(handful)
    @settings(**DRAWN)
    @given(SHORT)
    def check(scenario):
        plan = plan_of(scenario)
        watched = np.arange(plan.total_queries) % 3 == 0
        most = int(compiled.simulate(plan, 0).attempts[watched].sum())
        assert np.array_equal(reference_answers.answers_to(plan, 0, watched), answers_to(plan, 0, watched, most))

    check()


@pytest.mark.parametrize("handful", HANDFULS[:6])
def test_threads_change_no_bit(handful, monkeypatch):
    """With the shards of every stage on three threads, every row is bit for bit that of one thread."""
    monkeypatch.setattr("simulator.engine.stages.WORTH_A_THREAD", 1)

    @seed(handful)
    @settings(**DRAWN)
    @given(SHORT)
    def check(scenario):
        plan = plan_of(scenario)
        assert_together(compiled.blocks(plan, 0, 30, threads=3), compiled.simulate(plan, 0))

    check()
