"""The committed reports against the code: what they say is what the scenarios give today."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.capacity.run import run_scenario
from simulator.report.document import run_document
from simulator.report.sentence import answer_sentence
from simulator.scenario.load import load_scenario

ROOT = Path(__file__).parents[3]


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every number and word of a document by its path."""
    if isinstance(value, dict):
        return {key: leaf for name, part in value.items() for key, leaf in leaves(part, f"{path}.{name}").items()}
    if isinstance(value, list):
        return {key: leaf for i, part in enumerate(value) for key, leaf in leaves(part, f"{path}.{i}").items()}
    return {path: value}


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.name)
def test_committed_reports_are_what_the_scenarios_give(path):
    """Each committed report holds the numbers of a fresh run, to nine digits, and its sentence."""
    scenario = load_scenario(path)
    folder = ROOT / "reports" / scenario.name
    answer = run_scenario(scenario)
    committed = leaves(json.loads((folder / "report.json").read_text()) | {"provenance": None})
    fresh = leaves(run_document(answer, {}) | {"provenance": None})
    assert committed.keys() == fresh.keys()
    for name, value in fresh.items():
        expected = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
        assert committed[name] == expected, name
    assert answer_sentence(answer) in (folder / "report.md").read_text()
