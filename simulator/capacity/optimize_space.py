"""What a search for the best trade may choose: each stage's ranker, keep, shards, replicas and workers, or no stage."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulator.capacity.judged import mean_candidates
from simulator.capacity.quality import TOP_K
from simulator.scenario.model import Scenario, Stage
from simulator.scenario.searches import StageOptimize

__all__ = ["Chosen", "Design", "StageChoices", "choices_of", "design_of", "own_design", "scenario_of"]

KEPT = (0.25, 0.5, 1.0, 2.0, 4.0)
SHARDS = (0.5, 1.0, 2.0)
WORKERS = (1, 2, 4, 8)


class Chosen(NamedTuple):
    """One stage of a design; `ranker` is empty where the stage has none."""

    name: str
    ranker: str
    keep: int
    shards: int
    replicas: int
    workers: int


Design = tuple[Chosen, ...]
"""The stages that are there, in order."""


@dataclass(frozen=True)
class StageChoices:
    """What may be chosen for one stage, counts in rising order."""

    name: str
    ranker: tuple[str, ...]
    keep: tuple[int, ...]
    shards: tuple[int, ...]
    replicas: tuple[int, ...]
    workers: tuple[int, ...]
    optional: bool

    @property
    def count(self) -> int:
        """How many settings there are, none at all among them where the stage may be left out."""
        parts = (self.ranker, self.keep, self.shards, self.replicas, self.workers)
        return math.prod(map(len, parts)) + self.optional


def choices_of(scenario: Scenario) -> tuple[StageChoices, ...]:
    """Return what may be chosen for each stage: what the scenario's `optimize` says, else what lies around its own."""
    return tuple(_choices(scenario, s) for s in range(len(scenario.funnel)))


def _choices(scenario: Scenario, s: int) -> StageChoices:
    """Return what may be chosen for stage `s`; the last one's `keep` is what is shown, and stays."""
    stage, all_of = scenario.funnel[s], mean_candidates(scenario)
    said = scenario.optimize.stages.get(stage.name, StageOptimize()) if scenario.optimize else StageOptimize()
    rankers = tuple(dict.fromkeys(one.ranker for one in scenario.funnel if one.ranker))
    own = stage.keep or all_of
    last = s == len(scenario.funnel) - 1
    around = {own, *(max(TOP_K, round(own * factor)) for factor in KEPT)}
    return StageChoices(
        name=stage.name,
        ranker=said.ranker or (rankers if stage.cost is None else (stage.ranker or "",)),
        keep=said.keep or ((own,) if last else tuple(sorted(min(keep, all_of) for keep in around))),
        shards=said.shards or tuple(sorted({max(1, round(stage.shards * factor)) for factor in SHARDS})),
        replicas=said.replicas or (stage.replicas,),
        workers=said.workers or tuple(sorted({*WORKERS, stage.workers})),
        optional=said.optional and len(scenario.funnel) > 1,
    )


def own_design(scenario: Scenario) -> Design:
    """Return the design that the scenario itself is."""
    entering = mean_candidates(scenario)
    return _handing_down(
        [
            Chosen(one.name, one.ranker or "", one.keep or entering, one.shards, one.replicas, one.workers)
            for one in scenario.funnel
        ],
        entering,
    )


def design_of(scenario: Scenario, chosen: Mapping[str, Chosen]) -> Design:
    """Return the design of the stages in `chosen`, by name: at least one.

    A stage keeps no more than reaches it, and the last that is there as many as the scenario's last would, for that is
    what users see.
    """
    stages = [chosen[stage.name] for stage in scenario.funnel if stage.name in chosen]
    if scenario.funnel[-1].name not in chosen:
        stages[-1] = stages[-1]._replace(keep=scenario.funnel[-1].keep or stages[-1].keep)
    return _handing_down(stages, mean_candidates(scenario))


def _handing_down(stages: list[Chosen], entering: int) -> Design:
    """Return stages that keep at most what reaches them."""
    design = []
    for stage in stages:
        entering = min(entering, stage.keep)
        design.append(stage._replace(keep=entering))
    return tuple(design)


def scenario_of(scenario: Scenario, design: Design) -> Scenario:
    """Return `scenario` with the stages of `design`, all else as it was."""
    by_name = {stage.name: stage for stage in scenario.funnel}
    return scenario.model_copy(update={"funnel": tuple(_stage(by_name[chosen.name], chosen) for chosen in design)})


def _stage(stage: Stage, chosen: Chosen) -> Stage:
    """Return a stage as it was chosen."""
    update = chosen._asdict() | {"ranker": chosen.ranker or None}
    return stage.model_copy(update=update)
