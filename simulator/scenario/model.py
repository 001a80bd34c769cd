"""The scenario: what is asked, frozen and validated. Times are seconds, shares between 0 and 1.

The line under a key is its description in the JSON Schema, and so what an editor shows.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, Tag, model_validator

from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.empirical import Empirical
from simulator.distributions.lognormal import Lognormal
from simulator.scenario.bias import Bias
from simulator.scenario.diagnosis import Diagnosis
from simulator.scenario.fields import (
    AFFINE,
    MEASURED,
    Count,
    Documents,
    Duration,
    DurationLaw,
    Factor,
    Limit,
    Price,
    Queries,
    Rate,
    Seed,
    Share,
    Slug,
    Spread,
    Switch,
    Text,
    Variation,
    Warmup,
    at_least_one,
    law_union,
)
from simulator.scenario.file_names import ProfileName
from simulator.scenario.objectives import Objective, ObjectiveText
from simulator.scenario.policies import Autoscaling, Batching, Fault, Hedging, Retry
from simulator.scenario.quality_world import QualityWorld
from simulator.scenario.ranker_names import RankerName
from simulator.scenario.searches import Compare, Optimize, Size
from simulator.scenario.section import Section
from simulator.scenario.traffic import Bursty, CandidateLaw, Daily, QueryClass, Trace
from simulator.scenario.training import Training

__all__ = [
    "ALONE",
    "Admission",
    "AffineCost",
    "Cache",
    "Costs",
    "MeasuredCost",
    "Merge",
    "Network",
    "Prices",
    "Scenario",
    "Sla",
    "Stage",
    "Study",
    "Traffic",
    "known_keys",
]

ALONE = ("bias", "training", "diagnosis")
"""Sections that a file may ask about without a funnel to serve."""

NOTHING: Law[float] = Constant[Duration].model_validate({"mean": "0ms"})


class Sla(Section):
    """What is promised: the load to sustain, and the objectives that must hold at it."""

    qps: Rate | None = None
    """Queries a second to sustain."""
    objectives: tuple[ObjectiveText, ...] = ()
    """What must hold at that load: metric, comparator, value."""


class Cache(Section):
    """A cache at the door, in front of the funnel."""

    hit_rate: Share
    """Share of queries that it answers."""
    latency: Duration = 0.0
    """How long it takes to answer one."""


class Admission(Section):
    """Who is let in at the door."""

    in_flight: Count
    """Queries in the funnel at once; one more is refused."""


class Traffic(Section):
    """How queries arrive, with how many candidates, and how many of them are simulated."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["candidates"]}, {"required": ["classes"]}]})

    arrivals: Literal["poisson", "constant", "bursty", "daily", "trace", "closed"] = "poisson"
    """How arrivals are spread in time; closed: each of `users` thinks, asks, waits for the answer, thinks again."""
    bursty: Bursty | None = None
    """What bursts are like, for arrivals: bursty."""
    daily: Daily | None = None
    """What the day is like, for arrivals: daily."""
    trace: Trace | None = None
    """Where the recorded times are, for arrivals: trace."""
    qps: Rate | None = None
    """Queries a second on average; sla.qps unless given, or as recorded for arrivals: trace."""
    candidates: CandidateLaw | None = None
    """Documents that enter the funnel with each query: a count or a distribution."""
    classes: Annotated[tuple[QueryClass, ...], BeforeValidator(at_least_one("class"))] = ()
    """Kinds of query that are mixed, by share."""
    users: Count | None = None
    """Users of closed arrivals."""
    think: DurationLaw | None = None
    """How long a user thinks before each query."""
    cache: Cache | None = None
    """A cache in front of the funnel; none unless given."""
    queries: Queries = 20_000
    """Measured queries of one replication; as many as arrive in daily.duration, or as the trace holds, unless given."""
    warmup: Warmup = "auto"
    """Queries at the start that are left out of the measures."""
    replications: Count = 10
    """Independent repetitions, which the intervals come from."""

    @property
    def candidate_laws(self) -> tuple[Law[float], ...]:
        """The law of the candidates of each class; of all queries where there are no classes."""
        laws = [one.candidates or self.candidates for one in self.classes] or [self.candidates]
        return tuple(law for law in laws if law is not None)  # load.py refuses a file in which one is


class Network(Section):
    """Time on the wire, to a shard and back."""

    request: DurationLaw = NOTHING
    """From the broker to a shard."""
    response: DurationLaw = NOTHING
    """From a shard to the broker."""


class AffineCost(Section):
    """An assumed cost that grows with the candidates: fixed + per_candidate n, with lognormal noise of this cv."""

    fixed: Duration = 0.0
    """What every call takes."""
    per_candidate: Duration = 0.0
    """What each candidate adds."""
    cv: Spread = 0.0
    """Coefficient of variation of the noise."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not {"fixed", "per_candidate"} & self.model_fields_set:
            raise ValueError("a distribution, or fixed and per_candidate, got neither")
        return self

    def noise(self) -> Law[float]:
        """Return the law of the ratio of a call's time to the expected, of mean 1."""
        return Lognormal(mean=1.0, cv=self.cv) if self.cv > 0 else Constant(mean=1.0)


class MeasuredCost(Empirical[Duration]):
    """Whole calls as they were measured in production: one duration in seconds per line, or a column of a CSV file."""

    FILE_KEY: ClassVar[str] = MEASURED

    distribution: Literal["measured"] = Field("measured", description="May be left out.")  # type: ignore[assignment]
    file: Text = Field(alias=MEASURED, description="Path of the file, from the scenario's folder.")


if TYPE_CHECKING:
    Cost = Law[float] | AffineCost
else:
    Cost = law_union(Duration, Annotated[AffineCost, Tag(AFFINE)], Annotated[MeasuredCost, Tag(MEASURED)])


class Stage(Section):
    """One stage of the funnel."""

    name: Slug
    """What --set, tables and plots call the stage."""
    ranker: RankerName | None = None
    """The model that scores the candidates, yours as module:Class; its measured cost is in the cost profile."""
    shards: Count = 1
    """Slices of the candidates; a query visits every one."""
    replicas: Count = 1
    """Full copies of each shard."""
    workers: Count = 1
    """Servers of a replica's queue."""
    keep: Documents | None = None
    """Candidates handed on, in all; every one unless given."""
    balancing: Literal["random", "round_robin", "least_outstanding", "power_of_two"] = "round_robin"
    """How a replica is chosen."""
    network: Network = Network()
    """Time on the wire."""
    speed: Factor = 1.0
    """How many times as fast its calls are as their cost says, beside costs.speed."""
    cost: Cost | None = None
    """How long a call takes: assumed, or measured in production, {measured: latencies.csv}, instead of by calibrate."""
    idle_cost: Cost | None = None
    """How long a call takes that finds its worker idle; as any other unless given."""
    deadline: Duration | None = None
    """When the stage ends at the latest, from its start; no deadline unless given."""
    on_deadline: Literal["partial", "fail"] | None = None
    """Whether a query goes on with the answers that it has at the deadline (partial, the default) or fails."""
    hedging: Hedging | None = None
    """Second attempts at calls that are slow to answer."""
    queue_limit: Limit | None = None
    """Requests that may wait at a replica; one more is refused. No limit unless given."""
    retry: Retry | None = None
    """Further attempts at calls that failed."""
    batching: Batching | None = None
    """Several requests served together."""
    imbalance: Variation = 0.0
    """Coefficient of variation of the shards' sizes."""
    autoscaling: Autoscaling | None = None
    """A number of replicas that follows the load."""

    @property
    def most_replicas(self) -> int:
        """The most replicas that the stage can have."""
        return self.autoscaling.max if self.autoscaling else self.replicas


class Costs(Section):
    """Where the rankers' costs come from."""

    profile: ProfileName = "default"
    """The shipped profile, or a file that `simulator calibrate` wrote."""
    speed: Factor = 1.0
    """How many times as fast as measured."""
    extrapolate: Switch = False
    """Whether costs far beyond what was measured are used."""


class Merge(Section):
    """The broker's work after a stage: measured unless given; a plain delay, or a queue served by `workers`."""

    fixed: Duration | None = None
    """What every merge takes."""
    per_shard: Duration | None = None
    """What each shard's answer adds."""
    workers: Count | None = None
    """Servers of the broker's queue; without, merging is a delay that nobody waits for."""

    @property
    def measured(self) -> bool:
        """Whether the cost of a merge is the profile's."""
        return self.fixed is None and self.per_shard is None


class Prices(Section):
    """What a worker costs."""

    worker_hour: Price
    """Price of one worker for an hour."""
    currency: Text = "USD"
    """The price's currency."""


class Study(Section):
    """A scenario file, version 1, that may ask about something else than serving."""

    name: Slug
    """Names the report's folder."""
    question: Text = ""
    """What the scenario is to answer, in one sentence."""
    seed: Seed = 1
    """Of all random draws."""
    bias: Bias | None = None
    """What the ranking does to its own data, asked by `simulator bias`."""
    training: Training | None = None
    """How much data and time its models need, asked by `simulator train`."""
    diagnosis: Diagnosis | None = None
    """The data that its ranker was trained on and serves, asked by `simulator diagnose`."""


class Scenario(Study):
    """A scenario file, version 1."""

    sla: Sla | None = None
    """What is promised."""
    traffic: Traffic
    """The queries."""
    funnel: Annotated[tuple[Stage, ...], BeforeValidator(at_least_one("stage"))]
    """The stages, in order."""
    costs: Costs = Costs()
    """Where measured costs come from."""
    merge: Merge = Merge()
    """The broker's work."""
    admission: Admission | None = None
    """Who is let in; everyone unless given."""
    faults: tuple[Fault, ...] = ()
    """What breaks."""
    prices: Prices | None = None
    """What it costs to run."""
    compare: Compare | None = None
    """What `simulator compare` and the report set side by side."""
    size: Size = Size()
    """Where `simulator size` looks."""
    optimize: Optimize | None = None
    """Where `simulator optimize` and the report look; around the scenario's own funnel unless given."""
    quality: QualityWorld = QualityWorld()
    """What the rankers are trained on and the funnel is judged by; a synthetic world unless given."""

    @property
    def offered_qps(self) -> float:
        """The load: the traffic's own, or the one that the SLA promises to sustain; of closed arrivals, the most."""
        if self.traffic.users is not None and self.traffic.think is not None:
            return self.traffic.users / max(self.traffic.think.mean_value(), 1e-9)
        recorded = self.traffic.trace.qps if self.traffic.arrivals == "trace" and self.traffic.trace else None
        qps = self.traffic.qps or recorded or (self.sla.qps if self.sla else None)
        if qps is None:  # load.py refuses such a file
            raise ValueError("a scenario with traffic.qps or sla.qps")
        return qps

    @property
    def queries(self) -> int:
        """Measured queries of a replication: as asked, else all that arrive in a day's duration, or a trace holds."""
        traffic = self.traffic
        if "queries" not in traffic.model_fields_set:
            if traffic.arrivals == "trace" and traffic.trace:
                return len(traffic.trace.times) - (0 if traffic.warmup == "auto" else traffic.warmup)
            if traffic.arrivals == "daily" and traffic.daily:
                return max(1, round(self.offered_qps * traffic.daily.mean_seconds))
        return traffic.queries

    @property
    def objectives(self) -> tuple[tuple[Objective, int | None], ...]:
        """Every objective, with the number of the class of queries that it is about; None for all queries."""
        own = [(objective, c) for c, one in enumerate(self.traffic.classes) for objective in one.objectives]
        return (*((objective, None) for objective in (self.sla.objectives if self.sla else ())), *own)


def known_keys(section: type[Any]) -> tuple[str, ...]:
    """Return the keys that a section of the file may hold."""
    return tuple(field.alias or name for name, field in section.model_fields.items())
