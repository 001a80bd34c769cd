"""What mutants of the engines are held against: drawn scenarios in handfuls, as a mutant dies at the first that fails.

Run by run.py beside the tests of the engines and statistics that need no compiler.
"""

import pytest
from hypothesis import HealthCheck, given, seed, settings

from simulator.engine import compiled
from tests.agreement.drawn import agree, assert_together, plan_of, scenarios

HANDFULS, EXAMPLES = [number for number in range(20) if number not in {8, 19}], 3  # these two take a minute
SHORT = scenarios().filter(lambda scenario: scenario["traffic"]["queries"] <= 30)
DRAWN = {"max_examples": EXAMPLES, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.parametrize("handful", HANDFULS)
def test_engines_agree(handful):
    """Both engines, paths and blocks return equal arrays."""

    @seed(handful)
    @settings(**DRAWN)
    @given(SHORT)
    def check(scenario):
        agree(scenario)

    check()


@pytest.mark.parametrize("handful", HANDFULS[:4])
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
