"""README against the product: what it shows is what there is."""

import re
from pathlib import Path

import pytest

from simulator.cli.app import make_app, top_level_help
from simulator.scenario.load import load_study, parse_scenario

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TABLE = re.compile(r"(?<=-->\n)\| command.*?(?=\n<!-- end of commands)", re.DOTALL)


def command_table() -> str:
    """The table of commands, made from the commands themselves."""
    app = make_app()
    commands = {info.name: info.callback.__doc__.strip() for info in app.registered_commands}
    groups = {info.name: info.typer_instance.info.help for info in app.registered_groups}
    lines = [f"| `simulator {name}` | {text.splitlines()[0]} |" for name, text in (commands | groups).items()]
    return "\n".join(["| command | what it does |", "|---|---|", *lines])


def test_the_command_table_is_the_commands():
    """README's table names every command with the first line of its help."""
    assert TABLE.search(README)[0] == command_table()


def test_the_help_file_is_the_help():
    """The text that `simulator --help` shows without loading anything is what the commands would say."""
    assert (ROOT / "simulator" / "cli" / "help.txt").read_text() == top_level_help()


def test_the_scenario_shown_is_a_scenario():
    """README's example is a valid scenario."""
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1]
    assert parse_scenario(text).name == "my-search"


def test_every_path_shown_is_there():
    """Every file that README links to exists."""
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link}
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_scenario_has_its_report(path):
    """Each scenario is committed with a report in the folder of its name, and asks a question."""
    scenario = load_study(path)
    assert scenario.question.endswith("?")
    assert (ROOT / "reports" / scenario.name / "report.md").exists()
