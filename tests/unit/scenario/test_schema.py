"""The JSON Schema that editors use agrees with the loader."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from simulator.distributions.registry import LAWS
from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario
from simulator.scenario.schema import scenario_schema, schema_text

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
STAGE = "name: x\ntraffic: {qps: 1, candidates: 1}\nfunnel:\n  - name: a\n    "


@pytest.fixture(scope="module")
def validator():
    """Return a validator of the schema."""
    return Draft202012Validator(scenario_schema())


def as_an_editor(text):
    """Return a text as YAML 1.2 reads it: 100_000 is text."""

    class Editor(yaml.SafeLoader):
        pass

    Editor.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if not tag.endswith(("int", "float"))]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    number = yaml.resolver.re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$")
    Editor.add_implicit_resolver("!number", number, list("+-0123456789"))
    Editor.add_constructor("!number", lambda loader, node: json.loads(str(float(node.value))))
    return yaml.load(text, Editor)  # noqa: S506  a safe loader with fewer resolvers


def test_the_committed_schema_is_the_current_one():
    """schema/scenario.schema.json is what `simulator schema` prints."""
    assert (ROOT / "schema" / "scenario.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema():
    """It is valid JSON Schema of draft 2020-12, and names that draft."""
    Draft202012Validator.check_schema(scenario_schema())
    assert json.loads(schema_text())["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_pass(validator, path):
    """An editor, which knows YAML 1.2, finds nothing wrong in a shipped scenario."""
    validator.validate(as_an_editor(path.read_text()))


@pytest.mark.parametrize(
    "line",
    [
        "ranker: mlp\n    shards: 100_000\n    keep: 1e0",
        "cost: 5ms",
        "cost: {distribution: lognormal, mean: 5ms, cv: 0.3}",
        "cost: {distribution: constant, mean: 5ms}",
        "cost: {distribution: percentiles, p0: 1ms, p99.9: 3ms, tail: 2}",
        "cost: {fixed: 5ms, cv: 0.5}",
        "ranker: mlp\n    idle_cost: 1ms\n    network: {request: 1ms}\n    balancing: random",
        "cost: 1ms\n    replicas: 2\n    hedging: {after: p99.9, cancel: on_start}",
        "cost: 1ms\n    replicas: 2\n    hedging: {after: 10ms}\n    deadline: 80ms\n    on_deadline: fail",
        "cost: 1ms\n    queue_limit: 0\n    retry: {attempts: 3, backoff: 5ms, jitter: 50%, budget: 0.1, timeout: 1s}",
        "cost: 1ms\n    retry: {attempts: unlimited}\n    batching: {size: 16, wait: 2ms}",
        "cost: 1ms\n    shards: 9\n    imbalance: 20%\n    autoscaling: {target: 60%, interval: 15s, max: 10}",
        (
            "cost: 1ms\nadmission: {in_flight: 500}\nfaults:\n  - {kind: slow, stage: a, shards: 1%, factor: 10}\n"
            "  - {kind: down, stage: a, shards: [0], from: 20s, for: 5s}\n"
            "  - {kind: pause, stage: a, every: 1s, for: 1ms}"
        ),
    ],
)
def test_both_accept(validator, line):
    """What the loader reads, the schema allows."""
    text = f"{STAGE}{line}\n"
    parse_scenario(text)
    validator.validate(as_an_editor(text))


@pytest.mark.parametrize(
    "line",
    [
        "ranker: mpl",
        "ranker: mlp\n    shards: 0",
        "ranker: mlp\n    shards: many",
        "ranker: mlp\n    bogus: 1",
        "ranker: mlp\n    hedging: {after: soon}",
        "cost: 1ms\n    replicas: 2\n    hedging: {after: p195}",
        "cost: 1ms\n    replicas: 2\n    hedging: {after: 5}",
        "cost: 1ms\n    hedging: {}",
        "cost: 1ms\n    queue_limit: -1",
        "cost: 1ms\n    retry: {attempts: 1}",
        "cost: 1ms\n    retry: {attempts: endless}",
        "cost: 1ms\n    batching: {size: 0}",
        "cost: 1ms\nfaults: [{kind: slow, stage: a, shards: [-1], factor: 10}]",
        "cost: 1ms\nfaults: [{kind: broken, stage: a}]",
        "cost: 1ms\nadmission: {in_flight: 0}",
        "cost: 5",
        "cost: 5 parsecs",
        "cost: {mean: 5ms}",
        "cost: {distribution: lognormal, mean: 5ms}",
        "cost: {distribution: lognormal, mean: 5, cv: 1}",
        "cost: {distribution: lognormal, mean: 5ms, cv: 0}",
        "cost: {distribution: percentiles, p50: 5ms, p99: 6ms}",
        "cost: {distribution: percentiles, p0: 5ms, p500: 6ms}",
        "cost: {distribution: gamma, mean: 5ms, cv: 0.0001}",
        "cost: {distribution: bogus, mean: 5ms}",
        "ranker: mlp\n    balancing: fair",
    ],
)
def test_both_refuse(validator, line):
    """What the loader refuses in a stage, an editor underlines, parts that come later among it."""
    text = f"{STAGE}{line}\n"
    with pytest.raises(ScenarioError):
        parse_scenario(text)
    assert not validator.is_valid(as_an_editor(text))


def test_every_law_is_offered_for_durations_and_counts():
    """A new law is in the schema by being in the registry, under a name that people can read."""
    definitions = scenario_schema()["$defs"]
    for name, law in LAWS.items():
        for quantity in ("Durations", "Counts"):
            found = definitions[f"{law.__name__}Of{quantity}"]
            assert found["properties"]["distribution"]["const"] == name
            assert "distribution" in found["required"]
            assert found["description"]


def test_every_key_is_described():
    """Hovering over any key of a section or a law says what it means."""
    schema = scenario_schema()
    for section in (schema, *schema["$defs"].values()):
        for key, found in section["properties"].items():
            assert found.get("description"), key
