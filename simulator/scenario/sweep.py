"""A sweep file: scenarios, settings and seeds to go through, every one with every other."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from simulator.scenario.fields import Seed, Slug, Text, at_least_one
from simulator.scenario.section import Section
from simulator.scenario.vary import AxisText

__all__ = ["SweepFile"]


class SweepFile(Section):
    """What a sweep goes through."""

    name: Slug
    """Names the folder of its results."""
    question: Text = ""
    """What the sweep is to answer, in one sentence."""
    scenarios: Annotated[tuple[Text, ...], BeforeValidator(at_least_one("scenario file"))]
    """Paths of scenario files, from the sweep file's folder."""
    vary: tuple[AxisText, ...] = ()
    """What to vary in each: PATH=V1,V2,...; several make a grid."""
    set: tuple[Text, ...] = ()
    """PATH=VALUE settings that all cells share."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] | None = None
    """Seeds to run every cell with; each scenario's own unless given."""
    measure: Literal["run", "capacity"] = "run"
    """What each cell is asked: its latency at its load, or its maximum QPS too."""
