"""A maximum load beside an earlier one: what a change cost, or brought, in queries a second."""

import json
from pathlib import Path
from typing import Any

from simulator.capacity.answer import CapacityAnswer
from simulator.errors import InputError

__all__ = ["against_baseline"]


def against_baseline(answer: CapacityAnswer, path: Path) -> tuple[str, bool]:
    """Return how the maximum load differs from that of an earlier `capacity --json`, and whether it is surely lower.

    It is surely lower where the interval of the maximum lies below that of the earlier one.

    Raises
    ------
    InputError
        If the file is no such document, or of another scenario.
    """
    earlier = _read(path)
    if earlier.get("scenario") != answer.scenario.name:
        raise InputError(f"{path}: expected the scenario {answer.scenario.name}, got {earlier.get('scenario')}")
    now, before = answer.maximum.qps, earlier["max_qps"]
    change = now.value - before["value"]
    share = f" ({change / before['value']:+.1%})" if before["value"] else ""
    lower = now.high if now.high == now.high else now.value
    worse = bool(lower < (before["value"] if before["low"] is None else before["low"]))
    verdict = "worse beyond luck" if worse else "no worse beyond luck"
    return (
        f"Maximum {now.value:,.0f} QPS, {change:+,.0f}{share} beside {before['value']:,.0f} before: {verdict}.",
        worse,
    )


def _read(path: Path) -> dict[str, Any]:
    """Return an earlier document."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); give what `simulator capacity FILE --json` printed"
        ) from error
    if not isinstance(found, dict) or found.get("command") != "capacity" or not isinstance(found.get("max_qps"), dict):
        raise InputError(f"{path}: expected what `simulator capacity FILE --json` prints, got something else")
    value, low = (found["max_qps"].get(key) for key in ("value", "low"))
    if value is None:
        raise InputError(f"{path}: expected a maximum load, got none: the objectives were missed even at no load")
    if not isinstance(value, int | float) or not isinstance(low, int | float | None):
        raise InputError(f"{path}: max_qps: expected numbers, got {value!r} and {low!r}")
    return found
