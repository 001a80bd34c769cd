"""The scenario: what is asked, frozen and validated. Times are seconds, shares between 0 and 1."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Tag, WithJsonSchema

from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.lognormal import Lognormal
from simulator.scenario.fields import (
    AFFINE,
    Count,
    CountLaw,
    Duration,
    DurationLaw,
    Number,
    Slug,
    Text,
    Whole,
    law_union,
    shown,
)
from simulator.scenario.objectives import ObjectiveText

__all__ = ["AffineCost", "Costs", "Merge", "Network", "Prices", "Scenario", "Sla", "Stage", "Traffic"]

RankerName = Literal["logistic", "mlp", "two_tower"]
NOTHING: Law[float] = Constant[Duration].model_validate({"mean": "0ms"})


class Section(BaseModel):
    """A mapping of the file: frozen, and no key is unknown to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sla(Section):
    """What is promised: the load to sustain, and the objectives that must hold at it."""

    qps: Annotated[Number, Field(gt=0)] | None = None
    objectives: tuple[ObjectiveText, ...] = ()


def _warmup(value: object) -> object:
    """Return "auto" or a number, as written."""
    if isinstance(value, str) and value != "auto":
        raise ValueError(f"auto or a whole number of queries, got {shown(value)}")
    return value


class Traffic(Section):
    """How queries arrive, with how many candidates, and how many of them are simulated."""

    arrivals: Literal["poisson", "constant"] = "poisson"
    qps: Annotated[Number, Field(gt=0)] | None = None
    candidates: CountLaw
    queries: Count = 20_000
    warmup: Annotated[
        Literal["auto"] | Annotated[Whole, Field(ge=0)],
        BeforeValidator(_warmup),
        WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 0}]}),
    ] = "auto"
    replications: Count = 10


class Network(Section):
    """Time on the wire, to a shard and back."""

    request: DurationLaw = NOTHING
    response: DurationLaw = NOTHING


class AffineCost(Section):
    """An assumed cost that grows with the candidates: fixed + per_candidate n, with lognormal noise of this cv."""

    fixed: Duration = 0.0
    per_candidate: Duration = 0.0
    cv: Annotated[Number, Field(ge=0)] = 0.0

    def noise(self) -> Law[float]:
        """Return the law of the ratio of a call's time to the expected, of mean 1."""
        return Lognormal(mean=1.0, cv=self.cv) if self.cv > 0 else Constant(mean=1.0)


Cost = law_union(Duration, {"type": "string"}, Annotated[AffineCost, Tag(AFFINE)])


class Stage(Section):
    """One stage of the funnel."""

    name: Slug
    ranker: RankerName | None = None
    shards: Count = 1
    replicas: Count = 1
    workers: Count = 1
    keep: Count | None = None
    balancing: Literal["random", "round_robin", "least_outstanding", "power_of_two"] = "round_robin"
    network: Network = Network()
    cost: Cost | None = None
    idle_cost: Cost | None = None


class Costs(Section):
    """Where the rankers' costs come from."""

    profile: Text = "default"
    speed: Annotated[Number, Field(gt=0)] = 1.0
    extrapolate: bool = False


class Merge(Section):
    """The broker's work after a stage: measured unless given; a plain delay, or a queue served by `workers`."""

    fixed: Duration | None = None
    per_shard: Duration | None = None
    workers: Count | None = None

    @property
    def measured(self) -> bool:
        """Whether the cost of a merge is the profile's."""
        return self.fixed is None and self.per_shard is None


class Prices(Section):
    """What a worker costs."""

    worker_hour: Annotated[Number, Field(ge=0)]
    currency: Text = "USD"


def _funnel(value: object) -> object:
    """Return a list as it is."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"a list of at least one stage, got {shown(value) if value else 'nothing'}")
    return value


class Scenario(Section):
    """A scenario file, version 1."""

    name: Slug
    question: Text = ""
    seed: Annotated[Whole, Field(ge=0)] = 1
    sla: Sla | None = None
    traffic: Traffic
    funnel: Annotated[tuple[Stage, ...], BeforeValidator(_funnel)]
    costs: Costs = Costs()
    merge: Merge = Merge()
    prices: Prices | None = None

    @property
    def offered_qps(self) -> float:
        """The load: the traffic's own, or the one that the SLA promises to sustain."""
        qps = self.traffic.qps or (self.sla.qps if self.sla else None)
        if qps is None:  # load.py refuses such a file
            raise ValueError("a scenario with traffic.qps or sla.qps")
        return qps


def known_keys(section: type[Any]) -> tuple[str, ...]:
    """Return the keys that a section of the file may hold."""
    return tuple(section.model_fields)
