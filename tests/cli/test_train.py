"""`simulator train`, and `simulator report` and `calibrate --training`, as a user calls them."""

import json
from pathlib import Path

import jsonschema
import pytest

import simulator as package
from simulator.training.profile import TrainingProfile

SCHEMA = json.loads((Path(package.__file__).parent / "report" / "train.schema.json").read_text())
CLICKS = {"name": "clicks", "kind": "online", "qps": 10, "click_rate": 0.1}
CROWD = {"name": "crowd", "kind": "labellers", "price": 0.1, "per_hour": 60, "people": 10, "accuracy": 0.8}
TRAINING = {
    "ranker": "two_tower",
    "target": 0.85,
    "sources": [CLICKS, CROWD],
    "cluster": {"workers": [1, 2], "worker_hour": 1, "samples": 1_000_000, "deadline": "1h"},
}


@pytest.fixture
def plan(tmp_path):
    """Write a file that asks about training alone, with keys of its section changed, and return its path."""

    def write(**changed):
        training = {key: value for key, value in (TRAINING | changed).items() if value is not None}
        path = tmp_path / "plan.yaml"
        path.write_text(json.dumps({"name": "plan", "question": "How much?", "training": training}))
        return path

    return write


def test_it_prints_tables_and_the_answer(simulator, plan):
    """Sources, workers, curves, growth and the answer, within 80 columns; nothing is cut off."""
    outcome = simulator("train", plan())
    assert outcome.code == 0
    for said in ("Where samples come from", "Training on several workers", "Learning curves", "How that grows"):
        assert said in outcome.stdout
    assert "two_tower reaches 0.85 with" in " ".join(outcome.stdout.split())
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "…" not in outcome.stdout


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"target": None, "sources": None},
        {"target": 0.99},
        {"within": "1h"},
        {"budget": 1, "sources": [CROWD]},
        {"sources": [CLICKS | {"click_rate": 1e-9}], "within": "24h"},
        {"augmentation": {"factor": 4, "worth": "20%"}},
        {"cluster": None},
    ],
)
def test_json_is_one_document_of_the_schema(simulator, plan, changed):
    """Whatever is asked, stdout is one document that the shipped schema describes."""
    outcome = simulator("train", plan(**changed), "--json")
    assert outcome.code == 0
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(outcome.stdout))


def test_the_same_call_gives_the_same_document(simulator, plan):
    """Byte for byte."""
    assert simulator("train", plan(), "--json").stdout == simulator("train", plan(), "--json").stdout


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"target": 0.99}, "not reachable: the limit is"),
        ({"budget": 1, "sources": [CROWD]}, "a budget of 0.97 for data buys 3 of"),
        ({"budget": 0, "sources": [CROWD]}, "buys nothing"),
        ({"sources": [CLICKS | {"click_rate": 1e-6}], "within": "1h"}, "within 0.0 days there are"),
        ({"sources": [CLICKS | {"click_rate": 0}]}, "no source gives a sample that is worth anything"),
        ({"sources": [CROWD | {"accuracy": 0.5}]}, "no source gives a sample that is worth anything"),
    ],
)
def test_what_cannot_be_had_is_an_answer(simulator, plan, changed, said):
    """A target above the limit, a budget that buys nothing, no clicks, labels by a coin: said, with exit code 0."""
    outcome = simulator("train", plan(**changed))
    assert outcome.code == 0
    assert said in " ".join(outcome.stdout.split())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"target": 1.5}, "expected"),
        ({"target": None}, "expected a target beside sources"),
        ({"ranker": "mpl"}, "did you mean mlp?"),
        ({"ranker": "word2vec"}, "expected one whose learning curve the profile default has"),
        ({"rankers": "sklearn_ranker:Own"}, "expected rankers whose steps the training profile default has"),
        ({"profile": "nowhere.json"}, "expected a training profile, got none"),
        ({"curve": {"file": "nowhere.csv"}}, "nowhere.csv: cannot be read"),
        ({"sources": [CLICKS | {"price": 3}]}, "expected no price of a source of kind online"),
        ({"sources": [{"name": "a", "kind": "prompt", "share": 0.1}]}, "expected answer_rate of a source of kind prom"),
        ({"sources": [CLICKS, CLICKS]}, "expected a name of its own for each source"),
        ({"sources": [{"name": "a", "kind": "online", "qps": 1}]}, "add click_rate: or a bias section to simulate it"),
        ({"sources": [{"name": "a", "kind": "online", "click_rate": 0.1}]}, "expected qps of a source of kind online"),
    ],
)
def test_mistakes_are_told(simulator, plan, changed, said):
    """What is wrong, where, and what to do; exit code 2 and nothing on stdout."""
    outcome = simulator("train", plan(**changed))
    assert (outcome.code, outcome.stdout) == (2, "")
    assert said in " ".join(outcome.stderr.split())


def test_a_file_without_training_says_what_to_add(simulator, small):
    """A scenario that only serves has nothing to train."""
    outcome = simulator("train", small())
    assert outcome.code == 2
    assert "add training: {ranker: two_tower}" in outcome.stderr


def test_runs_of_ones_own_make_the_curve(simulator, plan, tmp_path):
    """Errors of 0.1 + n^-0.5 with a little luck: the limit and the samples for 0.15 are found from the file."""
    rows = [f"{n},{0.1 + n**-0.5 + 0.001 * luck}" for n in (50, 100, 200, 400, 800, 1600) for luck in (-1, 0, 1)]
    (tmp_path / "runs.csv").write_text("\n".join(["samples,error", *rows]))
    outcome = simulator("train", plan(curve={"file": "runs.csv"}), "--json")
    curve = json.loads(outcome.stdout)["learning_curve"]
    assert curve["limit"]["low"] <= 0.1 <= curve["limit"]["high"]
    assert curve["needed"]["samples"]["low"] <= 400 <= curve["needed"]["samples"]["high"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n,error\n1,2\n", "runs.csv:1: expected columns samples and error, got n, error"),
        ("samples,error\n10,0.5\nmany,0.4\n", "runs.csv:3: samples: expected a number of at least 1, got 'many'"),
        ("samples,error\n10,0.5\n10,0.4\n20,0.3\n20,0.2\n", "got 2; three parameters go through three points"),
    ],
)
def test_a_file_that_holds_no_curve_is_refused(simulator, plan, tmp_path, text, said):
    """Other columns, words, fewer than four numbers of samples: the place, what was expected, what was got."""
    (tmp_path / "runs.csv").write_text(text)
    outcome = simulator("train", plan(curve={"file": "runs.csv"}))
    assert outcome.code == 2
    assert said in " ".join(outcome.stderr.split())


def test_a_report_of_training_alone(simulator, plan, tmp_path):
    """A page with the answer, the plots, the tables and the JSON of the command."""
    outcome = simulator("report", plan(), "-o", tmp_path / "out")
    assert outcome.code == 0
    folder = tmp_path / "out" / "plan"
    assert {path.name for path in folder.glob("plots/*.svg")} == {"cluster.svg", "learning_curve.svg", "sources.svg"}
    assert "two_tower reaches 0.85 with" in (folder / "report.md").read_text()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads((folder / "training.json").read_text()))


def test_training_steps_are_measured_here(simulator, plan, tmp_path):
    """A profile of two rankers in seconds, which the next plan is made with."""
    profile = tmp_path / "mine.json"
    outcome = simulator(
        "calibrate", "--training", "logistic", "two_tower", "--budget", "15s", "--out", profile, "--json"
    )
    assert outcome.code == 0
    found = TrainingProfile.model_validate_json(json.dumps(json.loads(outcome.stdout)["profile"]))
    assert list(found.rankers) == ["logistic", "two_tower"]
    assert found.rankers["two_tower"].step.at(256) > found.rankers["logistic"].step.at(256) > 0
    asked = plan(profile=str(profile), rankers=["logistic", "two_tower"])
    assert json.loads(simulator("train", asked, "--json").stdout)["provenance"]["training_profile"] == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--curves",), "--curves: expected --training beside it"),
        (("--training", "mpl"), "expected one whose steps are known"),
        (("--training", "logistic", "--budget", "1ms"), "--budget: 0.001s does not suffice for steps of"),
    ],
)
def test_measurements_that_cannot_be_are_refused(simulator, tmp_path, options, said):
    """No such ranker, no time, or half of what belongs together."""
    outcome = simulator("calibrate", *options, "--out", tmp_path / "x.json")
    assert outcome.code == 2
    assert said in " ".join(outcome.stderr.split())
    assert not (tmp_path / "x.json").exists()
