"""The reference of the scenario file, made from its JSON Schema: every key with what it means."""

from collections.abc import Iterator
from typing import Any

from simulator.scenario.schema import scenario_schema

__all__ = ["reference_text"]

MOST_DEEP = 6


def reference_text() -> str:
    """Return every key of a scenario file as Markdown, made from the schema that editors use."""
    schema = scenario_schema()
    made = "Made from the JSON Schema (`simulator schema`); `[]` is each item of a list."
    lines = ["# Every key of a scenario", "", made, ""]
    lines += ["| key | what it means |", "|---|---|"]
    lines += [f"| `{path}` | {text} |" for path, text in dict(_keys(schema, schema, (), 0)).items()]
    return "\n".join(lines) + "\n"


def _keys(schema: dict[str, Any], part: dict[str, Any], path: tuple[str, ...], deep: int) -> Iterator[tuple[str, str]]:
    """Yield each key below a part of the schema, with its description."""
    if deep > MOST_DEEP:
        return
    part = _resolved(schema, part)
    for name, value in part.get("properties", {}).items():
        here = (*path, name)
        text = value.get("description") or _resolved(schema, value).get("description", "")
        yield ".".join(here).replace(".[]", "[]"), " ".join(str(text).split()).replace("|", "or")
        yield from _keys(schema, value, here, deep + 1)
    for other in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
        yield from _keys(schema, other, path, deep + 1)
    if isinstance(part.get("items"), dict):
        yield from _keys(schema, part["items"], (*path, "[]"), deep + 1)


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the schema, or what it refers to."""
    reference = part.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return part
    found: dict[str, Any] = schema["$defs"][reference.removeprefix("#/$defs/")]
    return found
