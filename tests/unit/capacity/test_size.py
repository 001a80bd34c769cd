"""The cheapest system against Erlang's formula, against trying every design, and where there is none."""

import json
import math
from itertools import product
from pathlib import Path

import jsonschema
import pytest

import simulator
from simulator.capacity import size
from simulator.capacity.size import SizeAnswer, find_size, total_workers
from simulator.capacity.size_space import Setting, with_design
from simulator.capacity.size_trial import Trials
from simulator.costs.profile import load_profile
from simulator.errors import InputError
from simulator.report.size_document import size_document
from simulator.report.size_text import advice, nearest_miss, size_sentence
from simulator.scenario.load import parse_scenario

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}
SCHEMA = json.loads((Path(simulator.__file__).parent / "report" / "size.schema.json").read_text())
MOST_SIMULATED = 0.15
"""The share of a small grid that a search simulates at most."""


def asked(*objectives: str, qps: float = 2.5, funnel=None, queries: int = 10_000, **sections):
    """A scenario of queues of exponential services of mean 1 s, without merge."""
    return parse_scenario(
        json.dumps(
            {
                "name": "queue",
                "sla": {"qps": qps, "objectives": list(objectives)},
                "traffic": {"candidates": 10, "queries": queries, "replications": 10},
                "funnel": funnel or [{"name": "s", "cost": EXPONENTIAL}],
                "merge": {"fixed": "0s"},
            }
            | sections
        )
    )


def choices(**stages):
    """What may be chosen of each stage: (shards, replicas, workers) as the scenario writes them."""
    keys = ("shards", "replicas", "workers")
    return {"stages": {name: dict(zip(keys, said, strict=True)) for name, said in stages.items()}}


def erlang_tail(load: float, workers: int, time: float) -> float:
    """P(T > time) of M/M/c with services of mean 1 (Gross & Harris, Fundamentals of Queueing Theory, 2.3)."""
    blocked = load**workers / math.factorial(workers) / (1 - load / workers)
    waits = blocked / (sum(load**k / math.factorial(k) for k in range(workers)) + blocked)
    alone, behind = math.exp(-time), math.exp(-(workers - load) * time)
    if abs(workers - 1 - load) < 1e-9:
        return alone + waits * time * alone
    return alone + waits * (alone - behind) / (workers - 1 - load)


def fewest(load: float, time: float) -> int:
    """The fewest workers of M/M/c whose p99 is below `time`, at least 3% below; with one fewer it is 3% above."""
    enough = [erlang_tail(load, c, time) < 0.01 for c in range(math.ceil(load + 1e-9), 30)]
    c = math.ceil(load + 1e-9) + enough.index(True)
    assert erlang_tail(load, c, time * 0.97) < 0.01
    assert c - 1 <= load or erlang_tail(load, c - 1, time * 1.03) > 0.01
    return c


def workers_of(answer: SizeAnswer) -> int:
    """The winner's workers in all."""
    assert answer.winner is not None
    return total_workers(answer.winner.design)


@pytest.mark.parametrize(("load", "time"), [(0.5, 5.5), (2.5, 6.5), (2.5, 4.87), (5.5, 6.5)])
def test_one_queue_gets_as_many_workers_as_erlang_says(load, time):
    """On one M/M/c queue the winner has the fewest workers whose p99 Erlang's formula puts below the limit."""
    answer = find_size(asked(f"p99 < {time}s", qps=load, size=choices(s=(1, 1, "1-12"))))
    assert workers_of(answer) == fewest(load, time)
    assert answer.winner.proven


def test_headroom_costs_what_the_formula_says():
    """With 60% headroom the winner has the workers that Erlang's formula asks for at 1.6 times the load."""
    scenario = asked("p99 < 5.6s", size=choices(s=(1, 1, "1-12")))
    answer = find_size(scenario, headroom=0.6)
    assert answer.target_qps == pytest.approx(4.0)
    assert workers_of(answer) == fewest(4.0, 5.6) > fewest(2.5, 5.6)


def test_to_survive_a_loss_costs_one_more_replica():
    """Where each replica has the workers that are needed alone, surviving one loss takes two of them, and two three."""
    scenario = asked("p99 < 5.6s", size=choices(s=(1, "1-4", fewest(2.5, 5.6))))
    alone = fewest(2.5, 5.6)
    assert [workers_of(find_size(scenario, survive=lost)) for lost in (0, 1, 2)] == [alone, 2 * alone, 3 * alone]


def test_a_loss_is_survived_at_every_stage_in_turn():
    """Each stage has a replica to spare, and fresh seeds met the SLA whole and after each stage's loss."""
    funnel = [{"name": "a", "cost": EXPONENTIAL}, {"name": "b", "cost": EXPONENTIAL}]
    scenario = asked("p99 < 12s", qps=0.5, funnel=funnel, size=choices(a=(1, "1-3", "1-3"), b=(1, "1-3", "1-3")))
    answer = find_size(scenario, survive=1)
    assert all(setting.replicas >= 2 for setting in answer.winner.design)
    assert answer.winner.cases[0][0].lost == ""
    assert {trial.lost for trial, _ in answer.winner.cases} == {"", "a", "b"}
    assert {run.plan.stages.replicas.tolist()[0] for trial, run in answer.winner.cases if trial.lost == "a"} == {
        answer.winner.design[0].replicas - 1
    }
    assert {run.verdict for _, run in answer.winner.cases} == {"met"}


def tandem(limit: str, **traffic):
    """Two stages that share a narrow budget: 4 x 2 x 4 settings of the first, 2 x 6 of the second."""
    funnel = [
        {"name": "a", "cost": {"fixed": "200ms", "per_candidate": "80ms", "cv": 0.5}},
        {"name": "b", "cost": EXPONENTIAL},
    ]
    return asked(
        limit, qps=1.5, funnel=funnel, queries=4_000, size=choices(a=([1, 2, 3, 4], "1-2", "1-4"), b=(1, "1-2", "1-6"))
    )


@pytest.mark.parametrize("limit", ["p99 < 7.5s", "p99 < 6.2s", "mean < 2.2s"])
@pytest.mark.parametrize("survive", [0, 1])
def test_the_search_finds_what_trying_every_design_finds(limit, survive):
    """No design of the grid that meets the SLA in a full run is cheaper than the winner, and few are simulated."""
    scenario = tandem(limit)
    answer = find_size(scenario, survive=survive)
    trials = Trials(scenario, load_profile("default"), "compiled", survive)
    grid = [
        [Setting(*one) for one in product(s.space.shards, s.space.replicas, s.space.workers)] for s in answer.bounds
    ]
    designs = [design for design in product(*grid) if all(one.replicas > survive for one in design)]
    cheaper = [design for design in designs if total_workers(design) < workers_of(answer)]
    passed = [design for design in cheaper if trials.judge(design).verdict == "met"]
    unconfirmed = {trial.design for trial in answer.tried if trial.depth == "confirmed"}
    assert not [design for design in passed if design not in unconfirmed]
    assert len(answer.tried) <= MOST_SIMULATED * answer.steps.grid


def test_every_design_looked_at_is_accounted_for():
    """Designs looked at are the winner, those ruled out by parts, and those that a simulation ended."""
    answer = find_size(tandem("p99 < 6.2s"))
    steps = answer.steps
    assert steps.grid == 4 * 2 * 4 * 2 * 6
    assert steps.looked_at == steps.by_part + steps.simulated + 1
    for stage in answer.bounds:
        assert sum(stage.reasons().values()) + len(stage.settings) == stage.space.count


def test_too_many_near_the_limit_still_gives_a_design(monkeypatch):
    """Where trying from the cheapest up is given up, the design found meets the SLA, and is not called the cheapest."""
    cheapest = find_size(tandem("p99 < 6.2s"))
    monkeypatch.setattr(size, "MOST_TRIED", 1)
    answer = find_size(tandem("p99 < 6.2s"))
    assert not answer.winner.proven
    assert answer.winner.trial.verdict == "met"
    assert workers_of(cheapest) <= workers_of(answer) <= 2 * workers_of(cheapest)
    assert "Not every cheaper design" in size_sentence(answer)


def test_the_search_is_deterministic():
    """Two searches of one scenario give one document."""
    one, two = (size_document(find_size(tandem("p99 < 7.5s")), {}) for _ in range(2))
    assert one == two


def test_the_winner_is_confirmed_with_fresh_seeds():
    """The confirming run had another seed than the search, at the load of the SLA, with the winner's settings."""
    answer = find_size(tandem("p99 < 7.5s"))
    (trial, run), *others = answer.winner.cases
    assert (trial.verdict, run.verdict, others) == ("met", "met", [])
    assert run.plan.seed != 1
    assert run.plan.qps == 1.5
    assert run.scenario.funnel == with_design(run.scenario, answer.winner.design).funnel


def test_prices_give_the_cost_of_an_hour():
    """An hour costs the price of a worker times all workers; without prices it is not known."""
    few = choices(s=(1, 1, "1-12"))
    priced = find_size(asked("p99 < 5.6s", size=few, prices={"worker_hour": 0.5, "currency": "EUR"}))
    document = size_document(priced, {})
    assert document["cost_per_hour"] == 0.5 * workers_of(priced)
    assert "EUR" in size_sentence(priced)
    assert size_document(find_size(asked("p99 < 5.6s", size=few)), {})["cost_per_hour"] is None


IMPOSSIBLE = {
    "floor": (asked("p99 < 2s", size=choices(s=(1, "1-2", "1-9"))), 0, "at no load", "shorter calls"),
    "load": (asked("p99 < 9s", qps=5, size=choices(s=(1, "1-2", "1-2"))), 0, "would be 125% busy", "replicas"),
    "spare": (asked("p99 < 9s", size=choices(s=(1, 2, "1-9"))), 2, "2 replicas, of which 2", "replicas of 3 or more"),
    "near": (asked("p99 < 9s", qps=0.999, queries=500, size=choices(s=(1, 1, 1))), 0, "100% busy", "traffic.queries"),
    "queue": (asked("mean < 1.05s", size=choices(s=(1, 1, "1-4"))), 0, "s: mean", "replicas or workers"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_target_met_nowhere_is_an_answer(name):
    """Where no design will do, the nearest miss and what would help are told, whatever stands in the way."""
    scenario, survive, near, help_ = IMPOSSIBLE[name]
    answer = find_size(scenario, survive=survive)
    assert answer.winner is None
    assert size_sentence(answer).startswith("Nowhere")
    assert near.removeprefix("s: ") in nearest_miss(answer)
    assert help_ in " ".join(advice(answer))
    document = size_document(answer, {})
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))
    assert document["outcome"] == "nowhere"


def test_one_replication_confirms_nothing():
    """Without an interval nothing is met; the nearest miss is undecided, and more replications are advised."""
    scenario = asked("p99 < 9s", size=choices(s=(1, 1, "1-5")))
    one = scenario.model_copy(update={"traffic": scenario.traffic.model_copy(update={"replications": 1})})
    answer = find_size(one)
    assert answer.winner is None
    assert "replications" in " ".join(advice(answer))


def test_the_document_keeps_its_schema():
    """The document of a search that found something validates, with losses and headroom."""
    answer = find_size(tandem("p99 < 9s"), headroom=0.1, survive=1)
    document = json.loads(json.dumps(size_document(answer, {"seed": "1"}), allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["total_workers"] == sum(stage["total_workers"] for stage in document["design"])
    assert document["confirmation"][0]["lost"] is None


def test_nothing_promised_is_refused():
    """Without an objective there is nothing to size for; the error says what to add."""
    with pytest.raises(InputError, match="add objectives"):
        find_size(asked())


@pytest.mark.parametrize(("headroom", "survive"), [(-0.1, 0), (math.nan, 0), (0, -1)])
def test_options_out_of_range_are_refused(headroom, survive):
    """A headroom below zero or unknown, and fewer than no losses, are refused."""
    with pytest.raises(InputError, match="headroom"):
        find_size(asked("p99 < 9s"), headroom=headroom, survive=survive)


def test_a_whole_assumed_cost_keeps_its_shards():
    """A stage whose whole call is assumed is sized at its own shards, one that grows with candidates at others."""
    funnel = [
        {"name": "a", "shards": 3, "cost": {"fixed": "1ms", "per_candidate": "1ms"}},
        {"name": "b", "shards": 3, "cost": "1ms"},
    ]
    spaces = [stage.space for stage in find_size(asked("p99 < 9s", funnel=funnel)).bounds]
    assert spaces[0].shards == tuple(range(1, 11))
    assert spaces[1].shards == (3,)
