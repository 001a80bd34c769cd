"""`simulator diagnose`, as a user calls it: scenarios, files, and bad input."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

import simulator as package
from simulator.data.film_log import make_film_log

SCHEMA = json.loads((Path(package.__file__).parent / "report" / "diagnose.schema.json").read_text())


@pytest.fixture
def tables(tmp_path):
    """Write two tables, changed by functions of a frame, and return their paths."""

    def write(train=lambda table: table, serve=lambda table: table, suffix="csv"):
        paths = []
        for name, change, month in (("train", train, "december"), ("serve", serve, "january")):
            table = change(make_film_log([month], 60, 1, name).table)
            path = tmp_path / f"{name}.{suffix}"
            table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
            paths.append(path)
        return paths

    return write


def test_a_scenario_is_looked_into_from_the_top(simulator, small):
    """Tail, blame and changes are printed within 80 columns, and the last sentence says what to change next."""
    outcome = simulator("diagnose", small(), "-q")
    assert outcome.code == 0
    for said in ("Where the slowest 1% lose their time", "Change this next"):
        assert said in outcome.stdout
    assert "Change next: first" in " ".join(outcome.stdout.split())
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_json_is_one_document_of_the_schema(simulator, small):
    """One document is printed; its parts add up to the tail's latency."""
    outcome = simulator("diagnose", small(), "--json", "-q")
    jsonschema.validate(outcome.document, SCHEMA)
    tail = outcome.document["latency"]["tail"]
    parts = sum(sum(stage["parts_ms"].values()) for stage in tail["stages"])
    assert parts == pytest.approx(tail["latency_ms"], abs=1e-6)
    assert tail["attribution_error_ms"] < 1e-6


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_two_files_are_compared(simulator, tables, suffix):
    """CSV and Parquet alike: the genre of December drifted most in January."""
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow reads Parquet")
    train, serve = tables(suffix=suffix)
    roles = ("--label", "click", "--query", "query", "--time", "month")
    outcome = simulator("diagnose", "--train", train, "--serve", serve, *roles, "--json", "-q")
    jsonschema.validate(outcome.document, SCHEMA)
    data = outcome.document["data"]
    assert data["drift"][0]["feature"] == "genre"
    assert {one["feature"]: one["note"] for one in data["drift"]}["id"] == "an identifier"
    assert data["skew"] is None
    assert data["missed"] is not None or data["drift_cost"] is not None


def test_paths_are_joined_by_key(simulator, tables, tmp_path):
    """With a key, the feature that is ten times as large online is named, with its exact matches."""
    train, _ = tables()
    online = pd.read_csv(train)
    online["price"] *= 10
    serve = tmp_path / "online.csv"
    online.sample(frac=0.8, random_state=1).to_csv(serve, index=False)
    roles = ("--key", "id", "--label", "click", "--query", "query", "--time", "month")
    outcome = simulator("diagnose", "--train", train, "--serve", serve, *roles, "-q")
    assert outcome.code == 0
    assert "price is the same offline and online in 0.0%" in " ".join(outcome.stdout.split())
    assert "scale: online 10 times offline" in " ".join(outcome.stdout.split())


BAD = {
    "no columns in common": (
        {"serve": lambda table: table.add_prefix("other_")},
        (),
        "expected columns of the same names",
    ),
    "a key that repeats": ({"serve": lambda table: table.assign(id="same")}, ("--key", "id"), "expected each key once"),
    "a key that is missing": ({"train": lambda table: table.assign(id=np.nan)}, ("--key", "id"), "are missing"),
    "a key of neither": ({}, ("--key", "nobody"), "no column nobody for --key"),
    "no common key": ({}, ("--key", "id"), "none in common"),
    "labels of one kind": ({"train": lambda table: table.assign(click=0)}, ("--label", "click"), "got 0 alone"),
    "labels that are none": ({"train": lambda table: table.assign(click=7)}, ("--label", "click"), "expected 0 and 1"),
    "no rows": ({"serve": lambda table: table.iloc[:0]}, (), "no rows"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_one_message(simulator, tables, case):
    """Each is an error of the input, said in one message that names the file, and nothing else."""
    changed, options, said = BAD[case]
    train, serve = tables(**changed)
    outcome = simulator("diagnose", "--train", train, "--serve", serve, *options)
    assert outcome.code == 2
    assert outcome.stdout == ""
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_odd_tables_are_said_not_crashed(simulator, tables):
    """Eight rows, a constant and an all-missing column: inconclusive, and said."""
    odd = {"train": lambda table: table.iloc[:8].assign(studio="one", rating=np.nan)}
    odd["serve"] = odd["train"]
    train, serve = tables(**odd)
    outcome = simulator(
        "diagnose", "--train", train, "--serve", serve, "--label", "click", "--query", "query", "--json"
    )
    assert outcome.code in (0, 2)
    if outcome.code == 0:
        verdicts = {one["feature"]: one["verdict"] for one in outcome.document["data"]["drift"]}
        assert set(verdicts.values()) == {"inconclusive"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "got neither"),
        (("--train", "a.csv"), "got one file"),
        (("nothing.yaml",), "no such file"),
        (("--train", "a.csv", "--serve", "b.csv"), "expected a file"),
        (("--train", "a.txt", "--serve", "b.csv"), "ends in .csv or .parquet"),
    ],
)
def test_what_is_lacking_is_said(simulator, arguments, said):
    """Without a scenario or both files there is one message with what to give, and exit code 2."""
    outcome = simulator("diagnose", *arguments)
    assert outcome.code == 2
    assert said in outcome.stderr


def test_a_study_without_data_or_funnel_is_refused(simulator, tmp_path):
    """A diagnosis section that names nothing, of a file that serves nothing, is an error with its line."""
    path = tmp_path / "empty.yaml"
    path.write_text("name: empty\ndiagnosis: {}\n")
    outcome = simulator("diagnose", path)
    assert outcome.code == 2
    assert "expected a log, or train and serve" in outcome.stderr


def test_a_saturated_scenario_is_said(simulator, small):
    """Beyond capacity the exit code is 4, and the warning says that latencies grow with the run."""
    outcome = simulator("diagnose", small(), "--set", "sla.qps=5000", "--set", "traffic.queries=300")
    assert outcome.code == 4
    assert "saturated" in outcome.stderr
