"""A cost profile from what was seen of processes that served: for scenarios that are to be simulated as they ran."""

from collections.abc import Callable, Iterable

import numpy as np

from simulator.costs.calibrate import provenance
from simulator.costs.fit import fit_law
from simulator.costs.profile import CostLaw, Profile, RankerCost, Served, quantiles_of
from simulator.data.features import FloatArray
from simulator.errors import InputError
from simulator.serving.laws import StageLaws
from simulator.serving.validation import JUDGED_TO, Validation

__all__ = ["profile_of"]


def profile_of(answer: Validation, name: str) -> Profile:
    """Return the costs of the rankers that were served, called `name`, as seen beside the loads that are judged.

    Raises
    ------
    InputError
        Where no ranker was served: calls that are stood in for cost what the scenario says.
    """
    rankers, served, merges = {}, {}, list[FloatArray]()
    for s, stage in enumerate(answer.funnel.stages):
        laws = [cell.watched[s] for cell in answer.cells if cell.load <= JUDGED_TO]
        merges += [law.merge for law in laws]
        if stage.ranker is None or stage.cost is not None or not laws:
            continue
        rankers[stage.ranker] = RankerCost(
            busy=_law(laws, lambda law: (law.sizes, law.busy)), idle=_law(laws, lambda law: (law.idle_sizes, law.idle))
        )
        served[stage.ranker] = Served(
            request_s=quantiles_of(np.concatenate([law.request for law in laws])),
            response_s=quantiles_of(np.concatenate([law.response for law in laws])),
            broker_s=float(np.mean([law.broker_s for law in laws])),
            contention=answer.contention[s],
        )
    if not rankers:
        raise InputError("--profile: expected a funnel of rankers served at 80% load or less, got none of either")
    shards = max(stage.shards for stage in answer.funnel.stages)
    merge = fit_law({shards: np.maximum(np.concatenate(merges), 1e-9)})
    return Profile(name=name, provenance=provenance(), rankers=rankers, merge=merge, served=served)


def _law(laws: Iterable[StageLaws], part: Callable[[StageLaws], tuple[FloatArray, FloatArray]]) -> CostLaw:
    """Return the law of calls by their candidates."""
    sizes, seconds = (np.concatenate(one) for one in zip(*map(part, laws), strict=True))
    return fit_law({round(float(size)): seconds[sizes == size] for size in np.unique(sizes)})
