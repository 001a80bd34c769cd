"""How queries arrive when not by a plain Poisson process, and what kinds of query there are."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, PrivateAttr, ValidationInfo, model_validator

from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.measurements import read_measurements
from simulator.distributions.named_files import named_file
from simulator.distributions.written import value_error
from simulator.scenario.fields import CountLaw, Duration, Hour, Multiple, Share, Slug, Text
from simulator.scenario.objectives import ObjectiveText
from simulator.scenario.section import Section

__all__ = ["Bursty", "CandidateLaw", "Daily", "QueryClass", "Trace"]

LONGEST_DAY = 366 * 86400.0
ROUNDING = 1e-9


def _whole_count(law: Law[float]) -> Law[float]:
    """Return `law`; raises ValueError where it is a fixed number that cannot be a count."""
    if isinstance(law, Constant) and (law.mean < 1 or not float(law.mean).is_integer()):
        raise ValueError(f"a whole number of at least 1, got {law.mean:g}")
    return law


CandidateLaw = Annotated[CountLaw, AfterValidator(_whole_count)]


class Bursty(Section):
    """Calm and bursts of exponential lengths take turns, each a Poisson process of its own: a two-state MMPP.

    The mean rate is traffic.qps: what bursts bring beyond it, calm times lack.
    """

    burst_factor: Multiple
    """Rate in a burst, as a multiple of the mean rate; at most 1 / burst_share."""
    burst_share: Share
    """Share of the time that is a burst."""
    mean_burst: Duration
    """Mean length of a burst."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 0 < self.burst_share < 1:
            raise value_error(
                "burst_share", f"a share between 0% and 100%, neither included, got {self.burst_share:.4g}"
            )
        if self.mean_burst <= 0:
            raise value_error("mean_burst", "a duration above 0s, got 0s")
        if self.burst_factor * self.burst_share > 1 + ROUNDING:
            raise value_error(
                "burst_factor",
                f"at most 1 / burst_share = {1 / self.burst_share:.4g}, got {self.burst_factor:g}: bursts would bring "
                f"{self.burst_factor * self.burst_share:.0%} of the queries",
            )
        return self

    @property
    def calm_factor(self) -> float:
        """Rate between bursts, as a multiple of the mean rate."""
        return max(0.0, (1 - self.burst_factor * self.burst_share) / (1 - self.burst_share))

    @property
    def mean_calm(self) -> float:
        """Mean length of a calm time in seconds."""
        return self.mean_burst * (1 - self.burst_share) / self.burst_share


class Daily(Section):
    """The rate follows a sinusoid of 24 hours whose mean over a day is traffic.qps, from midnight on."""

    low: Share
    """The lowest rate, as a share of the mean; the highest is as far above the mean."""
    peak_hour: Hour = 20.0
    """Hour of the day at which the rate is highest."""
    duration: Duration = 86400.0
    """How long the run lasts, from midnight on; traffic.queries follows from it."""

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if not 0 < self.duration <= LONGEST_DAY:
            raise value_error("duration", f"a duration above 0s and up to 366d, got {self.duration:g}s")
        return self

    @property
    def mean_seconds(self) -> float:
        """The seconds in which as many queries arrive at the mean rate as do in `duration`: the rate's integral."""
        w, peak = 2 * math.pi / 86400, self.peak_hour * 3600
        return self.duration + (1 - self.low) / w * (math.sin(w * (self.duration - peak)) + math.sin(w * peak))


class Trace(Section):
    """Arrivals as they were recorded: absolute times in seconds, one a line or the `column` of a CSV file.

    The first query arrives at time 0. A relative path starts at the scenario's folder, handed down as the validation
    context's "folder". With traffic.qps the times are stretched evenly to that mean rate.
    """

    file: Text
    """Path of the file, from the scenario's folder."""
    column: Text | None = None
    """The column to read, where the file is a CSV file with a header line."""
    _times: Sequence[float] = PrivateAttr(default_factory=lambda: array("d"))

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        try:
            path = named_file(self.file, info)
            self._times = _in_order(path, read_measurements(path, self.column))
        except KeyError as error:
            raise value_error("column", error.args[0]) from error
        except ValueError as error:
            raise value_error("file", str(error)) from error
        return self

    @property
    def times(self) -> Sequence[float]:
        """Seconds since the first query, one for each query, never decreasing."""
        return self._times

    @property
    def qps(self) -> float:
        """Queries a second, as recorded: gaps over the time that they took."""
        return (len(self._times) - 1) / self._times[-1]


def _in_order(path: Path, rows: list[tuple[int, float]]) -> "array[float]":
    """Return times counted from the first; raises ValueError that names the line at which time goes back."""
    for (_, before), (line, time) in pairwise(rows):
        if time < before:
            raise ValueError(f"times that never go back at {path}:{line}, got {time:.15g} after {before:.15g}")
    first, last = rows[0][1], rows[-1][1]
    if first == last:
        raise ValueError(f"at least two different times in {path}, got {len(rows):,} of the same: they have no rate")
    return array("d", [time - first for _, time in rows])


class QueryClass(Section):
    """One kind of query."""

    name: Slug
    """What tables call the class."""
    share: Share
    """Share of the queries that are of this class; the shares sum to 100%."""
    candidates: CandidateLaw | None = None
    """Documents that enter the funnel with each query of the class; traffic.candidates unless given."""
    objectives: tuple[ObjectiveText, ...] = ()
    """What must hold of the queries of this class."""
