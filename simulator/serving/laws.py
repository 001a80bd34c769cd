"""What calls, the wire and the broker take, learnt from the very processes that serve, as a scenario for the engines.

A call that found its worker waiting follows the idle law, one that came behind another the busy law. The time on the
wire is that of requests that did not wait; of it, and of merging, what is the broker's own work is measured as
processor time, and stands in the merge's queue, where queries wait for one another.

Shapes: n calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import PrivateAttr

from simulator.costs.fit import fit_affine
from simulator.distributions.base import FloatArray, Law
from simulator.distributions.empirical import Empirical
from simulator.scenario.model import AffineCost, Merge, Network, Scenario, Stage
from simulator.scenario.policies import Fault
from simulator.serving.broker import Called, Merged

__all__ = ["FEWEST", "STALL_S", "Observed", "StageLaws", "laws_of", "laws_of_stage", "pooled", "scenario_of", "stalled"]

OFTEN = 0.25
"""A later stage whose calls are less often behind another shows mostly slow ones there: all of its calls stand in."""
STALL_S = 500e-6
"""A query that is entered later than this found the broker standing still: the machine had other things to do."""
FEWEST = 10
"""Calls of a kind that a law takes; with fewer the other kind's stands in."""


@dataclass(frozen=True)
class Observed:
    """What was seen of the processes for a while.

    Attributes
    ----------
    calls, merges
        Of all stages.
    broker_s
        Processor time that the broker took for a request.
    seconds
        How long was watched for stalls.
    stalls
        Seconds of each time that the broker stood still, longer than STALL_S.
    """

    calls: tuple[Called, ...]
    merges: tuple[Merged, ...]
    broker_s: float
    seconds: float = 0.0
    stalls: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class StageLaws:
    """What a stage's calls take, in seconds, shape (n,) each.

    Attributes
    ----------
    sizes, busy
        Candidates and seconds of calls behind another.
    idle_sizes, idle
        Those of calls whose worker had waited.
    request, response
        On the wire, there and back.
    merge
        Of merges.
    broker_s
        The broker's processor time for a request.
    by_shard
        Mean seconds of a call of each shard over the mean of all.
    """

    sizes: FloatArray
    busy: FloatArray
    idle_sizes: FloatArray
    idle: FloatArray
    request: FloatArray
    response: FloatArray
    merge: FloatArray
    broker_s: float
    by_shard: tuple[float, ...]


class _Fitted(AffineCost):
    """A cost as measured: fixed + per_candidate n, times one of the ratios seen."""

    _ratios: tuple[float, ...] = PrivateAttr(default=(1.0,))

    @classmethod
    def of(cls, sizes: FloatArray, seconds: FloatArray) -> "_Fitted":
        """Return the cost of calls; one size tells nothing of a candidate more."""
        fixed, each = (float(seconds.mean()), 0.0) if np.ptp(sizes) == 0 else fit_affine(sizes, seconds)
        cost = cls.model_construct(fixed=fixed, per_candidate=each, cv=0.0)
        cost._ratios = tuple((seconds / (fixed + each * sizes)).tolist())  # noqa: SLF001  of this very class
        return cost

    def noise(self) -> Law[float]:
        return Empirical[float].of(self._ratios)


def pooled(observed: Sequence[Observed]) -> Observed:
    """Return several whiles as one."""
    calls, merges, stalls = (
        tuple(one for part in observed for one in getattr(part, name)) for name in ("calls", "merges", "stalls")
    )
    broker_s = float(np.mean([one.broker_s for one in observed]))
    return Observed(calls, merges, broker_s, sum(one.seconds for one in observed), stalls)


def stalled(arrivals: FloatArray, observed: Observed, rng: np.random.Generator) -> FloatArray:
    """Return when queries that arrive at `arrivals`, shape (Q,), rising, get in where the broker stands still at times.

    Stalls come as a Poisson process at the rate at which they were seen, each as long as one of them; what arrives in
    one gets in at its end, all together.
    """
    if not observed.stalls:
        return arrivals
    count = rng.poisson(len(observed.stalls) / observed.seconds * (arrivals[-1] - arrivals[0]))
    starts = np.sort(rng.uniform(arrivals[0], arrivals[-1], count))
    found = arrivals.copy()
    for start, length in zip(starts.tolist(), rng.choice(observed.stalls, count).tolist(), strict=True):
        inside = (found >= start) & (found < start + length)
        found[inside] = start + length
    return found


def laws_of(observed: Observed, stages: Sequence[Stage]) -> list[StageLaws]:
    """Return the laws of each stage; all were called."""
    return [laws_of_stage(observed, s, stage) for s, stage in enumerate(stages)]


def laws_of_stage(observed: Observed, s: int, stage: Stage) -> StageLaws:
    """Return the laws of stage `s`, which was called."""
    calls = [call for call in observed.calls if call.worker[0] == s]
    waited = [call for call in calls if call.waited]
    behind = [call for call in calls if not call.waited]
    least = max(FEWEST, OFTEN * len(calls)) if s else FEWEST
    idle, busy = waited if len(waited) >= FEWEST else calls, behind if len(behind) >= least else calls
    of_shard = [[_seconds(call) for call in calls if call.worker[1] == j] for j in range(stage.shards)]
    mean = float(np.mean([_seconds(call) for call in calls]))
    return StageLaws(
        sizes=np.array([call.candidates for call in busy], dtype=float),
        busy=np.array([_seconds(call) for call in busy]),
        idle_sizes=np.array([call.candidates for call in idle], dtype=float),
        idle=np.array([_seconds(call) for call in idle]),
        request=_requests(calls),
        response=np.array([call.back - call.ended for call in calls]),
        merge=np.array([one.seconds for one in observed.merges if one.stage == s]),
        broker_s=observed.broker_s,
        by_shard=tuple(float(np.mean(one)) / mean if one else 1.0 for one in of_shard),
    )


def _requests(calls: Sequence[Called]) -> FloatArray:
    """Return the time of requests until their worker has them: how late they were entered, and how long on the wire.

    The wire shows in requests that did not wait alone, how late they were in all. What is later than STALL_S came
    while the broker stood still, which hits all queries of that time together.
    """
    wire = np.array([call.received - call.entered for call in calls if call.waited] or [0.0])
    late = np.array([call.entered - call.began for call in calls])
    late = late[late <= STALL_S] if (late <= STALL_S).any() else np.zeros(1)
    found: FloatArray = late + np.resize(np.random.default_rng(0).permutation(wire), late.size)
    return found


def _seconds(call: Called) -> float:
    """Return how long the worker had a call: since it came, or since the call before it where it had to wait."""
    return call.ended - (call.received if call.waited else call.before)


def scenario_of(scenario: Scenario, laws: Sequence[StageLaws]) -> Scenario:
    """Return `scenario` with everything that was measured in the place of what it says."""
    stages = tuple(_with(stage, law) for stage, law in zip(scenario.funnel, laws, strict=True))
    slow = tuple(
        Fault.model_construct(kind="slow", stage=stage.name, shards=(j,), factor=factor)
        for stage, law in zip(scenario.funnel, laws, strict=True)
        for j, factor in enumerate(law.by_shard)
        if stage.shards > 1
    )
    merge = Merge(fixed=None, per_shard=None, workers=1).model_copy(update=_merge(scenario.funnel, laws))
    return scenario.model_copy(update={"funnel": stages, "merge": merge, "faults": slow})


def _merge(stages: Sequence[Stage], laws: Sequence[StageLaws]) -> dict[str, float]:
    """Return what a merge takes of the broker, with its work for the requests: so much for each shard's."""
    own = [float(law.merge.mean()) / stage.shards for stage, law in zip(stages, laws, strict=True)]
    each = max(float(np.mean([law.broker_s for law in laws])), float(np.mean(own)))
    return {"fixed": 0.0, "per_shard": each}


def _with(stage: Stage, law: StageLaws) -> Stage:
    """Return a stage with its measured costs and times on the wire, less what is in the merge's queue."""
    wire = float(law.request.mean() + law.response.mean())
    on_wire = wire + float(law.merge.mean()) - stage.shards * max(law.broker_s, float(law.merge.mean()) / stage.shards)
    left = max(0.0, on_wire / wire) if wire > 0 else 0.0
    network = Network().model_copy(
        update={
            "request": Empirical[float].of((left * law.request).tolist()),
            "response": Empirical[float].of((left * law.response).tolist()),
        }
    )
    costs = {"cost": _Fitted.of(law.sizes, law.busy), "idle_cost": _Fitted.of(law.idle_sizes, law.idle)}
    return stage.model_copy(update={"ranker": None, "network": network, **costs})
