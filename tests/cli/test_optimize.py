"""`simulator optimize` as a user calls it."""

import json
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

import simulator as package

SCHEMAS = Path(package.__file__).parent / "report"
TRAINED = [{"name": "a", "ranker": "two_tower", "keep": 50}, {"name": "b", "ranker": "mlp", "keep": 20}]
SPACE = {"trials": 5, "stages": {"a": {"keep": [20, 50], "workers": 1}, "b": {"workers": [1, 2]}}}


@pytest.fixture
def trained(small):
    """A scenario whose stages have rankers, with a small space."""

    def write(**sections):
        return small(
            **{"funnel": TRAINED, "optimize": SPACE, "sla": {"qps": 100, "objectives": ["p99 < 50ms"]}} | sections
        )

    return write


def words(text: str) -> str:
    """A text with single spaces, as tables and sentences wrap."""
    return " ".join(text.split())


def validator() -> jsonschema.Draft202012Validator:
    """A validator of optimize.schema.json, which refers to run.schema.json beside it."""
    schemas = {name: json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("run", "optimize")}
    registry = Registry().with_resource("run.schema.json", Resource.from_contents(schemas["run"]))
    return jsonschema.Draft202012Validator(schemas["optimize"], registry=registry)


def test_it_prints_the_frontier(simulator, trained):
    """The points, how the search went and what to pick, within 80 columns; exit code 0."""
    outcome = simulator("optimize", trained(), "--journal", "j")
    assert outcome.code == 0
    assert "5 designs simulated" in words(outcome.stdout)
    assert "designs are worth choosing from at 100 QPS" in words(outcome.stdout)
    assert "Cheapest that meets the SLA" in words(outcome.stdout)
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "…" not in outcome.stdout


def test_it_prints_one_document_and_goes_on_from_its_journal(simulator, trained, tmp_path):
    """With --json stdout is one document of the schema; the same call again gives the same, from what it kept."""
    arguments = ("optimize", trained(prices={"worker_hour": 0.1}), "--journal", "j", "--json", "--trials", "4")
    first = simulator(*arguments).document
    validator().validate(first)
    assert first["search"]["trials"] == first["search"]["simulated"] == 4
    assert first["currency"] == "USD"
    begun = (tmp_path / "j").read_text().count('"datetime_start"')
    assert begun >= 4
    assert simulator(*arguments).document == first
    assert (tmp_path / "j").read_text().count('"datetime_start"') == begun


@pytest.mark.parametrize(
    ("objective", "code"), [("p99 < 50ms", 0), ("p99 < 1us", 3)], ids=["some design meets it", "none does"]
)
def test_the_exit_code_tells_whether_a_point_meets_the_sla(simulator, trained, objective, code):
    """0 if a point of the frontier meets every objective, 3 if none does."""
    asked = trained(sla={"qps": 100, "objectives": [objective]})
    assert simulator("optimize", asked, "--journal", "j", "--trials", "2").code == code


def test_a_load_that_no_design_bears_ends_with_4(simulator, trained):
    """Where every design is overloaded there is no frontier, and the exit code is 4."""
    outcome = simulator("optimize", trained(sla={"qps": 1_000_000}), "--journal", "j")
    assert outcome.code == 4
    assert "No design bears 1e+06 QPS" in words(outcome.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trials", "0"], "--trials"),
        (["--journal", "/dev/null/j"], "give another --journal"),
        (["--set", "optimize.stages.a.ranker=mpl"], "did you mean mlp?"),
        (["--set", "funnel.a.ranker=null", "--set", "funnel.a.cost=1ms"], "expected for every stage a ranker"),
    ],
)
def test_what_cannot_be_optimized_is_refused(simulator, trained, arguments, said):
    """Options out of range, a journal that cannot be, and stages without quality end with 2 and one message."""
    outcome = simulator("optimize", trained(), *arguments)
    assert outcome.code == 2
    assert said in words(outcome.stderr)
    assert outcome.stdout == ""
