"""What the plan alone says of its load: the utilisation law, stage by stage. Letters: Q queries, S stages."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.engine.arrivals import entering_candidates
from simulator.engine.curve import curve_value, moments_over
from simulator.engine.plan import NOISE, Plan
from simulator.engine.traffic import span_factors
from simulator.policies.shedding import NO_LIMIT
from simulator.statistics.moments import service_moments

__all__ = ["FULL", "Load", "offered_load"]

_DRAWS = 1 << 17

FULL = 1 - 1e-9
"""The utilisation from which a queue is offered all it can serve: 1, but for rounding."""


@dataclass(frozen=True)
class Load:
    """Load offered to a plan's queues.

    Attributes
    ----------
    mean_service_s
        One a stage: mean seconds of a call to its most loaded shard, by the busy law.
    utilization
        One a stage: offered load over workers, rho = lambda E[S] / c; at or over 1 no steady state exists.
    merge_utilization
        The same of the broker's queue; 0 where a merge is a plain delay.
    peak
        The highest rate of the run over its mean rate: in a burst, at the day's peak.
    busiest_shard
        One a stage: the number of the shard that the two first are about; None where all shards are alike.
    service_scv
        One a stage: the squared coefficient of variation of such a call, faults aside; may be infinite.
    """

    mean_service_s: tuple[float, ...]
    utilization: tuple[float, ...]
    merge_utilization: float
    peak: float = 1.0
    busiest_shard: tuple[int | None, ...] = ()
    service_scv: tuple[float, ...] = ()

    @property
    def highest(self) -> float:
        """The utilisation of the most loaded queue, over the run."""
        return max(*self.utilization, self.merge_utilization)

    @property
    def at_peak(self) -> float:
        """The utilisation of the most loaded queue while the rate is highest; over 1 a backlog grows meanwhile."""
        return self.highest * self.peak

    def scaled(self, factor: float) -> "Load":
        """Return the load at `factor` times the queries a second."""
        loads = tuple(rho * factor for rho in self.utilization)
        return replace(self, utilization=loads, merge_utilization=self.merge_utilization * factor)

    def by_queue(self, plan: Plan) -> dict[str, float]:
        """Return the utilisation of every queue of `plan` by name; "merge" is the broker's."""
        return dict(zip([*plan.names, "merge"], [*self.utilization, self.merge_utilization], strict=True))

    def busiest(self, plan: Plan) -> str:
        """Return the queue that fills up first."""
        loads = self.by_queue(plan)
        return max(loads, key=lambda name: loads[name])

    def saturated(self, plan: Plan) -> tuple[str, ...]:
        """Return the names of the queues of `plan` offered all they can serve or more; "merge" is the broker's.

        A stage that turns work away or gives it up is never saturated, nor is any where users wait for their answers
        before they ask again: what they cannot serve shows in errors, coverage or waiting.
        """
        kept = [*(~plan.sheds).tolist(), plan.door.users == 0 and plan.door.admission >= NO_LIMIT]
        loads = self.by_queue(plan).items()
        return tuple(name for (name, rho), grows in zip(loads, kept, strict=True) if rho >= FULL and grows)


def offered_load(plan: Plan) -> Load:
    """Return the load that `plan` offers, by the utilisation law (Little's law on the servers).

    Random candidate counts are averaged over the first draws of the first replication. The rate is the mean over the
    run: of a part of a day the rate of that part. What hedges and retries add is not known beforehand and left out.
    """
    entering = entering_candidates(plan, 0, count=min(plan.total_queries, _DRAWS))
    mean, highest = span_factors(plan.arrivals, plan.total_queries / plan.qps)
    rate = plan.qps * mean * (1 - plan.door.hit_rate)
    services, utilizations, busiest, spreads, merging = [], [], [], [], 0.0
    for s in range(len(plan.names)):
        shards, servers = int(plan.stages.shards[s]), int(plan.stages.replicas[s] * plan.stages.workers[s])
        most = _most_work(plan, s, entering)
        service = most.seconds * float(plan.laws.mean[4 * s + NOISE])
        busiest.append(most.shard)
        spreads.append(service_moments(plan, s, most.candidates).scv)
        services.append(service)
        utilizations.append(rate * service / servers)
        lists = round(float(np.minimum(entering, shards).mean()))
        merging += curve_value(plan.curves, plan.merge_curve, lists) * float(plan.laws.mean[plan.merge_noise])
        entering = np.minimum(entering, plan.stages.keep[s])
    merge_utilization = rate * merging / plan.merge_workers if plan.merge_workers else 0.0
    return Load(tuple(services), tuple(utilizations), merge_utilization, highest / mean, tuple(busiest), tuple(spreads))


class _Most(NamedTuple):
    """The shard that works longest on a query, None where all are alike; its mean seconds, noise aside, its batches."""

    shard: int | None
    seconds: float
    candidates: NDArray[np.int64]


def _most_work(plan: Plan, s: int, entering: NDArray[np.int64]) -> _Most:
    """Return which shard of stage `s` works longest on a query, and how long.

    Of shards that are equally slow the largest works longest, since a call never gets quicker by more candidates.
    """
    shards = int(plan.stages.shards[s])
    if plan.sizes[s].size == 0 and plan.slow.first[s] == plan.slow.first[s + 1]:
        return _work(plan, s, None, 1.0, -(-entering // shards))
    sizes = np.diff(plan.sizes[s]) if plan.sizes[s].size else np.full(shards, 1 / shards)
    factors = _lasting_factors(plan, s)
    found = []
    for factor in np.unique(factors):
        shard = int(np.argmax(np.where(factors == factor, sizes, -1.0)))
        share = np.ceil(entering * float(sizes[shard])).astype(np.int64)
        found.append(_work(plan, s, shard, float(factor), share))
    most = max(found, key=lambda one: one.seconds)
    alike = sizes.max() == sizes.min() and factors.max() == factors.min()
    return most._replace(shard=None) if alike else most


def _lasting_factors(plan: Plan, s: int) -> NDArray[np.float64]:
    """Return how many times as long a call to each shard takes through the whole run, shape (N,)."""
    slow, shards = plan.slow, int(plan.stages.shards[s])
    factors = np.ones(shards)
    for w in range(int(slow.first[s]), int(slow.first[s + 1])):
        if slow.start[w] <= 0 and np.isinf(slow.end[w]):
            factors[slow.hit[slow.at[w] : slow.at[w] + shards]] *= slow.factor[w]
    return factors


def _work(plan: Plan, s: int, shard: int | None, factor: float, candidates: NDArray[np.int64]) -> _Most:
    """Return what a shard works on requests of so many candidates, `factor` times as long as usual, in full batches."""
    batch = int(plan.stages.batch[s])
    mean, _ = moments_over(plan.curves, 2 * s, candidates * batch)
    return _Most(shard, factor * mean / batch, candidates * batch)
