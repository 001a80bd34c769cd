"""What tests of scenarios share."""

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario

SMALLEST = """\
name: small
traffic: {qps: 10, candidates: 1000}
funnel:
  - name: find
    ranker: logistic
    keep: 100
  - name: rank
    cost: {distribution: lognormal, mean: 4ms, cv: 0.3}
"""


@pytest.fixture
def smallest():
    """Return the text of a small scenario of two stages."""
    return SMALLEST


@pytest.fixture
def problems():
    """Return a function that reads a bad text and returns its problems."""

    def read(text, *overrides):
        with pytest.raises(ScenarioError) as caught:
            parse_scenario(text, "bad.yaml", overrides)
        return caught.value.problems

    return read


@pytest.fixture
def problem(problems):
    """Return a function that reads a text with one mistake and returns its only problem."""

    def read(text, *overrides):
        found = problems(text, *overrides)
        assert len(found) == 1, [str(one) for one in found]
        return found[0]

    return read
