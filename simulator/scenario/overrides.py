"""`--set PATH=VALUE`: one value of the scenario changed before it is validated. Stages go by name or by number."""

from collections.abc import Callable, Sequence
from typing import Any

from simulator.errors import ScenarioError
from simulator.scenario.fields import shown
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.source import Path, Source

__all__ = ["apply_overrides"]


def apply_overrides(source: Source, settings: Sequence[str], read_value: Callable[[str, str], Any]) -> list[Finding]:
    """Edit the data of `source` by each of `settings`, in order, and return what could not be set.

    Keys that are not there yet are added; whether they are known is for the validation to say. `read_value` turns the
    text of a value, and a name for it, into data.
    """
    found = []
    for setting in settings:
        path, equals, text = setting.partition("=")
        finding = _apply(source, path.strip(), text.strip(), setting, read_value) if equals else None
        if not equals:
            source.overrides[(setting,)] = setting
            finding = Finding((setting,), "expected PATH=VALUE, as in funnel.retrieve.shards=200", "add =VALUE")
        if finding:
            found.append(finding)
    return found


def _apply(
    source: Source, written: str, text: str, setting: str, read_value: Callable[[str, str], Any]
) -> Finding | None:
    """Set one value; return why it could not be."""
    data, path = source.data, Path()
    parts = written.split(".")
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if isinstance(data, list):
            index = _index(data, part)
            if index is None:
                source.overrides[(*path, part)] = setting
                names = [item["name"] for item in data if isinstance(item, dict) and "name" in item]
                return Finding((*path, part), f"expected one of {', '.join(names)}, got {part!r}", nearest(part, names))
            key: str | int = index
        elif isinstance(data, dict):
            rest = ".".join(parts[at:])
            key, last = (rest, True) if rest in data else (part, last)
            if not last and not isinstance(data.get(part), dict | list):
                if data.get(part) is not None:
                    source.overrides[(*path, part)] = setting
                    return Finding((*path, part), f"expected a mapping to set {rest} in, got {shown(data[part])}")
                data[part] = {}
        path = (*path, key)
        if last:
            return _set(source, data, path, (text, setting), read_value)
        data = data[key]
    return None


def _set(
    source: Source,
    holder: Any,
    path: Path,
    written: tuple[str, str],
    read_value: Callable[[str, str], Any],
) -> Finding | None:
    """Put the value at the end of `path` into its holder."""
    text, setting = written
    source.overrides[path] = setting
    try:
        holder[path[-1]] = read_value(text, f"--set {setting}")
    except ScenarioError as error:
        return Finding(path, error.problems[0].message)
    return None


def _index(items: list[Any], part: str) -> int | None:
    """Return the place of a stage given by name or number."""
    for i, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == part:
            return i
    return int(part) if part.isdigit() and int(part) < len(items) else None
