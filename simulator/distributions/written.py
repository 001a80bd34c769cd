"""Values as a scenario writes them: plain numbers read, and any value shown in a message.

Every reader raises ValueError with what was expected and what was got; the scenario's loader puts the place before it.
"""

import math
import re

from pydantic_core import PydanticCustomError

from simulator.units import parse_number

__all__ = ["KEY_AT", "LONGEST_NUMBER", "VALUE_AT", "key_error", "read_number", "shown", "value_error"]

LONGEST_NUMBER = 40
KEY_AT, VALUE_AT = "key_at", "value_at"

_CLOCK = re.compile(r"[+-]?\d+(:\d+)+(\.\d*)?")


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


def read_number(value: object) -> float:
    """Return the finite number that `value` is or writes; true and false are none.

    Raises
    ------
    ValueError
        If it is no decimal number, with what YAML 1.1 would have made of it where that is a trap.
    """
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        if _CLOCK.fullmatch(value):
            raise ValueError(f"a number, got {shown(value)}, which YAML 1.1 would read in base 60")
        return parse_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number, got {shown(value)}")  # noqa: TRY004  pydantic collects ValueErrors
    if not math.isfinite(value):
        raise ValueError(f"a finite number, got {shown(value)}")
    return float(value)


def value_error(key: str, message: str) -> PydanticCustomError:
    """Return the error that the value of `key`, among several of a law, is not what `message` expects."""
    return PydanticCustomError(VALUE_AT, "{message}", {"key": key, "message": message})


def key_error(key: str, message: str) -> PydanticCustomError:
    """Return the error that `key` itself does not belong where it stands."""
    return PydanticCustomError(KEY_AT, "{message}", {"key": key, "message": message})
