"""Files that a scenario names: in its own folder, in one that is allowed, or wherever the command line says."""

import json
from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.grid import load_grid
from simulator.scenario.load import load_scenario

ASKED = {
    "name": "s",
    "traffic": {"qps": 1, "candidates": 1, "queries": 2, "replications": 2},
    "funnel": [{"name": "a", "cost": {"distribution": "empirical", "file": "times.txt"}}],
}


@pytest.fixture
def place(tmp_path):
    """A folder with a scenario's folder and another one in it, each with a file of times."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "times.txt").write_text("0.1\n0.2\n")
    return tmp_path


def scenario(place: Path, file: object, **sections: object) -> Path:
    """Write a scenario that names a file and return its path."""
    path = place / "own" / "s.yaml"
    funnel = [{"name": "a", "cost": {"distribution": "empirical", "file": str(file)}}]
    path.write_text(json.dumps(ASKED | {"funnel": funnel} | sections))
    return path


def test_a_file_in_the_scenarios_folder_is_read(place):
    """By its name from there, by its whole path, and through a detour."""
    for name in ("times.txt", place / "own" / "times.txt", "../own/times.txt"):
        assert load_scenario(scenario(place, name)).funnel[0].cost.mean_value() == pytest.approx(0.15)


@pytest.mark.parametrize("name", ["../other/times.txt", "/etc/hostname", "link.txt", "loop"])
def test_a_file_elsewhere_is_refused_with_how_to_allow_it(place, name):
    """By a relative path, a whole one, and a link that leads out of the folder; a link to itself leads nowhere."""
    (place / "own" / "link.txt").symlink_to(place / "other" / "times.txt")
    (place / "own" / "loop").symlink_to(place / "own" / "loop")
    words = "got loop" if name == "loop" else "expected a file in the scenario's folder.*--allow-path"
    with pytest.raises(ScenarioError, match=words):
        load_scenario(scenario(place, name))


def test_an_allowed_folder_is_read_from(place):
    """With --allow-path the other folder does; a third one does not."""
    path = scenario(place, "../other/times.txt")
    assert load_scenario(path, allow_path=[place / "other"]).funnel[0].cost.mean_value() == pytest.approx(0.15)
    with pytest.raises(ScenarioError, match="--allow-path"):
        load_scenario(path, allow_path=[place / "third"])


def test_what_the_command_line_names_may_lie_anywhere(place, monkeypatch):
    """A file after --set is the user's own word, from the working folder; the same name in the file is not."""
    monkeypatch.chdir(place)
    path = scenario(place, "times.txt")
    setting = "funnel.a.cost={distribution: empirical, file: other/times.txt}"
    assert load_scenario(path, [setting]).funnel[0].cost.mean_value() == pytest.approx(0.15)
    with pytest.raises(ScenarioError, match="--allow-path"):
        load_grid(scenario(place, "times.txt", compare={"vary": ["funnel.a.cost.file=times.txt,../other/times.txt"]}))


@pytest.mark.parametrize(
    "sections",
    [
        {"traffic": ASKED["traffic"] | {"arrivals": "trace", "trace": {"file": "../other/times.txt"}}},
        {"costs": {"profile": "../other/profile.json"}},
        {"training": {"profile": "../other/profile.json"}},
        {"training": {"curve": {"file": "../other/runs.csv"}}},
        {"quality": {"interactions": "../other/log.csv"}},
        {"diagnosis": {"train": "../other/a.csv", "serve": "../other/b.csv"}},
        {"bias": {"log": {"file": "../other/log.csv"}}},
    ],
    ids=["trace", "profile", "training", "curve", "interactions", "diagnosis", "log"],
)
def test_every_section_keeps_to_the_folder(place, sections):
    """Traces, profiles, curves, tables and logs alike."""
    with pytest.raises(ScenarioError, match="expected a file in the scenario's folder"):
        load_scenario(scenario(place, "times.txt", **sections))
