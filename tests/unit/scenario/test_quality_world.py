"""The section quality: which world judges, and what does not fit together."""

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario

BASE = """
name: x
traffic: {qps: 1, candidates: 100}
funnel: [{name: a, ranker: mlp}]
"""


def asked(text, folder=None):
    """The section of a scenario."""
    return parse_scenario(f"{BASE}{text}", folder=folder).quality


def test_the_synthetic_world_judges_unless_another_is_named():
    """Without the section nothing is recorded; with a data set something is, split by time."""
    assert not asked("").recorded
    films = asked("quality: {world: movielens-100k}")
    assert films.recorded
    assert films.split == "time"


def test_a_log_is_found_from_the_scenarios_folder(tmp_path):
    """Its path starts at the scenario's folder, its columns have our names unless others are given."""
    (tmp_path / "clicks.csv").write_text("")
    found = asked("quality: {interactions: clicks.csv, item: page, label: null}", tmp_path)
    assert found.interactions == str(tmp_path / "clicks.csv")
    assert (found.user, found.item, found.label, found.recorded) == ("user", "page", None, True)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{world: movielens}", r"5:18: quality.world: .*did you mean movielens-100k\?"),
        ("{interactions: nope.csv}", "5:25: quality.interactions: expected a file, got .*nope.csv, which is none"),
        ("{interactions: log.txt}", r"expected a file that ends in \.csv or \.parquet, got log\.txt"),
        ("{interactions: log.csv, world: synthetic}", "quality.world: expected a world or interactions, got both"),
        ("{label: clicked}", "quality.label: expected interactions beside label, got none"),
        ("{interactions: log.csv, split: user}", "quality.split: expected 'time' or 'random', got 'user'"),
        ("{interactions: log.csv, liked_from: good}", "quality.liked_from: expected a number"),
        ("{interactions: log.csv, usr: u}", r"quality.usr: .*did you mean user\?"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, section, message):
    """Each mistake is told with its place, what was expected and what was got."""
    (tmp_path / "log.csv").write_text("")
    with pytest.raises(ScenarioError, match=message):
        asked(f"quality: {section}", tmp_path)
