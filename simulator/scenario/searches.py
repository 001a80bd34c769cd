"""Where the commands that look for better settings look: which sizes, which designs, which rows."""

from typing import Annotated

from pydantic import BeforeValidator

from simulator.scenario.fields import Choices, Count, Slug, Switch, at_least_one
from simulator.scenario.ranker_names import RankerNames
from simulator.scenario.section import Section
from simulator.scenario.vary import AxisText

__all__ = ["Compare", "Optimize", "Size", "StageOptimize", "StageSize"]


class StageSize(Section):
    """What `simulator size` may choose for one stage: a count, a list of counts, or a range such as 1-4."""

    shards: Choices | None = None
    """Numbers of shards to choose from; around what the cost of a call allows unless given."""
    replicas: Choices | None = None
    """Numbers of replicas to choose from; small ones, and as many as the load asks for, unless given."""
    workers: Choices | None = None
    """Numbers of workers of a replica to choose from; 1 to 16 unless given."""


class Size(Section):
    """Where `simulator size` looks for the cheapest system."""

    stages: dict[Slug, StageSize] = {}  # noqa: RUF012  pydantic copies defaults
    """What may be chosen, by the stage's name."""

    def __hash__(self) -> int:
        return hash(frozenset(self.stages.items()))


class StageOptimize(Section):
    """What `simulator optimize` may choose for one stage: a count, a list of counts, or a range such as 1-4."""

    ranker: RankerNames | None = None
    """Rankers to choose from; those that the funnel names unless given, or a stage's own where its cost is assumed."""
    keep: Choices | None = None
    """Candidates handed on to choose from; from a quarter to four times the stage's own unless given."""
    shards: Choices | None = None
    """Numbers of shards to choose from; half, as many and twice as many as the stage has unless given."""
    replicas: Choices | None = None
    """Numbers of replicas to choose from; the stage's own unless given."""
    workers: Choices | None = None
    """Numbers of workers of a replica to choose from; 1, 2, 4, 8 and the stage's own unless given."""
    optional: Switch = True
    """Whether the stage may be left out."""


class Optimize(Section):
    """Where `simulator optimize` looks for the best trade of quality, latency and cost."""

    trials: Count = 60
    """Designs to simulate."""
    stages: dict[Slug, StageOptimize] = {}  # noqa: RUF012  pydantic copies defaults
    """What may be chosen, by the stage's name."""

    def __hash__(self) -> int:
        return hash((self.trials, frozenset(self.stages.items())))


class Compare(Section):
    """Settings to compare, each in place of the scenario's own."""

    vary: Annotated[tuple[AxisText, ...], BeforeValidator(at_least_one("axis such as funnel.retrieve.shards=10,20"))]
    """What to vary: PATH=V1,V2,...; several make a grid. Paths joined by commas vary together, values joined by x."""
