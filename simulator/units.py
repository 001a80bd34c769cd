"""Text with units to plain numbers and back: durations in seconds, shares between 0 and 1, whole counts.

This is the only module that knows how a duration is written; everything else computes in seconds.
"""

import math
import re
from decimal import Decimal

__all__ = ["format_duration", "parse_duration", "parse_number", "parse_share"]

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_NUMBER = r"(?:\d+(?:_\d+)*)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
_DURATION = re.compile(rf"({_NUMBER})\s*({'|'.join(_SECONDS)})")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_LEADING_ZERO = re.compile(r"[+-]?0\d")


def parse_number(text: str) -> float:
    """Return the finite number that `text` writes, `100_000` and `1e3` included.

    Raises
    ------
    ValueError
        If it is no decimal number, is not finite, or has a leading zero (`010` is 8 to some readers, 10 to others).
    """
    if _LEADING_ZERO.match(text):
        raise ValueError(f"a number without a leading zero, got {text!r}")
    if not re.fullmatch(rf"[+-]?(?:{_NUMBER})", text):
        raise ValueError(f"a number, got {text!r}")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a finite number, got {text!r}")
    return number


def parse_duration(text: str) -> float:
    """Return the seconds that `text` writes, such as `250us`, `5ms`, `1.5s`, `10min`, `24h`.

    The result is the float nearest to the decimal written: `0.3ms` is exactly `float("0.3e-3")`.

    Raises
    ------
    ValueError
        If there is no unit, the unit is unknown, or the number is negative or not finite.
    """
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"a duration with a unit such as 250us, 5ms, 1.5s, 10min or 24h, got {text!r}")
    parse_number(match[1])
    seconds = float(Decimal(match[1]) * _SECONDS[match[2]])
    if not math.isfinite(seconds):
        raise ValueError(f"a finite duration, got {text!r}")
    return seconds


def parse_share(text: str) -> float:
    """Return the share that `text` writes as a percentage (`1%` is 0.01) or as a plain number.

    Raises
    ------
    ValueError
        If it is neither.
    """
    match = _PERCENT.fullmatch(text.strip())
    return parse_number(match[1]) / 100 if match else parse_number(text)


def format_duration(seconds: float, digits: int = 3) -> str:
    """Return `seconds` for people, with `digits` significant digits, in the unit that reads best: `12.3 ms`."""
    if not math.isfinite(seconds):
        return "–"
    size = abs(seconds)
    for unit, scale in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if size >= scale * (2 if unit in ("h", "min") else 1):
            return f"{_significant(seconds / scale, digits)} {unit}"
    return "0 ms" if seconds == 0 else f"{_significant(seconds / 1e-9, digits)} ns"


def _significant(value: float, digits: int) -> str:
    """Write `value` with `digits` significant digits and thousands separators, never in exponent form."""
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{decimals}f}"
