"""The package as a library: what notebooks call gives what the command line prints."""

import json

import pytest

import simulator
from simulator.errors import InputError, ScenarioError

SMALL = {
    "name": "small",
    "sla": {"qps": 100, "objectives": ["p99 < 50ms"]},
    "traffic": {"candidates": 100, "queries": 300, "replications": 3},
    "funnel": [{"name": "first", "shards": 3, "cost": {"distribution": "exponential", "mean": "1ms"}}],
}


@pytest.fixture
def loaded(tmp_path):
    """Return a small scenario, loaded."""
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(SMALL))
    return simulator.load(path)


def test_public_names_are_there_and_sorted():
    """Every name of __all__ can be had, is sorted, and no other is promised."""
    assert all(getattr(simulator, name) is not None for name in simulator.__all__)
    assert dir(simulator) == list(simulator.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        simulator.nothing  # noqa: B018  that is the test


@pytest.mark.parametrize("question", ["run", "capacity", "diagnose"])
def test_each_answer_has_a_sentence_a_frame_a_document_and_plots(loaded, question):
    """An answer prints its sentence, gives its numbers as a frame and its plots as figures, and is shown as HTML."""
    found = getattr(loaded, question)()
    assert str(found) == found.sentence
    assert len(found.to_frame()) > 0
    assert found.document["command"] == question
    assert found.plot().axes
    assert found.plot(found.plots[-1]).axes
    html = found._repr_html_()
    assert "<table" in html
    assert "<b>" in html


def test_run_is_what_the_document_says(loaded):
    """The frame's p99 is that of the document, in milliseconds."""
    found = loaded.run()
    frame = found.to_frame().set_index("measure")
    assert frame.loc["p99", "value_ms"] == pytest.approx(found.document["latency_ms"]["p99"]["value"])


def test_compare_takes_what_to_vary(loaded):
    """Two workers beside one, a row each, under the same luck."""
    found = loaded.compare("funnel.first.workers=1,2")
    assert len(found.to_frame()) == 2
    assert found.document["rows"][1]["settings"] == {"funnel.first.workers": 2}


def test_size_lists_the_designs_that_were_tried(loaded):
    """The frame holds each design stage by stage, the chosen one marked; more headroom never takes fewer workers."""
    found = loaded.size()
    frame = found.to_frame()
    assert frame[frame["chosen"]]["total_workers"].max() == found.document["total_workers"]
    assert loaded.size(headroom=2.0).document["total_workers"] >= found.document["total_workers"]


def test_optimize_lists_the_frontier(loaded, tmp_path, monkeypatch):
    """A row for each stage of each point, and a plot; of one ranker there is one quality."""
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "cache"))
    loaded.path.write_text(json.dumps(SMALL | {"funnel": [{"name": "first", "ranker": "logistic"}]}))
    found = loaded.optimize(trials=3)
    assert found.document["command"] == "optimize"
    assert set(found.to_frame()["ranker"]) == {"logistic"}
    assert found.plot().axes


def test_files_elsewhere_are_read_where_their_folder_is_allowed(loaded, tmp_path):
    """As with --allow-path on the command line."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "times.txt").write_text("0.001\n0.003\n")
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "s.yaml"
    cost = {"distribution": "empirical", "file": "../other/times.txt"}
    path.write_text(json.dumps(SMALL | {"funnel": [{"name": "first", "cost": cost}]}))
    with pytest.raises(ScenarioError, match="--allow-path"):
        simulator.load(path)
    assert simulator.load(path, allow_path=[tmp_path / "other"]).run().document["complete"] is True


def test_settings_replace_values_and_leave_the_file(loaded):
    """A scenario with settings answers as with --set; the loaded one stays as it is."""
    faster = loaded.with_settings("sla.qps=10")
    assert faster.scenario.offered_qps == 10
    assert loaded.scenario.offered_qps == 100
    assert faster.run().document["provenance"]["overrides"] == {"sla.qps": "10"}


def test_errors_are_those_of_the_command_line(loaded, tmp_path):
    """A missing file, a bad setting, a section that is not there and an unknown plot are each one clear error."""
    with pytest.raises(InputError, match="no such file"):
        simulator.load(tmp_path / "nothing.yaml")
    with pytest.raises(ScenarioError, match="unknown"):
        simulator.load(loaded.path, ["unknown=1"])
    with pytest.raises(InputError, match="expected a bias section"):
        loaded.bias()
    with pytest.raises(InputError, match="plot: expected one of"):
        loaded.run().plot("nothing")
