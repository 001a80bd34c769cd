"""Objectives: `p99 < 500ms`, `over(1s) < 0.1%`, `coverage >= 99%`."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simulator.distributions.written import LONGEST_NUMBER, shown
from simulator.units import parse_duration, parse_number, parse_share

__all__ = ["Objective", "ObjectiveText"]

Metric = Literal["percentile", "mean", "max", "over", "error_rate", "coverage"]

_FORM = "an objective such as p99 < 500ms, over(1s) < 0.1%, error_rate < 0.1% or coverage >= 99%"
_PATTERN = re.compile(
    r"(?P<metric>p(?:(?P<level>[\d.]+)|\((?P<bracketed>[\d.]+)\))|mean|max|error_rate|coverage|over\((?P<limit>[^)]*)\))"
    r"\s*(?P<comparator><=|>=|<|>)\s*(?P<value>\S.*)"
)


class Objective(BaseModel):
    """One objective.

    Attributes
    ----------
    text
        As a user writes it, with single spaces.
    metric, argument
        What is judged; the percentile level (0 to 100) or, of "over", the threshold in seconds.
    comparator, value
        How, and against what: seconds for percentile, mean and max, else a share.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    metric: Metric
    argument: float | None
    comparator: Literal["<", "<=", ">", ">="]
    value: float


def _parse(written: object) -> Any:  # noqa: ANN401  what pydantic hands on
    """Return the fields of an objective written as text."""
    if isinstance(written, Objective):
        return written
    match = _PATTERN.fullmatch(written.strip()) if isinstance(written, str) else None
    if not match:
        raise ValueError(f"{_FORM}, got {shown(written)}")
    metric, argument = match["metric"], None
    level = match["level"] or match["bracketed"]
    if level:
        metric, argument = "percentile", parse_number(level)
        if not 0 < argument < 100:
            raise ValueError(f"a percentile above 0 and below 100, got {shown(written)}; for the largest write max")
    elif match["limit"] is not None:
        metric, argument = "over", parse_duration(match["limit"])
    value = _limit(match["metric"], match["value"].strip(), is_time=metric in ("percentile", "mean", "max"))
    text = f"{match['metric']} {match['comparator']} {match['value'].strip()}"
    return {
        "text": text,
        "metric": metric,
        "argument": argument,
        "comparator": match["comparator"],
        "value": value,
    }


def _limit(metric: str, text: str, *, is_time: bool) -> float:
    """Return what a metric is compared with; raises ValueError if it measures another thing than the metric."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"{_FORM}, got {shown(text)}")
    if is_time:
        try:
            return parse_duration(text)
        except ValueError as error:
            raise ValueError(f"a duration such as 500ms to compare {metric} with, got {shown(text)}") from error
    try:
        share = parse_share(text)
    except ValueError as error:
        raise ValueError(f"a share such as 1% or 0.01 to compare {metric} with, got {shown(text)}") from error
    if not 0 <= share <= 1:
        raise ValueError(f"a share from 0% to 100% to compare {metric} with, got {shown(text)}")
    return share


ObjectiveText = Annotated[
    Objective,
    BeforeValidator(_parse),
    WithJsonSchema({"type": "string", "examples": ["p99 < 500ms", "over(1s) < 0.1%", "coverage >= 99%"]}),
]
