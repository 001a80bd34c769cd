"""A user's own log, read and judged."""

import numpy as np
import pytest

from simulator.bias.estimators import Logged, estimates
from simulator.bias.recorded import find_recorded
from simulator.errors import InputError
from simulator.scenario.load import load_study


@pytest.fixture
def judged(tmp_path):
    """Write a log and a file that asks about it, and return what it says."""

    def judge(columns: dict[str, list], keys: str = ""):
        rows = zip(*columns.values(), strict=True)
        text = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)])
        (tmp_path / "log.csv").write_text(text)
        path = tmp_path / "mine.yaml"
        path.write_text(f"name: mine\nbias: {{log: {{file: log.csv{keys}}}}}\n")
        return find_recorded(load_study(path))

    return judge


CLICK = [1, 0, 0, 1] * 50
TARGET = [0.5, 0.1, 0.2, 0.4] * 50
PROPENSITY = [0.25, 0.25, 0.1, 0.4] * 50


def test_a_log_gives_what_its_rows_give(judged):
    """Every estimator of the file's columns has the value that it has of the same arrays."""
    answer = judged({"click": CLICK, "target": TARGET, "propensity": PROPENSITY})
    expected = estimates(Logged(np.array(CLICK, float), np.array(TARGET), np.array(PROPENSITY), None))
    assert answer.rows == 200
    assert [(one.method, one.estimate) for one in answer.values] == [(one.method, one.estimate) for one in expected]


def test_columns_may_have_names_of_their_own(judged):
    """The same rows under other names say the same."""
    plain = judged({"click": CLICK, "target": TARGET, "propensity": PROPENSITY})
    named = judged({"won": CLICK, "new": TARGET, "old": PROPENSITY}, ", reward: won, target: new, propensity: old")
    assert [one.estimate for one in named.values] == [one.estimate for one in plain.values]


def test_a_log_without_propensities_is_judged_by_its_random_rows(judged):
    """Nobody wrote down how likely a row was: what would weigh by it is left out."""
    answer = judged({"click": CLICK, "target": TARGET, "random": [1, 0, 0, 1] * 50}, ", random: random")
    assert answer.values
    assert "ips" not in {one.method for one in answer.values}


def test_a_column_that_is_not_there_is_named_with_those_that_are(judged):
    """A propensity that was named and is missing is a mistake, not a log without one."""
    with pytest.raises(InputError, match="no column p; it has click, target: name the columns"):
        judged({"click": CLICK, "target": TARGET}, ", propensity: p")


def test_words_are_no_numbers(judged):
    """A reward in words is refused with the column's name."""
    with pytest.raises(InputError, match="column click: expected numbers"):
        judged({"click": ["yes", "no"] * 100, "target": TARGET, "propensity": PROPENSITY})
