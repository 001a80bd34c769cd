"""Whatever stands in a field, it is read or refused with its place: nothing else is ever raised."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.distributions.registry import LAWS
from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario
from simulator.scenario.model import Scenario

EVERYTHING = """\
name: {name}
question: {question}
seed: {seed}
sla: {{qps: {sla_qps}, objectives: [{objective}]}}
traffic:
  arrivals: {arrivals}
  cache: {{hit_rate: {hit_rate}, latency: {latency}}}
  qps: {qps}
  candidates: {candidates}
  queries: {queries}
  warmup: {warmup}
  replications: {replications}
funnel:
  - name: {stage}
    ranker: {ranker}
    shards: {shards}
    replicas: {replicas}
    workers: {workers}
    keep: {keep}
    balancing: {balancing}
    network: {{request: {request}, response: {{distribution: {law}, mean: {mean}, {shape}: {cv}}}}}
    cost: {{fixed: {fixed}, per_candidate: {per_candidate}, cv: {noise}}}
    idle_cost: {{distribution: percentiles, p0: {p0}, p50: {p50}, p99: {p99}, {last}: {extreme}}}
    deadline: {deadline}
    on_deadline: {on_deadline}
    hedging: {{after: {after}, cancel: {cancel}}}
    queue_limit: {queue_limit}
    retry: {{attempts: {attempts}, backoff: {backoff}, jitter: {jitter}, budget: {budget}, timeout: {timeout}}}
    batching: {{size: {size}, wait: {wait}}}
    imbalance: {imbalance}
    autoscaling: {{target: {target}, interval: {interval}, delay: {delay}, min: {fewest}, max: {most}}}
costs: {{profile: {profile}, speed: {speed}, extrapolate: {extrapolate}}}
merge: {{fixed: {merge}, per_shard: {per_shard}, workers: {brokers}}}
admission: {{in_flight: {in_flight}}}
faults:
  - {{kind: {kind}, stage: a, shards: {hit}, factor: {factor}, from: {since}, for: {length}}}
  - {{kind: down, stage: {broken}, replicas: {copies}, mttf: {mttf}, mttr: {mttr}}}
  - {{kind: pause, stage: a, every: {every}, for: 5ms}}
prices: {{worker_hour: {price}, currency: {currency}}}
"""
GOOD = {
    "name": "x", "question": "why", "seed": "1", "sla_qps": "10", "objective": "p99 < 5ms", "arrivals": "poisson",
    "qps": "10", "candidates": "1_000", "queries": "100", "warmup": "auto", "replications": "3", "stage": "a",
    "ranker": "mlp", "shards": "2", "replicas": "1", "workers": "1", "keep": "10", "balancing": "random",
    "request": "1ms", "law": "lognormal", "mean": "1ms", "shape": "cv", "cv": "2", "fixed": "1ms",
    "per_candidate": "1us", "noise": "0.1", "p0": "1ms", "p50": "2ms", "p99": "9ms", "last": "tail", "extreme": "2",
    "profile": "default", "speed": "1", "extrapolate": "true", "merge": "1us", "per_shard": "1us", "brokers": "4",
    "price": "1", "currency": "USD", "deadline": "1s", "on_deadline": "fail", "after": "p95", "cancel": "on_start",
    "queue_limit": "9", "attempts": "3", "backoff": "1ms", "jitter": "50%", "budget": "10%", "timeout": "100ms",
    "size": "4", "wait": "1ms", "imbalance": "20%", "target": "60%", "interval": "15s", "delay": "1min", "fewest": "1",
    "most": "4", "in_flight": "500", "kind": "slow", "hit": "50%", "factor": "10", "since": "1s", "length": "2s",
    "broken": "a", "copies": "1", "mttf": "1h", "mttr": "1s", "every": "10s", "hit_rate": "30%", "latency": "1ms",
}  # fmt: skip

NUMBERS = st.one_of(
    st.integers(-(10**45), 10**45).map(str),
    st.floats().map(repr),
    st.sampled_from(["1e3", "010", "1_000", "12:30:45", "0x1f", ".nan", "-.inf", "1e999", "٣", "-0", "5e-324"]),
)
WORDS = st.one_of(
    st.sampled_from([*LAWS, "no", "yes", "auto", "~", "", "null", "true", "2020-01-01", "[]", "{}", "[1, {a: b}]"]),
    st.sampled_from(["'", '"', "&a", "*a", "!!int 5", "|", "- a", "a: b", "{mean: 5ms}", "(fixed + per_candidate)"]),
    st.sampled_from(["over(1s) < 1%", "p99.9.9 < 1s", "p(99) < 1e400s", "over() < 5", "p100", "p99.9", "mean < 1%"]),
)
DURATIONS = st.builds(str.__add__, NUMBERS, st.sampled_from(["ns", "us", " ms", "s", "min", "h", "d", "%", "m"]))
VALUES = st.one_of(NUMBERS, DURATIONS, WORDS, st.text(max_size=60))


def outcome(text, *overrides):
    """Return the scenario, or the error that refuses it."""
    try:
        return parse_scenario(text, "any.yaml", overrides)
    except ScenarioError as error:
        return error


def test_the_template_itself_is_a_scenario():
    """With good values in every place the template is read: each example below differs only by what it draws."""
    assert isinstance(outcome(EVERYTHING.format(**GOOD)), Scenario)


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), VALUES, min_size=1, max_size=3))
@example({"p0": "5e-324s", "p50": "1e9s", "last": "p100", "extreme": "1e9s"})
@example({"warmup": "1e300"})
@example({"seed": "9" * 5000, "qps": "9" * 400})
@example({"law": "[]", "shape": "lognormal"})
@example({"cv": "5e-324"})
def test_any_value_in_any_field_is_read_or_refused_with_its_place(values):
    """A file with arbitrary text in any field is a scenario, or problems that each have a line, a column and words."""
    found = outcome(EVERYTHING.format(**{**GOOD, **values}))
    if isinstance(found, ScenarioError):
        for problem in found.problems:
            file, line, column = problem.place.split(":")
            assert file == "any.yaml"
            assert int(line) >= 1
            assert int(column) >= 1
            assert problem.message
            assert len(problem.message) < 400


PATHS = st.lists(
    st.sampled_from([
        "traffic", "qps", "funnel", "a", "0", "-1", "cost", "fixed", "p99", "9", "mean", "sla", "objectives", "²",
        "x y", "", "distribution", "network", "request", "idle_cost", "deadline",
    ]),
    min_size=1,
    max_size=5,
).map(".".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.builds("{}={}".format, PATHS, VALUES) | st.text(max_size=20), min_size=1, max_size=3))
def test_any_setting_is_taken_or_refused(written):
    """Settings of arbitrary paths and values give a scenario, or problems placed in the file or at a setting."""
    found = outcome(EVERYTHING.format(**GOOD), *written)
    if isinstance(found, ScenarioError):
        assert all(problem.place.startswith(("any.yaml:", "--set ")) for problem in found.problems)


@pytest.mark.parametrize("value", ["", "~", "[]", "{}", "5", "text", "[1]", "{a: 1}"])
@pytest.mark.parametrize("section", ["sla", "traffic", "funnel", "costs", "merge", "prices", "objectives"])
def test_any_kind_of_value_as_a_section_is_read_or_refused(section, value):
    """Nothing, a scalar, a list or a strange mapping where a section belongs never raises but a ScenarioError."""
    path = "sla.objectives" if section == "objectives" else section
    found = outcome(EVERYTHING.format(**GOOD), f"{path}={value}")
    optional = {"sla": ("", "~", "{}"), "objectives": ("[]",), "costs": ("{}",), "merge": ("{}",), "prices": ("", "~")}
    assert isinstance(found, Scenario) == (value in optional.get(section, ()))
