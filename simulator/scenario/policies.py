"""What a scenario says about policies and faults; what each of them means is said in simulator/policies."""

from typing import Literal

from pydantic import Field

from simulator.scenario.fields import Attempts, Choice, Count, Delay, Duration, Factor, Share, Slug
from simulator.scenario.section import Section

__all__ = ["Autoscaling", "Batching", "Fault", "Hedging", "Retry"]


class Hedging(Section):
    """A second attempt at each call that is slow to answer."""

    after: Delay
    """When it is sent: a duration, or a percentile of the stage's own service and network at no load."""
    cancel: Literal["never", "on_start", "on_response"] = "never"
    """When the loser is withdrawn: when its twin begins service, when its twin has answered, or never."""


class Retry(Section):
    """Further attempts at a call whose attempts were refused, lost, or given up."""

    attempts: Attempts
    """Attempts at one call in all, the first among them."""
    backoff: Duration = 0.0
    """How long the first retry waits; each further one twice as long."""
    jitter: Share = 0.0
    """Share by which a wait varies to either side."""
    budget: Share | None = None
    """Retries per call of the whole stage at most; no budget unless given."""
    timeout: Duration | None = None
    """When an attempt is given up; never unless given."""


class Batching(Section):
    """Requests that wait for the same worker are served together."""

    size: Count
    """The most requests in a batch."""
    wait: Duration = 0.0
    """How long a free worker waits for a batch to fill, from the arrival of its first request."""


class Autoscaling(Section):
    """A number of replicas that follows how busy they are; `replicas` is the number at the start."""

    target: Share
    """Utilisation to aim at."""
    interval: Duration
    """How often the number is looked at."""
    delay: Duration = 0.0
    """How long a new replica takes until it serves."""
    min: Count = 1
    """The fewest replicas."""
    max: Count
    """The most replicas."""


class Fault(Section):
    """Something that breaks: slow shards, replicas that are down, workers that pause."""

    kind: Literal["slow", "down", "pause"]
    """What happens."""
    stage: Slug
    """Where."""
    shards: Choice | None = None
    """Which shards: a share, a count of the first ones, or a list of numbers from 0; all unless given."""
    replicas: Choice | None = None
    """Of down: which replicas of those shards, written as shards are; the first one unless given."""
    factor: Factor | None = None
    """Of slow: how many times as long a call takes."""
    start: Duration | None = Field(default=None, alias="from")
    """When it begins; a slow shard is slow from the start unless given."""
    length: Duration | None = Field(default=None, alias="for")
    """How long it lasts; a slow shard stays slow unless given."""
    mttf: Duration | None = None
    """Of down: mean time to failure, exponential, instead of from and for."""
    mttr: Duration | None = None
    """Of down: mean time to repair, exponential."""
    every: Duration | None = None
    """Of pause: mean time between the pauses of a worker, exponential."""
