"""The types of a scenario's values: how each is written, what is refused, and how an editor's schema says so.

Every validator raises ValueError with what was expected and what was got, which load.py puts after the value's place.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, GetJsonSchemaHandler, Tag, WithJsonSchema
from pydantic_core import CoreSchema

from simulator.distributions.base import Law
from simulator.distributions.registry import LAWS
from simulator.units import parse_duration, parse_number, parse_share

__all__ = [
    "AFFINE",
    "Count",
    "CountLaw",
    "Duration",
    "DurationLaw",
    "Number",
    "Share",
    "Slug",
    "Text",
    "Whole",
    "law_union",
    "shown",
]

AFFINE = "affine"
DURATION_PATTERN = r"^\s*[0-9_.]+([eE][+-]?[0-9]+)?\s*(ns|us|µs|ms|s|min|h|d)\s*$"


def shown(value: object) -> str:
    """Return a value from a file as an error message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _duration(value: object) -> float:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a duration with a unit, got {shown(value)}; write {value}ms or {value}s")
    raise ValueError(f"a duration with a unit such as 5ms, got {shown(value)}")


def _number(value: object) -> float:
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number, got {shown(value)}")
    if not math.isfinite(value):
        raise ValueError(f"a finite number, got {shown(value)}")
    return float(value)


def _whole(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError(f"a whole number, got {shown(value)}")
    return int(number)


def _share(value: object) -> float:
    number = parse_share(value) if isinstance(value, str) else _number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"a share from 0% to 100% (0 to 1), got {shown(value)}")
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text, got {shown(value)}; put it in quotes")  # noqa: TRY004  pydantic collects ValueErrors
    return value


def _slug(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", text):
        raise ValueError(f"a name of lower-case letters, digits and single hyphens, got {shown(value)}")
    return text


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["250us", "5ms", "1.5s"]}),
]
Number = Annotated[float, BeforeValidator(_number)]
PlainNumber = Annotated[float, BeforeValidator(_number), Field(ge=0)]
Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": "%$"}]}),
]
Text = Annotated[str, BeforeValidator(_text)]
Slug = Annotated[str, BeforeValidator(_slug)]


@dataclass(frozen=True)
class _OrScalar:
    """Lets an editor's schema take a scalar where a mapping may also stand."""

    scalar: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [dict(self.scalar), handler(core)]}


def _as_law(value: object) -> object:
    """Return a scalar as the constant law that it is short for."""
    return value if isinstance(value, dict | Law) else {"distribution": "constant", "mean": value}


def _kind(value: object) -> str:
    """Return which member of a union a value is meant for, judged by what is written, not by what would fit."""
    if isinstance(value, dict):
        return str(value.get("distribution", AFFINE))
    return str(getattr(value, "distribution", AFFINE))


def law_union(magnitude: Any, scalar: dict[str, Any], *others: Any) -> Any:  # noqa: ANN401  types are values here
    """Return the type "a scalar, or a distribution of `magnitude`s", with further tagged members `others`."""
    members: list[Any] = [Annotated[law[magnitude], Tag(name)] for name, law in LAWS.items()]  # type: ignore[index]
    union: Any = members[0]
    for member in [*members[1:], *others]:
        union = union | member
    normalise: Callable[[object], object] = _as_law
    return Annotated[union, Discriminator(_kind), BeforeValidator(normalise), _OrScalar(tuple(scalar.items()))]


DurationLaw = law_union(Duration, {"type": "string", "pattern": DURATION_PATTERN})
CountLaw = law_union(PlainNumber, {"type": ["number", "string"]})
