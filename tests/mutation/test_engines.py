"""What mutants of the engines are held against: drawn scenarios in handfuls, as a mutant dies at the first that fails.

Run by run.py beside the tests of the engines and statistics that need no compiler.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.agreement.drawn import agree, answers_agree, scenarios, threads_agree

EXAMPLES = 3
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


@pytest.mark.parametrize(
    ("agreement", "handful"),
    [(agree, number) for number in range(40)]
    + [(other, number) for other in (answers_agree, threads_agree) for number in range(6)],
)
def test_engines_agree(agreement, handful):
    """Both engines, paths, blocks, threads and answers return equal arrays."""

    @seed(handful)
    @settings(**DRAWN)
    @given(SHORT)
    def check(scenario):
        agreement(scenario)

    check()
