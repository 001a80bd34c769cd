"""The documentation runs: every command of its pages works as it stands; what can be made from the code is."""

import json
import re
import shlex
from pathlib import Path

import pytest

import simulator as package
from simulator.cli.help_ import TOPICS
from simulator.docs.reference import reference_text
from tests.examples import GROUPS, PAGE, SCENARIOS, examples_text

DOCS = Path(package.__file__).parent / "docs"
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "commands"), [("tutorial", 9), ("guides", 19)])
def test_a_page_runs_as_it_stands(simulator, tmp_path, monkeypatch, page, commands):
    """Its files are written and its commands called in order; each ends with the code that the page expects."""
    monkeypatch.chdir(tmp_path)
    ran = 0
    for language, told, body in BLOCK.findall((DOCS / f"{page}.md").read_text()):
        options = dict(re.findall(r"(\w+)=(\S+)", told))
        if "file" in options:
            (tmp_path / options["file"]).write_text(body)
            continue
        if language == "python":
            exec(body, {"print": str})  # noqa: S102  our own page
            continue
        for line in body.strip().splitlines():
            line, _, place = line.partition(" > ")  # noqa: PLW2901  as a shell does
            command, *arguments = shlex.split(line)
            assert command == "simulator"
            outcome = simulator(*arguments)
            expected = {int(code) for code in options.get("exit", "0").split(",")}
            assert outcome.code in expected, (line, outcome.stderr)
            if place:
                (tmp_path / place).write_text(outcome.stdout)
            ran += 1
    assert ran == commands


def test_the_examples_are_the_scenarios_and_their_reports():
    """Every scenario has its example: write `python -m tests.examples` after a scenario or its report has changed."""
    grouped = [name for names in GROUPS.values() for name in names.split()]
    assert sorted(grouped) == sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    assert PAGE.read_text() == examples_text()


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
    assert "tutorial, guides, examples, model, reference" in outcome.stderr


def test_the_readme_api_example_runs(tmp_path, monkeypatch):
    """README's Python example runs as it stands in the repository's folder."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    (code,) = [body for language, _, body in BLOCK.findall((root / "README.md").read_text()) if language == "python"]
    names: dict = {}
    exec(code, names)  # noqa: S102  our own README
    assert json.dumps(names["run"].document)
