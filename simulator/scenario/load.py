"""Reading a scenario file: YAML becomes plain data with places, then a validated Scenario, or all its problems.

The only module that knows YAML. Its events are read one by one, so neither depth nor aliases can exhaust anything, and
plain words are resolved by our rules instead of YAML 1.1's: `no` is a word, `010` and `12:30:45` are no numbers.
"""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path as FilePath
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from simulator.distributions.written import LONGEST_NUMBER, shown
from simulator.errors import InputError, Problem, ScenarioError
from simulator.scenario.checks import cross_check
from simulator.scenario.model import ALONE, Scenario, Study
from simulator.scenario.overrides import apply_overrides
from simulator.scenario.problems import problems_of
from simulator.scenario.section import Section
from simulator.scenario.source import Path, Source, shown_path

__all__ = [
    "load_as",
    "load_scenario",
    "load_study",
    "parse_scenario",
    "plain_data_of",
    "read_file",
    "read_value",
    "text_with",
]

Asked = TypeVar("Asked", bound=Section)
MAX_BYTES, MAX_DEPTH, MAX_VALUES = 1_000_000, 50, 10_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d*(?:_\d+)*)")
_FLOAT = re.compile(r"[+-]?(?:\d+(?:_\d+)*\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_REMEDIES = {"mapping values are not allowed in this context": "put text that holds ': ' in quotes"}


def load_scenario(path: str | FilePath, overrides: Sequence[str] = (), allow_path: Sequence[FilePath] = ()) -> Scenario:
    """Return the scenario in the file at `path` with `overrides` ("PATH=VALUE") applied.

    Files that it names lie in its own folder, or in one of `allow_path`.

    Raises
    ------
    InputError
        If the file cannot be read.
    ScenarioError
        If it is no scenario; holds every problem, in the file's order.
    """
    path = FilePath(path)
    return parse_scenario(read_file(path), str(path), overrides, path.parent, allow_path)


def load_study(path: str | FilePath, overrides: Sequence[str] = (), allow_path: Sequence[FilePath] = ()) -> Study:
    """Return what the file at `path` asks, whether or not it has a funnel to serve; otherwise as `load_scenario`."""
    path = FilePath(path)
    source, problems = _parsed(read_file(path), str(path))
    return _validated(source, problems, overrides, _context(path.parent, overrides, allow_path))


def load_as(path: str | FilePath, kind: type[Asked]) -> Asked:
    """Return what the file at `path` says as a `kind` of section; errors as of `load_scenario`."""
    path = FilePath(path)
    source, problems = _parsed(read_file(path), str(path))
    try:
        found = kind.model_validate(source.data, context={"folder": path.parent})
    except ValidationError as error:
        findings = problems_of(error, source)
        problems = [*problems, *((source.position(f.path, of_key=f.at_key), f.problem(source)) for f in findings)]
    if problems:
        raise ScenarioError([problem for _, problem in sorted(problems, key=_first)])
    return found


def read_file(path: FilePath) -> str:
    """Return the text of the scenario file at `path`; raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; give the path of a scenario, such as scenarios/web_search.yaml"
        ) from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: a folder; give a scenario file in it") from error
    except (OSError, ValueError) as error:  # a ValueError is a path with a null byte
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path}: cannot be read ({reason}); give a scenario file") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: over {MAX_BYTES:,} bytes; a scenario is smaller: give another file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); a scenario is a YAML text file") from error


def parse_scenario(
    text: str,
    name: str = "<text>",
    overrides: Sequence[str] = (),
    folder: FilePath | None = None,
    allow_path: Sequence[FilePath] = (),
    varied: Sequence[str] = (),
) -> Scenario:
    """Return the scenario written in `text`.

    Parameters
    ----------
    name
        What problems call the text.
    overrides
        "PATH=VALUE" settings, applied in order before anything is validated.
    folder
        Where files that the scenario names lie, and their relative paths start. A text without a folder is its
        caller's own: it may name files anywhere, from the working folder.
    allow_path
        Further folders in which such files may lie. Those that `overrides` name may lie anywhere.
    varied
        Settings applied after `overrides` that the scenario's own file wrote.

    Raises
    ------
    ScenarioError
        If it is no scenario; holds every problem, in the text's order.
    """
    source, problems = _parsed(text, name)
    context = _context(folder, overrides, allow_path)
    study = _validated(source, problems, [*overrides, *varied], context)
    if isinstance(study, Scenario):
        return study
    remedy = f"ask it: simulator {'bias' if study.bias else 'train' if study.training else 'diagnose'}"
    raise ScenarioError([Problem(source.place(()), "", "expected traffic and a funnel to serve, got neither", remedy)])


def plain_data_of(text: str, name: str = "<text>") -> Any:  # noqa: ANN401  plain data of any shape
    """Return the mapping that a text holds, not validated; raises ScenarioError where it is none, or has bad keys."""
    source, problems = _parsed(text, name)
    if problems:
        raise ScenarioError([problem for _, problem in sorted(problems, key=_first)])
    return source.data


def text_with(text: str, overrides: Sequence[str], name: str = "<text>") -> str:
    """Return a scenario's text with "PATH=VALUE" settings in it; comments are lost where there are any settings."""
    if not overrides:
        return text
    source, problems = _parsed(text, name)
    findings = apply_overrides(source, overrides, read_value)
    problems = [*problems, *((source.position(f.path, of_key=f.at_key), f.problem(source)) for f in findings)]
    if problems:
        raise ScenarioError([problem for _, problem in sorted(problems, key=_first)])
    return str(yaml.safe_dump(source.data, sort_keys=False, allow_unicode=True))


def _parsed(text: str, name: str) -> tuple[Source, "Problems"]:
    """Return a text as a mapping with places, and the problems of its keys; raises ScenarioError if it is none."""
    source, problems = _read(text, name)
    if not isinstance(source.data, dict):
        got = "a list" if isinstance(source.data, list) else "nothing" if source.data is None else "a single value"
        expected = f"expected a mapping of keys such as name: and funnel:, got {got}"
        raise ScenarioError([*map(_second, problems), Problem(source.place(()), "", expected)])
    return source, problems


def _context(folder: FilePath | None, overrides: Sequence[str], allow_path: Sequence[FilePath]) -> dict[str, Any]:
    """Return what the validation has to know of files: see `distributions.named_files`."""
    if folder is None:
        return {}
    typed = set()
    for setting in overrides:
        with suppress(ScenarioError):  # which is for apply_overrides to tell
            typed |= _texts(read_value(setting.partition("=")[2], setting))
    return {"folder": folder, "allowed": (folder, *allow_path), "typed": typed}


def _texts(value: Any) -> set[str]:  # noqa: ANN401  plain data of any shape
    """Return all texts in plain data."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()


def _validated(source: Source, problems: "Problems", overrides: Sequence[str], context: dict[str, Any]) -> Study:
    """Return what `source` says with `overrides`: a scenario, or a study where all that it asks needs no funnel."""
    findings = apply_overrides(source, overrides, read_value)
    study = None
    alone = not {"traffic", "funnel"} & source.data.keys() and any(name in source.data for name in ALONE)
    try:
        study = (Study if alone else Scenario).model_validate(source.data, context=context)
    except ValidationError as error:
        findings += problems_of(error, source)
    if study is not None:
        findings += cross_check(study)
    problems = [*problems, *((source.position(f.path, of_key=f.at_key), f.problem(source)) for f in findings)]
    if problems or study is None:
        raise ScenarioError([problem for _, problem in sorted(problems, key=_first)])
    return study


Problems = list[tuple[tuple[int, int], Problem]]
_first, _second = itemgetter(0), itemgetter(1)


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
    source = Source(name)
    source.values[()] = (1, 1)
    try:
        root = _build(text, source)
    except yaml.MarkedYAMLError as error:
        raise _no_yaml(error, text, name) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:  # what no text may hold, found before there are lines
        reason = "control characters" if isinstance(error, yaml.YAMLError) else "broken characters"
        raise ScenarioError([Problem(f"{name}:1:1", "", f"expected text, got {reason}", "remove them")]) from error
    keys = _Keys(source)
    if root is not None:
        source.data = _plain(root, (), keys)
    return source, [
        (mark, Problem(f"{name}:{mark[0]}:{mark[1]}", shown_path(source.data, path), message, remedy))
        for mark, path, message, remedy in keys.mistakes
    ]


def _no_yaml(error: yaml.MarkedYAMLError, text: str, name: str) -> ScenarioError:
    """Return the error of a text that breaks YAML's grammar."""
    (line, column), reason = _position(error.problem_mark), str(error.problem)
    if "nesting" in reason:  # newer libyaml's own limit, which lies beyond ours
        expected = f"expected at most {MAX_DEPTH} levels of nesting, got more"
        return ScenarioError([Problem(f"{name}:{line}:{column}", "", expected)])
    before = "".join(text.splitlines()[line - 1 : line])[:column]
    remedy = "indent with spaces, not tabs" if "\t" in before else _REMEDIES.get(reason, "")
    expected = f"expected YAML, got something else: {reason}"
    return ScenarioError([Problem(f"{name}:{line}:{column}", "", expected, remedy)])


def _build(text: str, source: Source) -> _Node | None:
    """Return the tree of a text's only document, None of an empty one."""
    anchors: dict[str, _Node] = {}
    stack: list[_Node] = []
    root: _Node | None = None
    documents = nodes = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = _position(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refusal(source, mark, "one document, got a second after ---")
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop().open = False
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if nodes > MAX_VALUES:
                raise _refusal(source, mark, f"at most {MAX_VALUES:,} values, got more")
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


def _position(mark: Any) -> tuple[int, int]:  # noqa: ANN401  libyaml's mark or PyYAML's own
    """Return the line and column of a mark, from 1; the start of the text where there is none."""
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _node(event: yaml.NodeEvent, mark: tuple[int, int], anchors: dict[str, _Node], source: Source) -> _Node:
    """Return the node that an event begins, or the one that an alias stands for."""
    if isinstance(event, yaml.AliasEvent):
        target = anchors.get(str(event.anchor))
        if target is None or target.open:
            raise _refusal(source, mark, f"an alias of something finished before it, got *{event.anchor}")
        return target
    tag = getattr(event, "tag", None)
    if tag not in (None, "!"):
        raise _refusal(source, mark, f"no tags, got {tag}")
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
    if len(text) > LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and not _LEADING_ZERO.match(text) and math.isfinite(float(text)):
        return float(text)
    return text


@dataclass
class _Keys:
    """What is noted while nodes become plain data.

    `values` counts keys and values, aliases each time they are used; `mistakes` are (place, path, message, remedy).
    """

    source: Source
    values: int = 0
    mistakes: list[tuple[tuple[int, int], Path, str, str]] = field(default_factory=list)


def _plain(node: _Node, path: Path, keys: _Keys) -> Any:  # noqa: ANN401  plain data of any shape
    """Return a node as plain data, noting places and mistaken keys in `keys`."""
    source = keys.source
    keys.values += 1
    if keys.values > MAX_VALUES:
        raise _refusal(source, node.mark, f"at most {MAX_VALUES:,} values once aliases are filled in, got more")
    if len(path) > MAX_DEPTH:
        raise _refusal(source, node.mark, f"at most {MAX_DEPTH} levels of nesting once aliases are filled in, got more")
    source.values[path] = node.mark
    if node.kind == "list":
        return [_plain(item, (*path, i), keys) for i, item in enumerate(node.items)]
    if node.kind == "scalar":
        return node.value
    mapping: dict[str, Any] = {}
    for key, item in zip(node.items[::2], node.items[1::2], strict=True):
        name = key.value
        here = (*path, str(name))
        if key.kind != "scalar" or not isinstance(name, str):
            got = f"a {key.kind}" if key.kind != "scalar" else shown(name)
            keys.mistakes.append((key.mark, path, f"expected a word as key, got {got}", "put it in quotes"))
        elif name in mapping:
            first = source.keys[here][0]
            expected = f"expected each key once, got {name!r} again (first in line {first})"
            keys.mistakes.append((key.mark, here, expected, "remove one"))
        else:
            source.keys[here] = key.mark
            mapping[name] = _plain(item, here, keys)
    return mapping


def read_value(text: str, name: str) -> Any:  # noqa: ANN401  a value of any kind
    """Return the value that `text` writes, read as in a file; `name` is what problems call it.

    Raises
    ------
    ScenarioError
        If it is no YAML, or not of the kind that scenarios use.
    """
    source, problems = _read(text, name)
    if problems:
        raise ScenarioError([*map(_second, problems)])
    return source.data
