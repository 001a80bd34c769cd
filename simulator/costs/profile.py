"""The cost profile: how long calls take, where that was measured, and how it is kept in a file."""

import json
import math
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from simulator.distributions.base import FloatArray, Law
from simulator.errors import ProfileError

__all__ = [
    "QUANTILE_LEVELS",
    "Ceilings",
    "CostLaw",
    "Curve",
    "Part",
    "Point",
    "Profile",
    "Quantiles",
    "RankerCost",
    "Residuals",
    "Seconds",
    "Served",
    "Work",
    "load_profile",
    "profile_schema",
    "quantiles_of",
    "read_profile",
]

SCHEMA_VERSION: Final = 1
DEFAULT = "default"
REMEDY = "measure one with `simulator calibrate --out profile.json`"

QUANTILE_LEVELS = (
    0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4,
    0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0,
)  # fmt: skip

Kind = TypeVar("Kind", bound="Part")
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Quantiles = Annotated[tuple[Seconds, ...], Field(min_length=len(QUANTILE_LEVELS), max_length=len(QUANTILE_LEVELS))]


class Part(BaseModel):
    """A part of a profile: frozen, and no key is unknown to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Curve(Part):
    """A piecewise-linear cost in seconds: intercept + slope n of the last piece whose start is at most n."""

    start: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    intercept: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]
    slope: tuple[Seconds, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not len(self.start) == len(self.intercept) == len(self.slope):
            raise ValueError("start, intercept and slope of one length")
        if self.start[0] != 0 or any(b <= a for a, b in pairwise(self.start)):
            raise ValueError("pieces that start at 0 and rise")
        if self.at(1) < 0:
            raise ValueError("a cost of at least 0 seconds for one candidate")
        ends = [self.intercept[k] + self.slope[k] * self.start[k + 1] for k in range(len(self.start) - 1)]
        if any(self.at(n) < end * (1 - 1e-9) for n, end in zip(self.start[1:], ends, strict=True)):
            raise ValueError("a cost that never falls as candidates are added")
        return self

    def at(self, n: float) -> float:
        """Return the seconds of `n` candidates."""
        piece = int(np.searchsorted(self.start, n, side="right")) - 1
        return self.intercept[piece] + self.slope[piece] * n


class Residuals(Law[float]):
    """The law of a call's time over the curve's: straight lines between QUANTILE_LEVELS, of mean 1."""

    ratios: Quantiles

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if _falls(self.ratios):
            raise ValueError("quantiles that do not fall")
        if abs(self.mean_value() - 1) > 1e-6:
            raise ValueError(f"ratios of mean 1, got {self.mean_value():.6g}")
        return self

    @classmethod
    def of(cls, ratios: FloatArray) -> Self:
        """Return the law of measured `ratios`, scaled to mean 1."""
        table = np.array(quantiles_of(ratios))
        return cls(ratios=tuple((table / _integral(table)).tolist()))

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the ratio on the line between the two nearest levels."""
        levels, ratios = np.array(QUANTILE_LEVELS), np.array(self.ratios)
        from_above = np.interp(upper, (1 - levels)[::-1], ratios[::-1])
        values: FloatArray = np.where(lower < 0.5, np.interp(lower, levels, ratios), from_above)
        return values

    def mean_value(self) -> float:
        """Return the mean, 1 but for rounding."""
        return _integral(np.array(self.ratios))


class Point(Part):
    """Calls of one size: how many, their mean and their quantiles at QUANTILE_LEVELS, in seconds."""

    candidates: Annotated[int, Field(ge=1)]
    calls: Annotated[int, Field(ge=1)]
    mean_s: Seconds
    quantiles_s: Quantiles

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if _falls(self.quantiles_s):
            raise ValueError("quantiles that do not fall")
        return self

    def quantile(self, level: float) -> float:
        """Return the time at `level` (0 to 1) in seconds."""
        return float(np.interp(level, QUANTILE_LEVELS, self.quantiles_s))


class CostLaw(Part):
    """What calls cost in one state of the worker: points as measured, the fitted curve, the noise about it."""

    form: Literal["affine", "piecewise"]
    fit_error: Seconds  # mean of |curve / mean - 1| at inner points, each left out of its fit; of all, if fewer than 4
    curve: Curve
    noise: Residuals
    points: Annotated[tuple[Point, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if any(b.candidates <= a.candidates for a, b in pairwise(self.points)):
            raise ValueError("points of rising candidates")
        return self


class Work(Part):
    """What the largest measured call of a ranker takes: its floating-point operations and the bytes it reads."""

    flops: Amount
    bytes: Amount


class Ceilings(Part):
    """What one thread reaches at best: floating-point operations and bytes read, a second."""

    flops_per_s: Amount
    bytes_per_s: Amount


class Served(Part):
    """What was seen of a ranker while it was served: the wire there and back, the broker, and its neighbours.

    `broker_s` is processor time of the broker for a request; `contention` is how much longer a call takes while all
    workers are busy, as a share.
    """

    request_s: Quantiles
    response_s: Quantiles
    broker_s: Seconds
    contention: Annotated[float, Field(gt=-1, allow_inf_nan=False)]


class RankerCost(Part):
    """A ranker's cost: `busy` of a worker that goes from call to call, `idle` of one that had been waiting.

    `work` is that of the busy law's last point; None where it is not known, as of a user's own ranker.
    """

    busy: CostLaw
    idle: CostLaw
    work: Work | None = None

    @property
    def measured_to(self) -> int:
        """The largest number of candidates that was measured."""
        return max(point.candidates for point in self.busy.points)


class Profile(Part):
    """Costs of rankers and of the merge, with where and when they were measured."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    provenance: dict[str, str]
    rankers: dict[str, RankerCost]
    merge: CostLaw  # its "candidates" are the lists merged
    ceilings: Ceilings | None = None
    served: dict[str, Served] = {}  # by ranker, where the costs were seen in service; told, and not simulated

    def as_text(self) -> str:
        """Return the profile as the text of its file."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


def load_profile(name: str) -> Profile:
    """Return the profile called "default", which is shipped, or the one in the file of that path.

    Raises
    ------
    ProfileError
        If there is no such file, or it is no profile; names the first keys that are wrong.
    """
    shipped = files("simulator.costs").joinpath("default_profile.json")
    return read_profile(Profile, name, shipped, ("costs.profile", "cost profile", REMEDY))


def read_profile(kind: type[Kind], name: str, shipped: Traversable, words: tuple[str, str, str]) -> Kind:
    """Return the profile of a `kind` in `shipped` if it is called "default", else in the file of that path.

    Parameters
    ----------
    words
        The key that names it, what it is called, and how to get one.

    Raises
    ------
    ProfileError
        If there is no such file, or it is no such profile.
    """
    key, what, remedy = words
    path = shipped if name == DEFAULT else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # a ValueError is text that is not UTF-8, or a name that holds a NUL
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ProfileError(f"{key}: {name}: expected a {what}, got none ({reason}); {remedy}") from error
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        found = "; ".join(_in_words(one) for one in error.errors()[:5])
        raise ProfileError(f"{key}: {name}: not a {what} ({found}); {remedy}") from error


def _in_words(error: ErrorDetails) -> str:
    """Return the key, what was expected there and, where it is one value, what was got."""
    key = ".".join(map(str, error["loc"])) or "the file"
    expected = error["msg"].replace("Value error,", "expected").replace("Input should be", "expected")
    got = error["input"]
    is_value = isinstance(got, int | float | str) and error["type"] != "json_invalid"
    return f"{key}: {expected}, got {got!r}" if is_value else f"{key}: {expected}"


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile's file, as shipped in profile.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Profile.model_json_schema(),
        "title": "Capacity simulator cost profile, version 1",
    }


def quantiles_of(values: FloatArray) -> tuple[float, ...]:
    """Return the quantiles of `values`, shape (n,), at QUANTILE_LEVELS."""
    return tuple(np.quantile(values, QUANTILE_LEVELS).tolist())


def _falls(quantiles: tuple[float, ...]) -> bool:
    """Return whether a quantile is below the one before it."""
    return any(b < a for a, b in pairwise(quantiles))


def _integral(ratios: FloatArray) -> float:
    """Return the mean of the law with these quantiles at QUANTILE_LEVELS."""
    widths = np.diff(QUANTILE_LEVELS)
    return math.fsum((widths * (ratios[1:] + ratios[:-1]) / 2).tolist())
