"""`--set PATH=VALUE`: one value of the scenario changed before it is validated. Stages go by name or by number."""

from collections.abc import Callable, Sequence
from typing import Any

from simulator.distributions.written import shown
from simulator.errors import ScenarioError
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.source import Path, Source, keys_of

__all__ = ["apply_overrides"]

ReadValue = Callable[[str, str], Any]


def apply_overrides(source: Source, settings: Sequence[str], read_value: ReadValue) -> list[Finding]:
    """Edit the data of `source` by each of `settings`, in order, and return what could not be set.

    Keys that are not there yet are added; whether they are known is for the validation to say. `read_value` turns the
    text of a value, and a name for it, into data.
    """
    return [finding for setting in settings if (finding := _apply(source, setting, read_value))]


def _apply(source: Source, setting: str, read_value: ReadValue) -> Finding | None:
    """Set one value; return why it could not be."""
    written, equals, text = setting.partition("=")
    parts = keys_of(written.strip())
    if not equals or not all(parts):
        source.overrides[(setting,)] = setting
        return Finding(
            (setting,), "expected PATH=VALUE, as in funnel.retrieve.shards=200", "" if equals else "add =VALUE"
        )
    try:
        value = read_value(text.strip(), f"--set {setting}")
    except ScenarioError as error:
        source.overrides[tuple(parts)] = setting
        return Finding(tuple(parts), error.problems[0].message)
    holder, path = source.data, Path()
    for at, part in enumerate(parts):
        found = _key(holder, path, part)
        if isinstance(found, Finding):
            source.overrides[found.path] = setting
            return found
        path = (*path, found)
        if at == len(parts) - 1:
            for under in [old for old in source.overrides if old[: len(path)] == path]:
                del source.overrides[under]  # what an earlier setting wrote there is gone
            source.overrides[path] = setting
            holder[found] = value
        elif isinstance(holder, dict) and holder.get(part) is None:
            source.overrides[path] = setting  # this setting makes the mapping, so it answers for it
            holder[part] = {}
        holder = holder[found]
    return None


def _key(holder: Any, path: Path, part: str) -> str | int | Finding:  # noqa: ANN401  plain data of any shape
    """Return the key or index that `part` means inside `holder`, or why there is none."""
    if isinstance(holder, dict):
        return part
    if not isinstance(holder, list):
        return Finding(path, f"expected a mapping to set {part} in, got {shown(holder)}")
    names = [item["name"] if isinstance(item, dict) and isinstance(item.get("name"), str) else "" for item in holder]
    if part in names:
        return names.index(part)
    if part.isdecimal() and len(part) < 10 and int(part) < len(holder):
        return int(part)
    known = [name or str(i) for i, name in enumerate(names)]
    return Finding(
        (*path, part), f"expected one of {', '.join(known) or 'no items'}, got {part!r}", nearest(part, known)
    )
