"""Commands that are ended early: they show what there is by then, marked as not all, and exit with 130."""

import json
import math
import os
import signal
import time
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry

import simulator as package
from simulator.cli import app
from simulator.training import answer as training_answer

SCHEMAS = Path(package.__file__).parent / "report"
QUEUE = {"name": "rank", "cost": {"distribution": "exponential", "mean": "1ms"}}
TRAINED = [{"name": "a", "ranker": "two_tower", "keep": 50}, {"name": "b", "ranker": "mlp", "keep": 20}]
SERVING = {
    "sla": {"qps": 100, "objectives": ["p99 < 2ms"]},
    "traffic": {"candidates": 100, "queries": 500, "replications": 3},
    "funnel": [QUEUE],
}
ASKED = {
    "size": SERVING
    | {
        "sla": {"qps": 2000, "objectives": ["p99 < 6ms"]},
        "size": {"stages": {"rank": {"shards": "1-4", "workers": "1-4"}}},
    },
    "optimize": SERVING | {"funnel": TRAINED, "optimize": {"trials": 9, "stages": {"b": {"workers": "1-4"}}}},
    "bias": {
        "bias": {
            "users": 60,
            "items": 40,
            "slots": 4,
            "steps": 12,
            "replications": 2,
            "arms": [{"name": n} for n in "ab"],
        }
    },
    "train": {"training": {"ranker": "two_tower", "transfer": {"have": 200}}},
    "diagnose": SERVING,
}
WHEN = {"size": 2, "optimize": 3, "bias": 15, "diagnose": 2.8, "report": 1}
"""How far a command says that it is when Ctrl-C comes: simulations, designs, steps, parts."""


def ctrl_c(*asked):
    """Ctrl-C instead of a long training."""
    raise KeyboardInterrupt


@pytest.fixture
def ended_early(monkeypatch, tmp_path, capsys):
    """Return a function that calls a command with Ctrl-C in its middle, and returns its exit code and what it says."""

    def call(command, *options, at=""):
        sent = []

        @contextmanager
        def progress(what, *, quiet):
            del quiet

            def on_progress(done, total):
                del total
                if at in what and done >= WHEN.get(command, math.inf) and not sent:
                    sent.append(done)
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(1)  # work in a thread goes on until the main one hears of it

            yield on_progress

        monkeypatch.setattr(import_module(f"simulator.cli.{command}"), "progress", progress)
        monkeypatch.setattr(training_answer, "transfer_answer", ctrl_c)
        path = tmp_path / "asked.yaml"
        path.write_text(json.dumps({"name": "asked", "question": "How much?"} | ASKED.get(command, SERVING)))
        own = ["--journal", str(tmp_path / "journal")] if command == "optimize" else []
        code = app._guarded([command, str(path), *own, *options])
        return code, capsys.readouterr()

    return call


@pytest.mark.parametrize("command", ASKED)
def test_what_there_is_by_then_is_one_document_of_the_schema(ended_early, command):
    """It says that it is not complete, and keeps to the schema all the same."""
    code, said = ended_early(command, "--json")
    assert code == 130, said.err
    assert said.err.endswith("error: interrupted\n")
    document = json.loads(said.out)
    assert document["complete"] is False
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")}
    registry = Registry().with_contents(schemas.items())
    jsonschema.Draft202012Validator(schemas[f"{command}.schema.json"], registry=registry).validate(document)


@pytest.mark.parametrize("command", ASKED)
def test_people_are_told_that_it_is_not_all(ended_early, command):
    """What is printed says so in words."""
    code, said = ended_early(command)
    assert code == 130, said.err
    assert "Not finished: " in said.out


@pytest.mark.parametrize("at", ["asked", ": capacity"])
def test_a_report_that_is_not_finished_is_not_written(ended_early, tmp_path, at):
    """In its run or in its search: what the run says by then is told, and an earlier report stays as it was."""
    place = tmp_path / "reports" / "asked"
    place.mkdir(parents=True)
    (place / "index.html").write_text("old")
    code, said = ended_early("report", "--out", str(place.parent), at=at)
    assert code == 130, said.err
    assert f"{place}: not finished, nothing was written" in said.out
    assert "t 100 QPS p99 is" in said.out
    assert [path.name for path in place.iterdir()] == ["index.html"]
    assert said.err.endswith("error: interrupted\n")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_sweep_tells_the_cells_so_far_and_goes_on_with_the_others(monkeypatch, tmp_path, capsys, as_json):
    """Ctrl-C after two of four cells: their rows are told, no results are written, and the next call resumes."""
    sent = []

    @contextmanager
    def progress(what, *, quiet):
        del what, quiet

        def on_progress(done, total):
            if done == 2 and not sent:
                sent.append(total)
                os.kill(os.getpid(), signal.SIGINT)

        yield on_progress

    monkeypatch.setattr(import_module("simulator.cli.sweep"), "progress", progress)
    (tmp_path / "served.yaml").write_text(json.dumps({"name": "served"} | SERVING))
    grid = tmp_path / "grid.yaml"
    asked = {"name": "grid", "scenarios": ["served.yaml"], "measure": "run", "vary": ["sla.qps=50,100,150,200"]}
    grid.write_text(json.dumps(asked))
    call = ["sweep", str(grid), "--out", str(tmp_path), "--workers", "1", *(["--json"] if as_json else [])]
    code, said = app._guarded(call), capsys.readouterr()
    assert code == 130, said.err
    assert sent == [4]
    if as_json:
        document = json.loads(said.out)
        assert document["complete"] is False
        assert [cell["sla.qps"] for cell in document["cells"]] == ["50", "100"]
    else:
        assert "2 of 4 cells" in said.out
        assert "Not finished: " in said.out
    assert [path.name for path in (tmp_path / "grid").iterdir()] == ["journal.jsonl"]
    assert "call the same sweep again to go on" in said.err
    assert app._guarded(call) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["complete"] if as_json else "4 cells, 2 of them found in the journal" in said.out


@pytest.mark.parametrize("what", [[], ["--training"]])
def test_rounds_so_far_make_a_profile_that_is_not_written(monkeypatch, tmp_path, capsys, what):
    """Ctrl-C after a part of a minute's measuring: what was measured is shown, and an earlier profile stays."""

    @contextmanager
    def progress(what, *, quiet):
        del what, quiet
        visits = count()

        def on_progress(done, total, note):
            del done, total, note
            if next(visits) == 60:  # a round takes fewer than 30
                os.kill(os.getpid(), signal.SIGINT)

        yield on_progress

    monkeypatch.setattr(import_module("simulator.cli.calibrate"), "progress_of_seconds", progress)
    monkeypatch.setattr("simulator.costs.measure.MIN_CALLS", 1)  # one round is enough
    monkeypatch.setattr("simulator.training.step_time.ENOUGH_STEPS", math.inf)
    path = tmp_path / "profile.json"
    path.write_text("old")
    code = app._guarded(["calibrate", "logistic", "--budget", "60s", "--out", str(path), "--json", *what])
    said = capsys.readouterr()
    assert code == 130, said.err
    document = json.loads(said.out)
    assert document["complete"] is False
    assert document["profile"]["rankers"].keys() == {"logistic"}
    assert path.read_text() == "old"
    assert "not finished: these are the rounds so far" in said.err


def test_curves_that_are_not_finished_leave_the_steps(monkeypatch, tmp_path, capsys):
    """Ctrl-C in a learning curve, after the steps were timed: they are shown with the curve that is known."""
    monkeypatch.setattr("simulator.training.calibrate.measure_runs", ctrl_c)
    path = tmp_path / "profile.json"
    code = app._guarded(["calibrate", "logistic", "--training", "--curves", "--out", str(path), "--json"])
    said = capsys.readouterr()
    assert code == 130, said.err
    document = json.loads(said.out)
    assert document["complete"] is False
    assert document["profile"]["rankers"]["logistic"]["step"]["points"]
    assert not path.exists()
