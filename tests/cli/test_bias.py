"""`simulator bias`, and `simulator report` of what it says, as a user calls them."""

import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

import simulator as package
from simulator.data.fetch import cached

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(package.__file__).parent / "report"
BIAS = {
    "users": 60,
    "items": 40,
    "slots": 4,
    "steps": 12,
    "replications": 3,
    "arms": [{"name": "none"}, {"name": "some", "exploration": "10%", "weights": {"clip": 100}}],
}
EXPERIMENT = {"control": "none", "treatment": "some", "start": 4}
EXPERIMENTS = {"ab_test": EXPERIMENT | {"shared_log": True, "looks": 2}, "holdout": EXPERIMENT | {"control_share": 0.2}}
WEIGHTED = [{"name": "a", "exploration": "1%", "weights": {"clip": 2}}]


@pytest.fixture
def study(tmp_path):
    """Write a small file that asks about bias alone, with keys of its bias section changed, and return its path."""

    def write(**changed):
        path = tmp_path / "loop.yaml"
        path.write_text(json.dumps({"name": "loop", "question": "Who is shown?", "bias": BIAS | changed}))
        return path

    return write


def words(text: str) -> str:
    """A text with single spaces, as tables and sentences wrap."""
    return " ".join(text.split())


def validator() -> jsonschema.Draft202012Validator:
    """A validator of bias.schema.json, which refers to run.schema.json beside it."""
    schemas = {name: json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("run", "bias")}
    registry = Registry().with_resource("run.schema.json", Resource.from_contents(schemas["run"]))
    return jsonschema.Draft202012Validator(schemas["bias"], registry=registry)


def test_it_prints_tables_and_the_answer(simulator, study):
    """Who is shown, what exploration costs, both experiments and the answer, within 80 columns; nothing is cut off."""
    outcome = simulator("bias", study(**EXPERIMENTS))
    assert outcome.code == 0
    for said in ("Who is shown", "What exploration costs", "A/B test", "Holdout", "False alarms", "Position bias"):
        assert said in outcome.stdout
    assert "The A/B test of some against none sees" in words(outcome.stdout)
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "…" not in outcome.stdout
    assert "its log cannot say what lists of other items would bring" in words(outcome.stderr)


def test_long_names_wrap(simulator, study):
    """Seven arms with names of thirty letters stay within 80 columns, and no letter is lost."""
    names = [f"{letter * 30}" for letter in "abcdefg"]
    outcome = simulator("bias", study(arms=[{"name": name, "exploration": "50%"} for name in names]), "--quiet")
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "…" not in outcome.stdout
    assert outcome.stdout.count("g") >= 3 * 30
    assert outcome.stderr == ""


@pytest.mark.parametrize(
    "changed",
    [{}, EXPERIMENTS, {"new_items": 1, "half_life": 5}, {"replications": 1, "examination": {"model": "cascade"}}],
    ids=["arms", "experiments", "new items", "one replication"],
)
def test_json_is_one_document_of_the_schema(simulator, study, changed):
    """With --json stdout is one document that validates, whatever the section asks."""
    validator().validate(simulator("bias", study(**changed), "--json").document)


def test_the_same_call_gives_the_same_bytes(simulator, study, tmp_path):
    """Two runs of one file are equal byte by byte, on stdout or in a file; another seed gives other numbers."""
    arguments = ("bias", study(**EXPERIMENTS), "--json", "--quiet")
    first = simulator(*arguments)
    assert simulator(*arguments).stdout == first.stdout
    written = simulator(*arguments, "--out", "found.json")
    assert (written.code, written.stdout) == (0, "")
    assert (tmp_path / "found.json").read_text() == first.stdout
    other = simulator(*arguments, "--seed", "2").document
    assert (other["seed"], other["provenance"]["overrides"]) == (2, {"seed": "2"})
    assert other["arms"] != first.document["arms"]


def test_beside_a_funnel_a_day_of_logging_is_said(simulator, small):
    """100 queries a second with 4 places are 34.56 million rows a day; a tenth of some's are random."""
    outcome = simulator("bias", small(bias=BIAS | {"logging": {"wanted_rows": 3_456_000}}), "--json")
    validator().validate(outcome.document)
    none, some = outcome.document["logging"]
    assert (none["rows"], none["days"]) == (34_560_000, None)
    assert (some["random_rows"], some["days"]) == (3_456_000, 1.0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("bias.arms.1.exploration=130%", "a share from 0% to 100%"),
        ("bias.arms.1.exploration=-0.01", "a share from 0% to 100%"),
        ("bias.slots=41", "expected at least as many items as slots, 41; got 40 items: lower bias.slots"),
        ("bias.arms.1.weights.clip=1e400", "bias.arms.1.weights.clip"),
        ("bias.ab_test.control_share=0", "expected traffic for both arms, a share above 0% and below 100%"),
        ("bias.holdout.treatment=sme", "expected the name of an arm, got 'sme' (did you mean some?)"),
        ("bias.ab_test.start=12", "expected a start before the last of 12 steps, got 12"),
        ("bias.holdout.control_share=0.1%", "fewer than two users"),
        ("bias.replications=10000000", "bias.replications"),
        ("bias.recomender=random", "did you mean recommender?"),
    ],
)
def test_what_cannot_be_simulated_is_refused(simulator, study, setting, said):
    """Shares, sizes and arms that cannot be end with 2, one message and nothing on stdout."""
    outcome = simulator("bias", study(**EXPERIMENTS), "--set", setting)
    assert outcome.code == 2
    assert said in words(outcome.stderr)
    assert (outcome.stdout, outcome.stderr.count("Traceback")) == ("", 0)


def test_weights_that_overflow_are_clipped_and_said(simulator, study):
    """Where a weight passes the clip the log teaches with a bias, and a warning says so."""
    outcome = simulator("bias", study(arms=WEIGHTED))
    assert outcome.code == 0
    assert "a: weights reach the clip of 2: what is learnt is biased" in words(outcome.stderr)


def test_too_large_is_refused_with_an_estimate(simulator, study):
    """A world that memory would not hold ends with 5 and says what it would take."""
    outcome = simulator("bias", study(users=1_000_000, replications=1000))
    assert outcome.code == 5
    assert "GB" in outcome.stderr


def test_other_commands_say_what_to_do(simulator, study, small):
    """A file with nothing to serve is sent from run to bias, and one without a bias section is told what to add."""
    served = simulator("run", study())
    assert (served.code, "simulator bias" in served.stderr) == (2, True)
    asked = simulator("bias", small())
    assert (asked.code, "expected a bias section, got none; add bias:" in words(asked.stderr)) == (2, True)


def test_a_log_of_ones_own_is_judged(simulator, study, tmp_path):
    """A CSV log is judged and reported: its document validates, tables fit; a column that is not there is named."""
    rows = [f"{int(i % 5 == 0)},{0.5 if i % 2 else 0.1},0.3" for i in range(200)]
    (tmp_path / "log.csv").write_text("\n".join(["click,target,propensity", *rows]))
    path = tmp_path / "logged.yaml"
    path.write_text(json.dumps({"name": "logged", "question": "What?", "bias": {"log": {"file": "log.csv"}}}))
    document = simulator("bias", path, "--json").document
    validator().validate(document)
    assert document["rows"] == 200
    outcome = simulator("bias", path)
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "The policy earns" in words(outcome.stdout)
    assert simulator("report", path, "-o", "reports", "--quiet").code == 0
    assert "The policy earns" in (tmp_path / "reports" / "logged" / "report.md").read_text()
    missing = simulator("bias", path, "--set", "bias.log.reward=bought")
    assert (missing.code, "no column bought" in words(missing.stderr)) == (2, True)


def test_a_report_of_bias_alone(simulator, study, tmp_path):
    """The report holds question, answer, JSON, CSV and plots, and nothing of serving; the same call gives the same."""
    outcome = simulator("report", study(**EXPERIMENTS), "-o", "one", "--quiet")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert words(outcome.stdout).startswith("one/loop/index.html The A/B test of some against none sees")
    folder = tmp_path / "one" / "loop"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
    plots = {f"plots/{name}.{kind}" for name in ("effect", "bias_course", "exposure") for kind in ("svg", "png")}
    assert names == {"index.html", "report.md", "bias.json", "bias.csv"} | plots
    page = (folder / "index.html").read_text()
    assert "<h1>Who is shown?</h1>" in page
    assert "The A/B test of some against none sees" in page
    assert page.count("<svg ") == 3
    validator().validate(json.loads((folder / "bias.json").read_text()))
    simulator("report", study(**EXPERIMENTS), "-o", "two", "--quiet")
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "two" / "loop" / name).read_bytes(), name


def test_a_report_of_both(simulator, small, tmp_path):
    """Beside a funnel the answer about bias opens the report, and serving follows it."""
    arms = [{"name": name, "exploration": share} for name, share in (("a", 0), ("b", "5%"), ("c", "50%"))]
    outcome = simulator("report", small(bias=BIAS | {"arms": arms}), "-o", "reports", "--quiet")
    assert outcome.code == 0
    text = (tmp_path / "reports" / "small" / "report.md").read_text()
    opening = text.split("##", maxsplit=1)[0]
    assert "of random traffic brings" in opening
    assert "Serving: Yes: at 100 QPS p99 is" in opening
    for said in ("plots/exploration.svg", "plots/worth.svg", "Logging at the scenario's load", "## Objectives"):
        assert said in text


@pytest.mark.parametrize("world", ["movielens-100k", "open-bandit"])
def test_real_data_is_simulated_or_judged(simulator, world):
    """Popular first among real films, and what one shop's policy would earn by the log of the other."""
    if cached(world) is None:
        pytest.skip(f"{world} is not in the cache: simulator data get {world}")
    settings = ["--set", f"bias.world={world}", "--set", "bias.steps=4", "--set", "bias.replications=2"]
    outcome = simulator("bias", ROOT / "scenarios" / "popular_first.yaml", *settings, "--json")
    validator().validate(outcome.document)
    if world == "movielens-100k":
        assert (outcome.document["users"], outcome.document["items"]["start"]) == (943, 1682)
    else:
        assert [one["name"] for one in outcome.document["campaigns"]] == ["all", "men", "women"]
        assert "the largest weight is 21,739" in words(outcome.stderr)
