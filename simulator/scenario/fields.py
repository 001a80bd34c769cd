"""The types of a scenario's values: how each is written, what is refused, and how an editor's schema says so.

Every validator raises ValueError with what was expected and what was got, which load.py puts after the value's place.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    Tag,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from simulator.distributions.base import Law, Quantity
from simulator.distributions.registry import LAWS
from simulator.distributions.written import LONGEST_NUMBER, read_number, shown
from simulator.units import parse_duration, parse_number, parse_share

__all__ = [
    "AFFINE",
    "MEASURED",
    "Attempts",
    "Candidates",
    "Choice",
    "Choices",
    "Count",
    "CountLaw",
    "Delay",
    "Documents",
    "Duration",
    "DurationLaw",
    "Factor",
    "Hour",
    "Limit",
    "Multiple",
    "Price",
    "Queries",
    "Rate",
    "Seed",
    "Share",
    "Slug",
    "Spread",
    "Switch",
    "Text",
    "Variation",
    "Warmup",
    "counts_between",
    "kind_of",
    "law_union",
    "one_or_several",
]

AFFINE = "(fixed + per_candidate)"  # no name that a file could give as its distribution
MEASURED = "measured"
LONGEST_DURATION = 1e9
MOST_QUERIES = 1_000_000_000
MOST_CHOSEN = 1_000_000
DURATION_PATTERN = r"^\s*[0-9_.]+([eE][+-]?[0-9]+)?\s*(ns|us|µs|ms|s|min|h|d)\s*$"
NUMERAL_PATTERN = r"^[0-9]+(_[0-9]+)*(\.[0-9]*)?([eE][+-]?[0-9]+)?$"
SHARE_PATTERN = r"^\s*[0-9_.]+([eE][+-]?[0-9]+)?\s*%?\s*$"
SLUG_PATTERN = "[a-z0-9]+([-_][a-z0-9]+)*"
LONGEST_SLUG = 80
MOST_ATTEMPTS = 31
PERCENTILE_PATTERN = r"^p[0-9]{1,2}(\.[0-9]+)?$"


def _duration(value: object) -> float:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        seconds = parse_duration(value)
        if seconds > LONGEST_DURATION:
            raise ValueError(f"a duration of at most {LONGEST_DURATION:,.0f}s (30 years), got {shown(value)}")
        return seconds
    advice = ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        advice = f"; write {value}ms or {value}s"
    raise ValueError(f"a duration with a unit such as 5ms, got {shown(value)}{advice}")


def _share(value: object) -> float:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and value.rstrip().endswith("%"):
        share = parse_share(value)
    else:
        share = read_number(value)
    if not 0 <= share <= 1:
        raise ValueError(f"a share from 0% to 100%, such as 10% or 0.1, got {shown(value)}")
    return share


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = read_number(value)
    if not number.is_integer():
        raise ValueError(f"a whole number, got {shown(value)}")
    return int(number)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text, got {shown(value)}; put it in quotes")  # noqa: TRY004  pydantic collects ValueErrors
    return value


def _slug(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(SLUG_PATTERN, text):
        raise ValueError(f"a name of lower-case letters and digits, joined by - or _, got {shown(value)}")
    if len(text) > LONGEST_SLUG:
        raise ValueError(f"a name of at most {LONGEST_SLUG} characters, got {len(text)}")
    return text


def _variation(value: object) -> float:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        return parse_share(value)
    return read_number(value)


def _delay(value: object) -> float | str:
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(PERCENTILE_PATTERN, text):
        try:
            return _duration(value)
        except ValueError as error:
            raise ValueError(f"a duration such as 10ms or a percentile such as p95, got {shown(value)}") from error
    if not 0 < parse_number(text[1:]) < 100:
        raise ValueError(f"a percentile above p0 and below p100, got {shown(value)}")
    return text


def _attempts(value: object) -> int:
    if value == "unlimited":
        return MOST_ATTEMPTS
    try:
        attempts = _whole(value)
    except ValueError:
        attempts = 0
    if not 2 <= attempts <= MOST_ATTEMPTS:
        wanted = f"a whole number of attempts from 2, the first among them, to {MOST_ATTEMPTS}, or unlimited"
        raise ValueError(f"{wanted} (which is {MOST_ATTEMPTS}), got {shown(value)}")
    return attempts


def _choice(value: object) -> float | int | tuple[int, ...]:
    if isinstance(value, list | tuple):
        numbers = tuple(_whole(item) for item in value)
        if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
            raise ValueError("a list of different whole numbers from 0")
        return numbers
    try:
        amount = _variation(value)
    except ValueError as error:
        raise ValueError(f"a share such as 1%, a count, or a list such as [0, 3], got {shown(value)}") from error
    if isinstance(value, str) and "%" in value and 0 < amount <= 1:
        return amount
    if 0 < amount < 1:
        return amount
    if amount >= 1 and amount.is_integer() and not (isinstance(value, str) and "%" in value):
        return int(amount)
    raise ValueError(f"a share above 0%, a count of at least 1, or a list such as [0, 3], got {shown(value)}")


@dataclass(frozen=True, eq=False)
class _Or:
    """Lets an editor's schema take one more form of a value than the type's own."""

    form: dict[str, Any]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self.form, handler(core)]}


_NUMBER = BeforeValidator(read_number)
_WHOLE = BeforeValidator(_whole)
_OR_NUMERAL = _Or({"type": "string", "pattern": NUMERAL_PATTERN})  # 100_000 is text to editors, which know YAML 1.2

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    Quantity("Durations"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["250us", "5ms", "1.5s"]}),
]
Candidates = Annotated[float, Field(ge=0, le=1e15), _NUMBER, Quantity("Counts"), _OR_NUMERAL]
Rate = Annotated[float, Field(ge=1e-9, le=1e9), _NUMBER, _OR_NUMERAL]
Factor = Annotated[float, Field(gt=0, le=1e6), _NUMBER, _OR_NUMERAL]
Multiple = Annotated[float, Field(ge=1, le=1e6), _NUMBER, _OR_NUMERAL]
Hour = Annotated[float, Field(ge=0, lt=24), _NUMBER, _OR_NUMERAL]
Price = Annotated[float, Field(ge=0, le=1e9), _NUMBER, _OR_NUMERAL]
Spread = Annotated[float, Field(ge=0, le=1000), _NUMBER, _OR_NUMERAL]
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
    _Or({"type": "string", "pattern": SHARE_PATTERN, "examples": ["10%", "0.1%"]}),
]
Count = Annotated[int, Field(ge=1, le=1_000_000), _WHOLE, _OR_NUMERAL]
Queries = Annotated[int, Field(ge=1, le=MOST_QUERIES), _WHOLE, _OR_NUMERAL]
Documents = Annotated[int, Field(ge=1, le=10**15), _WHOLE, _OR_NUMERAL]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1), _WHOLE, _OR_NUMERAL]
Limit = Annotated[int, Field(ge=0, le=1_000_000_000), _WHOLE, _OR_NUMERAL]
Variation = Annotated[
    float,
    Field(ge=0, le=1000),
    BeforeValidator(_variation),
    _Or({"type": "string", "pattern": SHARE_PATTERN}),
    _OR_NUMERAL,
]
Delay = Annotated[
    float | str,
    PlainValidator(_delay),
    WithJsonSchema({"type": "string", "anyOf": [{"pattern": DURATION_PATTERN}, {"pattern": PERCENTILE_PATTERN}]}),
]
Attempts = Annotated[
    int,
    PlainValidator(_attempts),
    WithJsonSchema({"type": "integer", "minimum": 2, "maximum": MOST_ATTEMPTS}),
    _OR_NUMERAL,
    _Or({"const": "unlimited"}),
]
Choice = Annotated[
    float | int | tuple[int, ...],
    PlainValidator(_choice),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
    _OR_NUMERAL,
    _Or({"type": "string", "pattern": SHARE_PATTERN}),
    _Or({"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}),
]
Switch = Annotated[bool, Field(strict=True)]
Text = Annotated[str, BeforeValidator(_text)]
Slug = Annotated[str, BeforeValidator(_slug), WithJsonSchema({"type": "string", "pattern": f"^{SLUG_PATTERN}$"})]


def _warmup(value: object) -> object:
    if value == "auto":
        return value
    try:
        queries = _whole(value)
    except ValueError:
        queries = -1
    if queries < 0:
        raise ValueError(f"auto or a whole number of queries of at least 0, got {shown(value)}")
    if queries > MOST_QUERIES:
        raise ValueError(f"at most {MOST_QUERIES:,} queries, got {shown(value)}")
    return queries


Warmup = Annotated[
    Literal["auto"] | int,
    PlainValidator(_warmup),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_QUERIES}),
    _OR_NUMERAL,
    _Or({"const": "auto"}),
]


def _choices(value: object) -> tuple[int, ...]:
    """Return the counts that a count, a list of them, or a range such as "1-4" stands for, rising, each once."""
    expected = "a count, a list of counts, or a range such as 1-4"
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and value.count("-") == 1:
        low, high = (_count(part.strip(), expected, value) for part in value.split("-"))
        if low > high:
            raise ValueError(f"a range that rises, got {shown(value)}")
        return counts_between(low, high)
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise ValueError(f"{expected}, got an empty list")
    return tuple(sorted({_count(item, expected, item) for item in items}))


def _count(value: object, expected: str, written: object) -> int:
    """Return a count of at least 1; raises ValueError with what was `expected` and `written`."""
    try:
        count = _whole(value)
    except ValueError as error:
        raise ValueError(f"{expected}, got {shown(written)}") from error
    if not 1 <= count <= MOST_CHOSEN:
        raise ValueError(f"counts from 1 to {MOST_CHOSEN:,}, got {shown(written)}")
    return count


def counts_between(low: int, high: int) -> tuple[int, ...]:
    """Return counts from `low` to `high`: all of up to 20, else both ends and 1, 1.5, 2, 3, 5, 7 in each decade."""
    if high - low < 20:
        return tuple(range(low, high + 1))
    steps = (step * 10**decade // 10 for decade in range(len(str(high)) + 1) for step in (10, 15, 20, 30, 50, 70))
    return tuple(sorted({low, high, *(count for count in steps if low < count < high)}))


Choices = Annotated[
    tuple[int, ...],
    PlainValidator(_choices),
    WithJsonSchema(
        {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": MOST_CHOSEN}}
    ),
    _Or({"type": "integer", "minimum": 1, "maximum": MOST_CHOSEN}),
    _Or({"type": "string", "pattern": r"^\s*[0-9_]+(\s*-\s*[0-9_]+)?\s*$"}),
]


def _as_law(value: object) -> object:
    """Return a scalar as the constant law that it is short for."""
    return value if isinstance(value, dict | Law) else {"distribution": "constant", "mean": value}


def kind_of(value: object) -> str:
    """Return which member of a union a value is meant for, judged by what is written, not by what would fit."""
    if isinstance(value, dict):
        return str(value.get("distribution", MEASURED if MEASURED in value else AFFINE))
    return str(getattr(value, "distribution", AFFINE))


def at_least_one(what: str) -> Callable[[object], object]:
    """Return the check that a value is a list of at least one `what`, which returns it as it is."""

    def check(value: object) -> object:
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"a list of at least one {what}, got {shown(value) if value else 'nothing'}")
        return value

    return check


def one_or_several(member: Any, what: str) -> Any:  # noqa: ANN401  types are values here
    """Return the type "a word of `member`, or a list of at least one `what`", whose values are tuples."""

    def as_several(value: object) -> object:
        return (value,) if isinstance(value, str) else value

    word = TypeAdapter(member).json_schema()
    checks = BeforeValidator(at_least_one(what)), BeforeValidator(as_several)  # the last one first
    several = WithJsonSchema({"type": "array", "minItems": 1, "items": word})
    return Annotated[tuple[member, ...], *checks, several, _Or(word)]


def law_union(magnitude: Any, *others: Any) -> Any:  # noqa: ANN401  types are values here
    """Return the type "a scalar, or a distribution of `magnitude`s", with further tagged members `others`."""
    members: list[Any] = [Annotated[law[magnitude], Tag(name)] for name, law in LAWS.items()]  # type: ignore[index]
    union: Any = members[0]
    for member in [*members[1:], *others]:
        union = union | member
    normalise: Callable[[object], object] = _as_law
    scalar = TypeAdapter(magnitude).json_schema()
    return Annotated[union, Discriminator(kind_of), BeforeValidator(normalise), _Or(scalar)]


if TYPE_CHECKING:
    DurationLaw = Law[float]
    CountLaw = Law[float]
else:
    DurationLaw = law_union(Duration)
    CountLaw = law_union(Candidates)
