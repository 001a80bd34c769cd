"""One axis of a comparison as a user writes it: `funnel.retrieve.shards=10,20`, or several paths together."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simulator.distributions.written import shown
from simulator.scenario.source import keys_of

__all__ = ["Axis", "AxisText", "parse_axis", "short_texts"]

_FORM = "PATH=V1,V2,... as in funnel.retrieve.shards=10,20,50"
_TOGETHER = "as in funnel.retrieve.shards,replicas=600x1,300x2"
_BRACKETS = {"[": 1, "{": 1, "(": 1, "]": -1, "}": -1, ")": -1}


class Axis(BaseModel):
    """Settings that vary together.

    Attributes
    ----------
    text
        As the user wrote it.
    paths
        What varies, each as after --set.
    values
        The text of one value a path, for each row in order.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    paths: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


def parse_axis(written: str) -> Axis:
    """Return the axis that `written` says: PATHS=VALUES, each list parted by commas.

    A later path without a point stands beside the first: `funnel.retrieve.shards,replicas`. Values that vary together
    are joined by `x`, with spaces around it where a value itself holds that letter. Commas inside brackets and quotes
    part nothing.

    Raises
    ------
    ValueError
        If there is no path or no value, a path stands twice, or a value is not one for each path.
    """
    left, equals, right = written.partition("=")
    names = [name.strip() for name in left.split(",")]
    if not equals or not all(all(keys_of(name)) for name in names):
        raise ValueError(f"{_FORM}, got {shown(written)}")
    prefix = ".".join(keys_of(names[0])[:-1])
    paths = tuple(name if "." in name or not prefix else f"{prefix}.{name}" for name in names)
    if len(set(paths)) < len(paths):
        raise ValueError(f"each path once, got {shown(written)}")
    if not right.strip():
        raise ValueError(f"at least one value after {left.strip()}=, got none; {_FORM}")
    values = tuple(_together(value, paths) for value in _parted(right, ","))
    return Axis(text=written.strip(), paths=paths, values=values)


def short_texts(written: Sequence[str], values: Sequence[Any]) -> list[str]:
    """Return what to call each value of one path: as written, but of sections of the file only the entries that differ.

    Where all that differs is whether the section is there, "on" and "off"; `values` are what the texts mean.
    """
    sections = [value for value in values if isinstance(value, dict)]
    if not sections:
        return list(written)
    keys = dict.fromkeys(key for section in sections for key in section)
    differ = [key for key in keys if any(section.get(key) != sections[0].get(key) for section in sections)]

    def short(text: str, value: Any) -> str:  # noqa: ANN401  plain data of any shape
        if isinstance(value, dict):
            return ", ".join(f"{key} {value.get(key)}" for key in differ) or "on"
        return "off" if value is None else text

    return [short(text, value) for text, value in zip(written, values, strict=True)]


def _together(value: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return one value a path."""
    if not value:
        raise ValueError("a value between commas, got none; null stands for nothing")
    if len(paths) == 1:
        return (value,)
    spaced = _parted(value, r"\sx\s")
    parts = spaced if len(spaced) > 1 else _parted(value, "x")
    if len(parts) != len(paths) or not all(parts):
        raise ValueError(f"{len(paths)} values joined by x for {', '.join(paths)}, got {shown(value)}; {_TOGETHER}")
    return tuple(parts)


def _parted(text: str, separator: str) -> list[str]:
    """Return the pieces of `text` between matches of `separator` that stand in no brackets and no quotes."""
    pieces, start, depth, quote = [], 0, 0, ""
    ends = {match.start(): match.end() for match in re.finditer(separator, text)}
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif depth == 0 and at in ends:
            pieces.append(text[start:at])
            start = ends[at]
        else:
            depth += _BRACKETS.get(letter, 0)
    return [piece.strip() for piece in [*pieces, text[start:]]]


def _parse(written: object) -> Any:  # noqa: ANN401  what pydantic hands on
    """Return the axis of a file's value."""
    if isinstance(written, Axis):
        return written
    if not isinstance(written, str):
        raise ValueError(f"{_FORM}, got {shown(written)}")  # noqa: TRY004  pydantic collects ValueErrors
    return parse_axis(written)


AxisText = Annotated[
    Axis,
    BeforeValidator(_parse),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[^=]*[^=\\s][^=]*=.*\\S",
            "examples": ["funnel.retrieve.shards=10,20,50", "funnel.retrieve.shards,replicas=600x1,300x2,200x3"],
        }
    ),
]
