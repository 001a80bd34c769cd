"""The documentation runs: every command of the tutorial works as it stands, and the reference is the schema's."""

import json
import re
import shlex
from pathlib import Path

import pytest

import simulator as package
from simulator.cli.help_ import TOPICS
from simulator.docs.reference import reference_text

DOCS = Path(package.__file__).parent / "docs"
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_runs_as_it_stands(simulator, tmp_path):
    """Its files are written and its commands called in order; each ends with the code that the page expects."""
    ran = 0
    for language, told, body in BLOCK.findall((DOCS / "tutorial.md").read_text()):
        options = dict(re.findall(r"(\w+)=(\S+)", told))
        if language == "yaml":
            (tmp_path / options["file"]).write_text(body)
            continue
        for line in body.strip().splitlines():
            command, *arguments = shlex.split(line)
            assert command == "simulator"
            outcome = simulator(*arguments)
            expected = {int(code) for code in options.get("exit", "0").split(",")}
            assert outcome.code in expected, (line, outcome.stderr)
            ran += 1
    assert ran >= 8
    assert (tmp_path / "reports" / "funnel" / "index.html").exists()


def test_the_reference_is_made_from_the_schema():
    """The shipped reference is what the schema says today: write simulator.docs.reference.reference_text() to it."""
    assert (DOCS / "reference.md").read_text() == reference_text()
    assert "`funnel[].speed`" in reference_text()


@pytest.mark.parametrize("topic", TOPICS)
def test_help_prints_each_topic(simulator, topic):
    """Each topic is printed as it is shipped."""
    assert simulator("help", topic).stdout == (DOCS / f"{topic}.md").read_text()


def test_an_unknown_topic_is_said(simulator):
    """Another topic is an error that names those there are."""
    outcome = simulator("help", "nothing")
    assert outcome.code == 2
    assert "tutorial, guides, model, reference" in outcome.stderr


def test_the_readme_api_example_runs(tmp_path, monkeypatch):
    """README's Python example runs as it stands in the repository's folder."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    (code,) = [body for language, _, body in BLOCK.findall((root / "README.md").read_text()) if language == "python"]
    names: dict = {}
    exec(code, names)  # noqa: S102  our own README
    assert json.dumps(names["run"].document)
