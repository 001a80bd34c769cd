"""The search for the best trades: what it may choose, what it leaves out, and that it can be interrupted."""

import json
import sys
from types import SimpleNamespace

import pytest

from simulator.capacity.frontier import dominates, frontier
from simulator.capacity.optimize import OptimizeAnswer, optimize
from simulator.capacity.optimize_space import Chosen, choices_of, design_of, own_design, scenario_of
from simulator.capacity.optimize_trial import FRESH, Trials
from simulator.costs.profile import load_profile
from simulator.errors import InputError, ScenarioError
from simulator.scenario.load import parse_scenario

TWO = [
    {"name": "first", "ranker": "two_tower", "shards": 2, "workers": 1, "keep": 100},
    {"name": "second", "ranker": "mlp", "workers": 2, "keep": 20},
]
SPACE = {
    "first": {"keep": [20, 50, 200], "workers": "1-3"},
    "second": {"ranker": ["mlp", "logistic"], "workers": "1-2"},
}


def scenario(qps=200, stages=SPACE, funnel=TWO, candidates=2000, **sections):
    """Two stages over 2,000 candidates, simulated briefly."""
    asked = {
        "name": "small",
        "sla": {"qps": qps, "objectives": ["p99 < 5ms"]},
        "traffic": {"candidates": candidates, "queries": 500, "replications": 3},
        "funnel": funnel,
        "prices": {"worker_hour": 0.1},
        "optimize": {"trials": 12, "stages": stages},
    }
    return parse_scenario(json.dumps(asked | sections))


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> OptimizeAnswer:
    """A search of twelve trials in one go."""
    return optimize(scenario(), journal=tmp_path_factory.mktemp("one") / "journal")


def designs(answer: OptimizeAnswer) -> list[tuple]:
    """What a search tried and found, in order."""
    return [(one.design, one.ndcg, one.p99, one.cost) for one in answer.tried]


def test_the_frontier_is_one(found):
    """No point of it dominates another, and the best quality comes first."""
    assert found.points
    assert not any(dominates(a.judged_by, b.judged_by) for a in found.points for b in found.points)
    ndcgs = [point.quality.ndcg.value for point in found.points]
    assert ndcgs == sorted(ndcgs, reverse=True)


def test_points_are_confirmed_with_fresh_seeds(found):
    """Every point was simulated in full with a seed that the search did not use, and its run is not saturated."""
    for point in found.points:
        assert point.run.plan.seed == found.scenario.seed + FRESH
        assert point.run.plan.replications == 3
        assert not point.run.saturated


def test_every_trial_is_a_new_design_of_the_space(found):
    """Twelve trials are twelve designs, each with what the scenario offers for its stages."""
    tried = [one.design for one in found.tried[1:]]
    assert found.ended["simulated"] == len(tried) == len(set(tried)) == 12
    for design in tried:
        for stage in design:
            offered = next(one for one in found.choices if one.name == stage.name)
            assert stage.ranker in offered.ranker
            assert stage.workers in offered.workers


def test_the_scenarios_own_design_is_judged_too(found):
    """The first that is tried is the scenario as it stands, and it is confirmed beside the frontier."""
    assert found.tried[0].design == own_design(found.scenario)
    assert found.own.design == own_design(found.scenario)
    assert found.own_is_best or found.better_than_own


def test_a_search_that_was_interrupted_goes_on_as_if_it_was_not(found, tmp_path, monkeypatch):
    """Ctrl-C in the fifth simulation, then the same call: the same designs in the same order, none simulated twice."""
    looked, look = [], Trials.look

    def until_the_fifth(self, design):
        if len(looked) == 5:
            looked.append(None)
            raise KeyboardInterrupt
        looked.append(design)
        return look(self, design)

    monkeypatch.setattr(Trials, "look", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        optimize(scenario(), journal=tmp_path / "journal")
    again = optimize(scenario(), journal=tmp_path / "journal")
    assert designs(again) == designs(found)
    assert again.ended == found.ended
    once = [design for design in looked if design not in (None, own_design(again.scenario))]
    assert len(once) == len(set(once)) == 12


def test_more_trials_go_on_from_fewer(found, tmp_path):
    """Five trials and then twelve are what twelve are."""
    few = optimize(scenario(), trials=5, journal=tmp_path / "journal")
    assert designs(few) == designs(found)[:6]
    assert designs(optimize(scenario(), journal=tmp_path / "journal")) == designs(found)


def test_another_scenario_does_not_take_over_a_journals_trials(found, tmp_path):
    """With another seed in the same file, the search starts anew and simulates as many designs."""
    optimize(scenario(), trials=3, journal=tmp_path / "journal")
    other = optimize(scenario(seed=2), trials=3, journal=tmp_path / "journal")
    assert other.ended["simulated"] == 3
    assert {one.p99 for one in other.tried}.isdisjoint(one.p99 for one in found.tried)


def test_a_small_space_is_searched_to_its_end(tmp_path):
    """Where there are fewer designs than trials each is simulated once, and the search ends."""
    small = {"first": {"keep": 50, "shards": 1, "workers": [1, 2], "ranker": "logistic", "optional": False}}
    small["second"] = {"ranker": "mlp", "shards": 1, "workers": 2, "optional": False}
    answer = optimize(scenario(stages=small), journal=tmp_path / "journal")
    assert answer.ended["simulated"] == 2


def test_overloaded_designs_are_never_on_the_frontier(tmp_path):
    """At a load that one worker cannot bear, designs with one are refused by the utilisation law, unsimulated."""
    funnel = [TWO[1] | {"workers": 4}]
    stages = {"second": {"ranker": "mlp", "shards": 1, "workers": [1, 4]}}
    answer = optimize(scenario(qps=3000, stages=stages, funnel=funnel), journal=tmp_path / "journal")
    assert answer.ended["overloaded"] > 0
    assert [point.design[0].workers for point in answer.points] == [4]
    assert max(point.run.load.highest for point in answer.points) < 1


def test_where_every_design_is_overloaded_there_is_none(tmp_path):
    """With no design that bears the load the frontier is empty, and so is the scenario's own place."""
    funnel = [TWO[1] | {"workers": 1}]
    stages = {"second": {"ranker": "mlp", "shards": 1, "workers": 1}}
    answer = optimize(scenario(qps=20_000, stages=stages, funnel=funnel), journal=tmp_path / "journal")
    assert (answer.points, answer.own, answer.pick) == ((), None, None)


def test_the_frontier_is_of_what_was_confirmed(tmp_path, monkeypatch):
    """Where fresh seeds show all designs equally good and quick, only the cheapest is left of them."""

    def confirm(_, design):
        cost = sum(stage.shards * stage.workers for stage in design)
        return SimpleNamespace(design=design, judged_by=(0.0, 0.0, cost), cost=cost, run=SimpleNamespace(warnings=()))

    monkeypatch.setattr(Trials, "confirm", confirm)
    answer = optimize(scenario(), journal=tmp_path / "journal")
    (point,) = answer.points
    assert len(frontier(answer.tried, lambda one: one.judged_by)) > 1
    assert point.cost == min(round(one.cost / 0.1) for one in frontier(answer.tried, lambda one: one.judged_by))


def test_the_pick_is_the_cheapest_that_is_as_good(found):
    """No point that meets the SLA with as many good documents costs less than the one that is picked."""
    assert found.pick.run.verdict == "met"
    best = next(point for point in found.points if point.run.verdict == "met")
    cheaper = [one for one in found.points if one.cost < found.pick.cost and one.run.verdict == "met"]
    assert all((best.quality.ndcgs - one.quality.ndcgs).mean() > 0 for one in cheaper)


def test_a_stage_may_be_left_out():
    """Without the last stage the one before it shows as many results as users are to see."""
    asked = scenario()
    first = Chosen("first", "logistic", 200, 1, 1, 2)
    (alone,) = design_of(asked, {"first": first})
    assert alone == first._replace(keep=20)
    (stage,) = scenario_of(asked, (alone,)).funnel
    assert (stage.ranker, stage.keep, stage.workers) == ("logistic", 20, 2)


def test_a_stage_keeps_no_more_than_reaches_it():
    """What a later stage keeps is cut to what the one before it hands on."""
    chosen = {"first": Chosen("first", "mlp", 10, 1, 1, 1), "second": Chosen("second", "mlp", 20, 1, 1, 1)}
    assert [stage.keep for stage in design_of(scenario(), chosen)] == [10, 10]


def test_what_is_not_said_lies_around_the_scenarios_own():
    """Without a section a stage's keep, shards and workers vary about its own, and its rankers are the funnel's."""
    first, second = choices_of(scenario(optimize=None))
    assert first.keep == (25, 50, 100, 200, 400)
    assert (first.shards, first.workers, first.replicas) == ((1, 2, 4), (1, 2, 4, 8), (1,))
    assert first.ranker == second.ranker == ("two_tower", "mlp")
    assert second.keep == (20,)


def test_a_ranker_beyond_what_was_measured_is_not_simulated():
    """A design that asks a ranker for far more than it was measured with is refused with that reason."""
    asked = scenario(candidates=1_000_000_000, funnel=[TWO[0] | {"shards": 2000}, TWO[1]])
    trials = Trials(asked, load_profile("default"), "compiled")
    assert trials.reason_against((Chosen("second", "mlp", 20, 1, 1, 1),)) == "not measured"


def test_a_stage_without_a_ranker_is_refused(tmp_path):
    """Where quality cannot be judged nothing is searched, and the stage is named."""
    with pytest.raises(InputError, match=r"expected for every stage a ranker.* got first: none"):
        optimize(scenario(funnel=[{"name": "first", "cost": "1ms"}, TWO[1]]), journal=tmp_path / "journal")


def test_without_optuna_the_extra_is_named(tmp_path, monkeypatch):
    """Where optuna is not installed one message says what to install."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install 'capacity-simulator\[optimize\]'"):
        optimize(scenario(), journal=tmp_path / "journal")


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ({"frist": {}}, "did you mean first?"),
        ({"first": {"ranker": "mpl"}}, "mlp"),
        ({"first": {"ranker": []}}, "at least one ranker"),
        ({"first": {"keep": "9-3"}}, "a range that rises"),
        ({"first": {"wokers": 3}}, "did you mean workers?"),
    ],
)
def test_choices_that_cannot_be_read_are_refused(stages, said):
    """What is misspelt or out of range in the section is named with its remedy."""
    with pytest.raises(ScenarioError, match=said.replace("?", r"\?")):
        scenario(stages=stages)
