"""What the reference engine's broker knows: the shards of a stage, and the queries that wait for their answers."""

from dataclasses import dataclass, field

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.engine.servers import Replica, Request

__all__ = ["Call", "Shard", "Visit"]


@dataclass
class Shard:
    """One shard of one stage: its replicas, what was sent to each and not answered, who is barred, and the turn."""

    replicas: list[Replica]
    outstanding: NDArray[np.int64]
    barred: NDArray[np.int64]
    turn: int = 0


@dataclass(eq=False)
class Call:
    """One query's call to one shard: its attempts on their way, as far as the broker waits for them."""

    visit: "Visit"
    shard: int
    candidates: int
    tried: int = 0
    retries: int = 0
    alive: list[Request] = field(default_factory=list)
    resolved: bool = False


@dataclass(eq=False)
class Visit:
    """A query in a stage; `done` happens when the stage ends, with whether its deadline ended it."""

    query: int
    stage: int
    start: float
    done: simpy.Event
    calls: list[Call] = field(default_factory=list)
    unresolved: int = 0
    answered: int = 0
    latest: float = -1.0
    open: bool = True
