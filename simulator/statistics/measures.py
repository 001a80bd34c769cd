"""What objectives ask to be measured, and where in the measures each finds its value."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar, cast

from simulator.scenario.objectives import Objective

__all__ = ["Measures", "levels_of", "thresholds_of", "value_of"]

T_co = TypeVar("T_co", covariant=True)


class Measures(Protocol[T_co]):
    """What is known of one replication (numbers) or of a run (estimates)."""

    @property
    def latency(self) -> Mapping[str, T_co]:
        """Seconds by name: mean, max, p<level>."""

    @property
    def over(self) -> Mapping[float, T_co]:
        """Share of completed queries slower than each threshold in seconds."""

    @property
    def error_rate(self) -> T_co:
        """Share of queries that did not complete."""

    @property
    def coverage(self) -> T_co:
        """Mean share of shards that answered."""


def levels_of(objectives: Iterable[Objective], always: Iterable[float] = ()) -> list[float]:
    """Return the percentile levels to measure: those of `objectives` and those of `always`, in order."""
    asked = {item.argument for item in objectives if item.metric == "percentile" and item.argument is not None}
    return sorted({*always, *asked})


def thresholds_of(objectives: Iterable[Objective]) -> list[float]:
    """Return the latencies in seconds whose excess share `objectives` limit, in order."""
    return sorted({item.argument for item in objectives if item.metric == "over" and item.argument is not None})


def value_of(objective: Objective, measures: Measures[T_co]) -> T_co:
    """Return what `measures` know of the metric that `objective` limits."""
    if objective.metric == "over":
        return measures.over[cast(float, objective.argument)]
    if objective.metric in ("error_rate", "coverage"):
        return cast(T_co, getattr(measures, objective.metric))
    name = f"p{objective.argument:g}" if objective.metric == "percentile" else objective.metric
    return measures.latency[name]
