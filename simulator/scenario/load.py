"""Reading a scenario file: YAML becomes plain data with places, then a validated Scenario, or all its problems.

The only module that knows YAML. Its events are read one by one, so neither depth nor aliases can exhaust anything, and
plain words are resolved by our rules instead of YAML 1.1's: `no` is a word, `010` and `12:30:45` are no numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml
from pydantic import ValidationError

from simulator.errors import InputError, Problem, ScenarioError
from simulator.scenario.checks import cross_check, take_out_unsupported
from simulator.scenario.model import Scenario
from simulator.scenario.overrides import apply_overrides
from simulator.scenario.problems import problems_of
from simulator.scenario.source import Path, Source, shown_path

__all__ = ["load_scenario", "parse_scenario"]

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 1_000_000, 50, 100_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*(?:_\d+)*)")
_FLOAT = re.compile(r"[+-]?(?:\d+(?:_\d+)*\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def load_scenario(path: str | FilePath, overrides: Sequence[str] = ()) -> Scenario:
    """Return the scenario in the file at `path` with `overrides` ("PATH=VALUE") applied.

    Raises
    ------
    InputError
        If the file cannot be read.
    ScenarioError
        If it is no scenario; holds every problem, in the file's order.
    """
    path = FilePath(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; give the path of a scenario, such as scenarios/web_search.yaml"
        ) from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: a folder; give a scenario file in it") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: {len(content):,} bytes; a scenario has at most {MAX_BYTES:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); a scenario is a YAML text file") from error
    return parse_scenario(text, str(path), overrides, path.parent)


def parse_scenario(
    text: str, name: str = "<text>", overrides: Sequence[str] = (), folder: FilePath | None = None
) -> Scenario:
    """Return the scenario written in `text`.

    Parameters
    ----------
    name
        What problems call the text.
    overrides
        "PATH=VALUE" settings, applied in order before anything is validated.
    folder
        Where relative paths inside the scenario start; the working folder unless given.

    Raises
    ------
    ScenarioError
        If it is no scenario; holds every problem, in the text's order.
    """
    source, problems = _read(text, name)
    if not isinstance(source.data, dict):
        got = (
            "an empty file" if source.data is None else "a list" if isinstance(source.data, list) else "a single value"
        )
        problems.append(
            (
                source.position(()),
                Problem(source.place(()), "", f"expected a mapping of keys such as name: and funnel:, got {got}"),
            )
        )
        raise _all(problems)
    placed = apply_overrides(source, overrides, _read_value) + take_out_unsupported(source)
    scenario = None
    try:
        scenario = Scenario.model_validate(source.data, context={"folder": folder or FilePath()})
    except ValidationError as error:
        placed += problems_of(error, source)
    if scenario is not None:
        placed += cross_check(scenario)
    problems += [(source.position(found.path), found.problem(source)) for found in placed]
    if problems or scenario is None:
        raise _all(problems)
    return scenario


def _all(problems: list[tuple[tuple[int, int], Problem]]) -> ScenarioError:
    """Return the error that holds all problems in the file's order."""
    return ScenarioError([problem for _, problem in sorted(problems, key=lambda found: found[0])])


Problems = list[tuple[tuple[int, int], Problem]]


@dataclass
class _Node:
    """A value on its way from events to plain data."""

    mark: tuple[int, int]
    value: Any = None
    kind: str = "scalar"
    items: list["_Node"] = field(default_factory=list)
    open: bool = False


def _read(text: str, name: str) -> tuple[Source, Problems]:
    """Return a text as plain data with places, and the problems of its keys; raises ScenarioError if it is no YAML."""
    source, problems = Source(name), Problems()
    try:
        root = _build(text, source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ScenarioError([Problem(place, "", f"expected YAML, got something else: {reason}")]) from error
    if root is not None:
        source.data = _plain(root, (), source, problems, [0])
    return source, problems


def _build(text: str, source: Source) -> _Node | None:
    """Return the tree of a text's only document, None of an empty one."""
    anchors: dict[str, _Node] = {}
    stack: list[_Node] = []
    root: _Node | None = None
    documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refusal(source, mark, "one document, got a second after ---")
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop().open = False
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, mark, anchors, source)
            if stack:
                stack[-1].items.append(node)
            else:
                root = node
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(node)
                if len(stack) > MAX_DEPTH:
                    raise _refusal(source, mark, f"at most {MAX_DEPTH} levels of nesting, got more")
    return root


def _node(event: yaml.NodeEvent, mark: tuple[int, int], anchors: dict[str, _Node], source: Source) -> _Node:
    """Return the node that an event begins, or the one that an alias stands for."""
    if isinstance(event, yaml.AliasEvent):
        target = anchors.get(event.anchor)
        if target is None or target.open:
            raise _refusal(source, mark, f"an alias of something finished before it, got *{event.anchor}")
        return target
    if getattr(event, "tag", None) not in (None, "!"):
        raise _refusal(source, mark, f"no tags, got {event.tag}")
    if isinstance(event, yaml.ScalarEvent):
        plain = event.implicit[0] and event.style in (None, "")
        node = _Node(mark, _word(event.value) if plain else event.value)
    else:
        node = _Node(mark, kind="mapping" if isinstance(event, yaml.MappingStartEvent) else "list", open=True)
    if event.anchor:
        anchors[event.anchor] = node
    return node


def _refusal(source: Source, mark: tuple[int, int], expected: str) -> ScenarioError:
    """Return the error of a text that is not read to its end."""
    return ScenarioError([Problem(f"{source.file}:{mark[0]}:{mark[1]}", "", f"expected {expected}")])


def _word(text: str) -> Any:  # noqa: ANN401  a scalar of any kind
    """Return what a plain word means: null, true or false, a decimal number, else the word itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and not re.match(r"[+-]?0\d", text) else text


def _plain(node: _Node, path: Path, source: Source, problems: Problems, count: list[int]) -> Any:  # noqa: ANN401
    """Return a node as plain data, noting places; `count` adds up the values, aliases each time they are used."""
    count[0] += 1
    if count[0] > MAX_VALUES:
        raise _refusal(source, node.mark, f"at most {MAX_VALUES:,} values once aliases are filled in, got more")
    source.values[path] = node.mark
    if node.kind == "list":
        return [_plain(item, (*path, i), source, problems, count) for i, item in enumerate(node.items)]
    if node.kind == "scalar":
        return node.value
    mapping: dict[str, Any] = {}
    for key, item in zip(node.items[::2], node.items[1::2], strict=True):
        if key.kind != "scalar" or not isinstance(key.value, str):
            found = Problem(
                f"{source.file}:{key.mark[0]}:{key.mark[1]}",
                shown_path({}, path),
                f"expected a word as key, got {key.value!r}",
            )
            problems.append((key.mark, found))
            continue
        here = (*path, key.value)
        if key.value in mapping:
            first = source.keys[here][0]
            found = Problem(
                f"{source.file}:{key.mark[0]}:{key.mark[1]}",
                shown_path({}, here),
                f"expected each key once, got {key.value!r} again (first in line {first})",
                "remove one",
            )
            problems.append((key.mark, found))
            continue
        source.keys[here] = key.mark
        mapping[key.value] = _plain(item, here, source, problems, count)
    return mapping


def _read_value(text: str, name: str) -> Any:  # noqa: ANN401  a value of any kind
    """Return the value of an override, read as in a file."""
    source, problems = _read(text, name)
    if problems:
        raise _all(problems)
    return source.data
