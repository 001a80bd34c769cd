"""`simulator size` as a user calls it."""

import json
from pathlib import Path

import jsonschema
import pytest

import simulator as package

SCHEMA = json.loads((Path(package.__file__).parent / "report" / "size.schema.json").read_text())
ONE = {"stages": {"first": {"shards": 3, "replicas": "1-3", "workers": "1-4"}}}
SLA = {"qps": 100, "objectives": ["p99 < 50ms"]}


def words(text: str) -> str:
    """A text with single spaces, as tables and sentences wrap."""
    return " ".join(text.split())


def test_it_prints_the_winner_and_why(simulator, small):
    """Space, what was skipped and tried, the winner, why it won and the assumptions, within 80 columns; exit code 0."""
    outcome = simulator("size", small(size=ONE), "--survive", "1", "--headroom", "30%")
    assert outcome.code == 0
    text = words(outcome.stdout)
    for said in (
        "no spare: no replica left once one is lost",
        "6 workers: first 3x2x1",
        "at 130 QPS (the SLA's and 30% headroom) after the loss of one replica of every shard of a stage",
        "with fewer workers 1 no spare",
        "first: replicas lost",
        "memory of a machine is not modelled",
    ):
        assert said in text
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_it_prints_one_document(simulator, small):
    """With --json stdout is one document of the shipped schema, with the options and settings that made it."""
    outcome = simulator("size", small(size=ONE), "--json", "--headroom", "0.3", "--set", "funnel.first.shards=2")
    document = outcome.document
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (outcome.code, document["headroom"], document["target_qps"]) == (0, 0.3, 130.0)
    assert document["provenance"]["overrides"] == {"funnel.first.shards": "2"}
    assert document["design"] == [{"name": "first", "shards": 3, "replicas": 1, "workers": 1, "total_workers": 3}]


def test_the_engines_give_the_same_answer(simulator, small):
    """The SimPy engine finds the same design by the same steps, with the same numbers."""
    found = [
        simulator("size", small(size=ONE), "--json", "--engine", engine).document for engine in ("compiled", "simpy")
    ]
    assert [document.pop("engine") for document in found] == ["compiled", "simpy"]
    assert found[0] == found[1]


def test_a_target_met_nowhere_ends_with_3(simulator, small):
    """Where no design will do the exit code is 3, with the nearest miss and what would help."""
    outcome = simulator("size", small(sla=SLA | {"objectives": ["p99 < 1ms"]}, size=ONE))
    assert outcome.code == 3
    text = words(outcome.stdout)
    assert "Nearest miss: first: 3 shards take" in text
    assert "What would help: shorter calls of first" in text
    assert max(map(len, outcome.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "sla.objectives=[]"], "add objectives: [p99 < 500ms]"),
        (["--headroom", "much"], "--headroom: expected a share such as 30% or 0.3, got 'much'"),
        (["--headroom=-5%"], "--headroom"),
        (["--survive=-1"], "--survive: expected a whole number of at least 0, got -1"),
        (["--set", "size.stages.frist.workers=2"], "did you mean first?"),
        (["--set", "size.stages.first.workers=4-2"], "expected a range that rises, got '4-2'"),
        (["--set", "size.stages.first.wokers=4"], "did you mean workers?"),
        (["--set", "size.stages.first.workers=[]"], "got an empty list"),
    ],
)
def test_what_cannot_be_sized_is_refused(simulator, small, arguments, said):
    """An SLA without objectives, options out of range and choices that cannot be read end with 2 and one message."""
    outcome = simulator("size", small(), *arguments)
    assert outcome.code == 2
    assert said in words(outcome.stderr)
    assert outcome.stdout == ""
