"""What is served of a scenario on a machine that is smaller than it."""

import pytest

from simulator.errors import InputError
from simulator.scenario.model import Scenario
from simulator.serving.funnel import served_funnel


def scenario(*stages, **traffic):
    """A scenario of stages that cost a millisecond."""
    cost = {"distribution": "constant", "mean": "1ms"}
    funnel = [{"name": f"stage-{i}", "cost": cost} | stage for i, stage in enumerate(stages)]
    traffic = {"candidates": 1000, "qps": 10} | traffic
    return Scenario.model_validate({"name": "it", "traffic": traffic, "funnel": funnel})


def sizes(funnel):
    """Shards, replicas and workers by stage."""
    return [(stage.shards, stage.replicas, stage.workers) for stage in funnel.stages]


def test_what_fits_is_served_as_it_is():
    """Two shards on two cores, and nothing to note."""
    found = served_funnel(scenario({"shards": 2}), 2)
    assert sizes(found) == [(2, 1, 1)]
    assert found.candidates.mean_value() == 1000
    assert found.notes == ()


def test_a_shard_keeps_its_candidates_when_the_others_go():
    """Of 10 shards of 100 candidates each 2 are left: 200 enter; replicas and workers go first."""
    found = served_funnel(scenario({"shards": 10, "replicas": 3, "workers": 2}), 2)
    assert sizes(found) == [(2, 1, 1)]
    assert found.candidates.mean_value() == 200
    assert "scaled down from 60 workers to 2" in found.notes[0]


def test_every_stage_has_a_worker_and_its_candidates_by_shard():
    """Three stages on two cores: one worker each, and the 40 of 400 kept that one of 10 shards is given."""
    found = served_funnel(scenario({"keep": 400}, {"shards": 10, "keep": 50}, {}), 2)
    assert sizes(found) == [(1, 1, 1)] * 3
    assert [stage.keep for stage in found.stages] == [40, 500, None]
    assert found.processes == 3
    assert "3 workers share 2 cores" in found.notes[-1]


def test_what_is_not_served_is_said():
    """Policies and faults are left out of both sides; classes and closed loads are refused."""
    hedged = {"hedging": {"after": "5ms", "cancel": "never"}, "deadline": "50ms", "replicas": 2}
    found = served_funnel(scenario(hedged), 2)
    assert found.stages[0].hedging is None
    assert "funnel.stage-0.deadline, funnel.stage-0.hedging" in found.notes[0]
    with pytest.raises(InputError, match="expected an open load to be served"):
        served_funnel(scenario({}, arrivals="closed", users=5, think={"distribution": "constant", "mean": "1s"}), 2)
