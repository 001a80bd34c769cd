"""Two thousand mutated scenarios: each is read, or refused in words with a line; none ends in a traceback."""

import random
import re
from pathlib import Path

import pytest

from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.errors import InputError, ScenarioError
from simulator.scenario.load import load_study
from simulator.scenario.model import Scenario

ROOT = Path(__file__).parents[3]
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "scenarios").glob("*.yaml"))}
PARTS, EACH = 20, 100
NUMBERS = ("nan", ".inf", "-1", "0", "1e400", "-0.0", "9" * 22, "1e-320", "0x10", "010", "1:2:3", "101%", "5ms", "-5ms")
SIGNS = ("null", "~", "''", "[]", "{}", "[[]]", "{a:", "-", ":", "?", "!", "!!python/none", "!!binary", "&a", "*a")
WORDS = ("true", "p99", "2020-01-01", "a:B", "../../../etc/passwd", "default", "constant", "closed", "trace", "daily")
HOSTILE = (*NUMBERS, *SIGNS, *WORDS, "\u2028", "\ufeff", "\U0001f600")
CHANGES = ("cut", "doubled", "swapped", "replaced", "replaced", "replaced", "shifted", "inserted", "renamed")
PLACE = re.compile(r"(--set .*|[^:]+:\d+:\d+)")


def mutated(luck: random.Random) -> str:
    """One shipped scenario after one to four random changes."""
    text = luck.choice(list(TEXTS.values()))
    for _ in range(luck.randint(1, 4)):
        text = luck.choice([cut, doubled, swapped, replaced, replaced, replaced, shifted, inserted, renamed])(
            text, luck
        )
    return text


def cut(text: str, luck: random.Random) -> str:
    """Without one line, or without all that follows a letter."""
    lines = text.splitlines(keepends=True)
    if luck.random() < 0.2:
        return text[: luck.randrange(len(text) + 1)]
    del lines[luck.randrange(len(lines)) : luck.randrange(len(lines)) + 1]
    return "".join(lines)


def doubled(text: str, luck: random.Random) -> str:
    """With one line twice."""
    lines = text.splitlines(keepends=True) or [""]
    at = luck.randrange(len(lines))
    return "".join([*lines[:at], lines[at], *lines[at:]])


def swapped(text: str, luck: random.Random) -> str:
    """With two lines in each other's place."""
    lines = text.splitlines(keepends=True) or [""]
    one, other = (luck.randrange(len(lines)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def replaced(text: str, luck: random.Random) -> str:
    """With another value in place of one."""
    values = list(re.finditer(r"(?<=: )[^\s,{}\[\]#]+", text))
    if not values:
        return text
    at = luck.choice(values)
    return text[: at.start()] + luck.choice(HOSTILE) + text[at.end() :]


def shifted(text: str, luck: random.Random) -> str:
    """With one line further in."""
    lines = text.splitlines(keepends=True) or [""]
    at = luck.randrange(len(lines))
    lines[at] = luck.choice([" ", "  ", "\t", "- "]) + lines[at]
    return "".join(lines)


def inserted(text: str, luck: random.Random) -> str:
    """With something hostile anywhere."""
    at = luck.randrange(len(text) + 1)
    return text[:at] + luck.choice([*HOSTILE, "\0", "\x07", "\n", "{" * 60, "[" * 60, "9" * 400]) + text[at:]


def renamed(text: str, luck: random.Random) -> str:
    """With one key called as another."""
    keys = list(re.finditer(r"\b[a-z_]+(?=:)", text))
    if not keys:
        return text
    one, other = luck.choice(keys), luck.choice(keys)
    return text[: one.start()] + other.group() + text[one.end() :]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_scenario_is_read_or_refused_with_a_line(tmp_path, part):
    """Whatever a scenario was changed to, each of its problems says where it is; what is read becomes a plan."""
    luck = random.Random(part)
    profile, path = load_profile("default"), tmp_path / "mutated.yaml"
    read, problems, refusals = 0, [], []
    for _ in range(EACH):
        path.write_text(mutated(luck), encoding="utf-8")
        try:
            study = load_study(path, allow_path=[ROOT / "scenarios"])
        except ScenarioError as error:
            problems.append(error.problems)
            continue
        read += 1
        if isinstance(study, Scenario):
            try:
                resolve(study, profile)
            except InputError as error:
                refusals.append(str(error))
    assert read > 0
    assert len(problems) > 0
    assert all(problems)
    assert [problem for of_one in problems for problem in of_one if not PLACE.fullmatch(problem.place)] == []
    assert all(refusals)
