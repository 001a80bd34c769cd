"""Theory beside each answer: formulas against published values, and where they call themselves exact."""

import json
import math

import pytest

from simulator.capacity.formulas import erlang_c, fork_join_mean, mean_wait_mmc, sojourn_percentile_mmc
from simulator.capacity.run import run_scenario
from simulator.capacity.theory import Check, disagreements, theory_of
from simulator.costs.profile import load_profile
from simulator.engine.resolve import resolve
from simulator.scenario.load import parse_scenario
from simulator.statistics.intervals import Estimate
from simulator.statistics.load import offered_load

EXPONENTIAL = {"distribution": "exponential", "mean": "1s"}


def asked(*funnel, merge=None, **traffic):
    """A scenario of the given stages without merge cost."""
    stages = [{"name": f"s{i}"} | stage for i, stage in enumerate(funnel)]
    plain = {"qps": 0.5, "candidates": 60, "queries": 20_000, "replications": 20} | traffic
    return parse_scenario(
        json.dumps({"name": "a", "traffic": plain, "funnel": stages, "merge": merge or {"fixed": "0s"}})
    )


def planned(*funnel, **traffic):
    """Its plan."""
    return resolve(asked(*funnel, **traffic), load_profile("default"))


def said(plan, stage="s0", kind=None):
    """What theory says of a stage, by quantity and kind."""
    found = theory_of(plan, offered_load(plan))
    return {(check.quantity, check.kind): check.value for check in found if check.stage == stage}


def test_erlang_c_is_the_published_table():
    """M/M/1 waits with probability rho, and two servers offered one erlang with 1/3."""
    assert erlang_c(0.7, 1) == pytest.approx(0.7)
    assert erlang_c(1.0, 2) == pytest.approx(1 / 3)
    assert mean_wait_mmc(0.5, 1.0, 1) == pytest.approx(1.0)


@pytest.mark.parametrize("level", [50, 99, 99.9])
def test_sojourn_in_one_exponential_queue_is_exponential(level):
    """M/M/1: percentile p of the sojourn is ln(1 / (1 - p)) / (mu - lambda)."""
    assert sojourn_percentile_mmc(1.4, 0.5, 1, level) == pytest.approx(-math.log(1 - level / 100) / 0.6)


def test_sojourn_where_draining_is_as_fast_as_serving():
    """M/M/2 at one erlang, where c mu - lambda = mu: the tail is (1 + C t) e^-t."""
    t = sojourn_percentile_mmc(1.0, 1.0, 2, 99)
    assert (1 + t / 3) * math.exp(-t) == pytest.approx(0.01)


def test_two_shards_are_flatto_and_hahns():
    """N = 2 at rho = 0.5: 2.875 mean services, and one shard is M/M/1."""
    assert fork_join_mean(0.5, 1.0, 2) == pytest.approx(2.875)
    assert fork_join_mean(0.5, 1.0, 1) == pytest.approx(2.0)


def test_four_shards_are_within_nelson_and_tantawis_five_percent():
    """N = 3 at rho = 0.5: the approximation is within 5% of the exact 3.43258."""
    assert fork_join_mean(0.5, 1.0, 3) == pytest.approx(3.43258, rel=0.05)


def test_exact_is_said_of_erlangs_queue():
    """M/M/2: utilisation, wait, latency and percentiles are exact, the latter with the constant network added."""
    network = {"request": "250ms", "response": "250ms"}
    found = said(planned({"cost": EXPONENTIAL, "workers": 2, "network": network}, qps=1))
    assert found["utilization", "exact"] == pytest.approx(0.5)
    assert found["queue", "exact"] == pytest.approx(1 / 3)
    assert found["latency", "exact"] == pytest.approx(4 / 3 + 0.5)
    assert found["p99", "exact"] == pytest.approx(sojourn_percentile_mmc(1, 1, 2, 99) + 0.5)
    assert found["capacity_qps", "bound"] == pytest.approx(2.0)


def test_exact_is_said_of_pollaczek_and_khinchine():
    """M/D/1 waits half as long as M/M/1, exactly; no percentile is claimed."""
    found = said(planned({"cost": "1s"}))
    assert found["queue", "exact"] == pytest.approx(0.5)
    assert ("p99", "exact") not in found


def test_an_idle_law_is_welchs():
    """Constant services of 1 s, of 2 s by an idle server, at rho = 0.7: 1.78431 s of mean wait."""
    found = said(planned({"cost": "1s", "idle_cost": "2s"}, qps=0.7))
    assert found["queue", "exact"] == pytest.approx(1.78431, abs=1e-5)
    assert ("utilization", "exact") not in found


@pytest.mark.parametrize(
    ("stage", "traffic"),
    [
        ({"cost": EXPONENTIAL}, {"arrivals": "constant"}),
        ({"cost": "1s", "workers": 2}, {}),
        ({"cost": EXPONENTIAL, "replicas": 2, "balancing": "round_robin"}, {}),
        ({"cost": {"per_candidate": "20ms"}}, {"candidates": {"distribution": "uniform", "low": 1, "high": 9}}),
    ],
)
def test_elsewhere_a_wait_is_an_approximation(stage, traffic):
    """Even arrivals, several workers of constant service, round robin, random candidates: no exact wait is claimed."""
    found = said(planned(stage, **traffic))
    assert ("queue", "approximation") in found
    assert ("queue", "exact") not in found


@pytest.mark.parametrize("balancing", ["least_outstanding", "power_of_two"])
def test_balancing_by_load_has_no_formula(balancing):
    """Where replicas are chosen by load only utilisation and bound are given."""
    found = said(planned({"cost": EXPONENTIAL, "replicas": 3, "balancing": balancing}))
    assert {quantity for quantity, _ in found} == {"utilization", "capacity_qps"}


def test_shards_that_draw_different_services_are_no_theorem():
    """60 candidates over 7 shards cost 9 or 8 each: the join is not claimed, and utilisation is an approximation."""
    stage = {"cost": {"per_candidate": "20ms", "cv": 1}, "shards": 7}
    assert said(planned(stage)).keys() == {("utilization", "approximation"), ("capacity_qps", "bound")}


def test_the_join_is_exact_for_two_and_between_bounds_for_more():
    """Two shards: Flatto & Hahn; sixteen: an approximation between its bounds."""
    two, many = (said(planned({"cost": EXPONENTIAL, "shards": shards})) for shards in (2, 16))
    assert two["latency", "exact"] == pytest.approx(2.875)
    assert ("latency", "exact") not in many
    assert many["latency", "approximation"] < many["latency", "bound"]


def test_burke_keeps_arrivals_poisson():
    """Behind M/M/c a queue is exact too; behind constant service it is not."""
    assert said(planned({"cost": EXPONENTIAL}, {"cost": EXPONENTIAL}), "s1")["queue", "exact"] == pytest.approx(1.0)
    assert ("queue", "exact") not in said(planned({"cost": "1s"}, {"cost": EXPONENTIAL}), "s1")


def test_a_saturated_stage_has_no_latency_and_neither_has_the_next():
    """At twice the capacity only load and bound are given, for the stage and for what is behind."""
    found = theory_of(plan := planned({"cost": "4s"}, {"cost": "1s"}), offered_load(plan))
    assert {check.quantity for check in found} == {"utilization", "capacity_qps"}


def measured(answer):
    """Estimates of a run by stage and quantity."""
    names = ("utilization", "queue", "latency", "p50", "p99")
    return {(stage.name, name): getattr(stage, name) for stage in answer.stages for name in names}


def test_a_right_simulation_agrees():
    """A run of M/M/2 into M/M/1 contradicts none of its ten exact values."""
    answer = run_scenario(asked({"cost": EXPONENTIAL, "workers": 2}, {"cost": EXPONENTIAL}, queries=50_000))
    checks = theory_of(answer.plan, answer.load)
    assert sum(check.kind == "exact" for check in checks) == 10
    assert disagreements(checks, measured(answer), 20) == []


def test_a_wrong_simulation_is_told():
    """Theory of 5% more load than was simulated is contradicted, in words that name stage, formula and distance."""
    answer = run_scenario(asked({"cost": EXPONENTIAL}, queries=100_000))
    other = planned({"cost": EXPONENTIAL}, qps=0.525)
    told = disagreements(theory_of(other, offered_load(other)), measured(answer), 20)
    assert any("s0: the mean wait" in text and "Erlang C" in text and "standard errors" in text for text in told)


def test_four_standard_errors_are_allowed():
    """With 10 replications the t-interval is 2.262 standard errors either way: 3.9 agree, 4.1 do not, bounds never."""
    found = Estimate(1.0, 1 - 0.2262, 1 + 0.2262)
    near, far = (Check("s", "queue", 1 + 0.1 * many, "exact", "f") for many in (3.9, 4.1))
    bound = Check("s", "queue", 0.1, "bound", "f")
    assert len(disagreements([near, far, bound], {("s", "queue"): found}, 10)) == 1
