"""A good file becomes the scenario it describes."""

import pickle
from pathlib import Path

import pytest

from simulator.distributions.constant import Constant
from simulator.scenario.load import load_study, parse_scenario
from simulator.scenario.model import AffineCost

SHIPPED = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))

EVERYTHING = """\
name: web-search
question: How fast?
seed: 7
sla:
  qps: 1000
  objectives: [p99 < 500ms, over(1s) < 0.1%, error_rate < 0.1%, coverage >= 99%, "p(99.9)<=1s", mean < 80ms, max < 3s]
traffic:
  arrivals: constant
  qps: 1_200.5
  candidates: {distribution: gamma, mean: 1e6, cv: 0.5}
  queries: 2_000
  warmup: 100
  replications: 4
funnel:
  - name: retrieve
    ranker: two_tower
    shards: 1e3
    replicas: 2
    workers: 4
    keep: 10_000
    balancing: power_of_two
    network: {request: 200us, response: {distribution: exponential, mean: 300us}}
    idle_cost: 2ms
  - name: rank
    cost: {fixed: 200us, per_candidate: 0.4us, cv: 0.2}
costs: {profile: mine.json, speed: 2, extrapolate: true}
merge: {per_shard: 2us, workers: 16}
prices: {worker_hour: 0.05, currency: EUR}
"""


def test_every_key_arrives_in_seconds_and_shares():
    """Each key of the format is read into the field of its name, durations in seconds, shares between 0 and 1."""
    found = parse_scenario(EVERYTHING)
    traffic, (retrieve, rank) = found.traffic, found.funnel
    assert (found.name, found.question, found.seed) == ("web-search", "How fast?", 7)
    assert (traffic.arrivals, traffic.qps, traffic.queries, traffic.warmup) == ("constant", 1200.5, 2000, 100)
    assert (traffic.replications, traffic.candidates.mean_value()) == (4, 1e6)
    assert (retrieve.shards, retrieve.replicas, retrieve.workers, retrieve.keep) == (1000, 2, 4, 10_000)
    assert isinstance(retrieve.shards, int)
    assert (retrieve.balancing, retrieve.network.request.mean) == ("power_of_two", 200e-6)
    assert retrieve.network.response.distribution == "exponential"
    assert (retrieve.cost, retrieve.idle_cost) == (None, Constant(mean=0.002))
    assert rank.cost == AffineCost(fixed="200us", per_candidate="0.4us", cv=0.2)
    assert (rank.cost.fixed, rank.cost.per_candidate) == pytest.approx((200e-6, 0.4e-6), rel=1e-15)
    assert (found.costs.profile, found.costs.speed, found.costs.extrapolate) == ("mine.json", 2.0, True)
    assert (found.merge.fixed, found.merge.per_shard, found.merge.workers) == (None, 2e-6, 16)
    assert (found.prices.worker_hour, found.prices.currency) == (0.05, "EUR")


def test_objectives_are_parsed():
    """Each objective has its metric, argument, comparator and value; p(99.9) is p99.9."""
    found = [(one.metric, one.argument, one.comparator, one.value) for one in parse_scenario(EVERYTHING).sla.objectives]
    assert found == [
        ("percentile", 99.0, "<", 0.5),
        ("over", 1.0, "<", 0.001),
        ("error_rate", None, "<", 0.001),
        ("coverage", None, ">=", 0.99),
        ("percentile", 99.9, "<=", 1.0),
        ("mean", None, "<", 0.08),
        ("max", None, "<", 3.0),
    ]


def test_objective_text_is_as_written_with_single_spaces():
    """An objective shows the words of the file, spaced evenly."""
    texts = [one.text for one in parse_scenario(EVERYTHING).sla.objectives]
    assert texts[0] == "p99 < 500ms"
    assert texts[4] == "p(99.9) <= 1s"


def test_defaults(smallest):
    """What a file leaves out is what the format says."""
    found = parse_scenario(smallest)
    find = found.funnel[0]
    assert (found.question, found.seed, found.sla, found.prices) == ("", 1, None, None)
    assert (found.traffic.arrivals, found.traffic.queries) == ("poisson", 20_000)
    assert (found.traffic.warmup, found.traffic.replications) == ("auto", 10)
    assert (find.shards, find.replicas, find.workers, find.balancing) == (1, 1, 1, "round_robin")
    assert find.network.request == find.network.response == Constant(mean=0.0)
    assert found.funnel[1].keep is None
    assert (found.costs.profile, found.costs.speed, found.costs.extrapolate) == ("default", 1.0, False)
    assert found.merge.measured
    assert (found.merge.fixed, found.merge.per_shard, found.merge.workers) == (None, None, None)


def test_the_load_is_the_traffics_or_else_the_slas(smallest):
    """offered_qps is traffic.qps where it is given, else sla.qps."""
    assert parse_scenario(smallest, overrides=["sla.qps=5"]).offered_qps == 10
    assert parse_scenario(smallest, overrides=["sla.qps=5", "traffic.qps=null"]).offered_qps == 5


def test_a_scenario_is_a_value(smallest):
    """Read twice it is equal and hashes equally, survives pickling, and a changed copy leaves it as it was."""
    one, two = parse_scenario(smallest), parse_scenario(smallest)
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  our own bytes
    other = one.model_copy(update={"seed": 2})
    assert (one.seed, other.seed) == (1, 2)
    assert one != other


@pytest.mark.parametrize("field", ["name", "funnel", "traffic"])
def test_a_scenario_is_frozen(smallest, field):
    """No field can be set."""
    found = parse_scenario(smallest)
    with pytest.raises(ValueError, match="frozen"):
        setattr(found, field, None)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid_and_ask_a_question(path):
    """Every shipped scenario loads, is named after its file, asks something, and names the schema in its first line."""
    found = load_study(path)
    assert found.name == path.stem.replace("_", "-")
    assert found.question.endswith("?")
    assert path.read_text().startswith("# yaml-language-server: $schema=../schema/scenario.schema.json\n")
