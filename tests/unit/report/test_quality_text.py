"""The quality of a funnel as users see it: table, sentence, document, report."""

import json
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import simulator
from simulator.capacity.quality import quality_of_run
from simulator.capacity.run import run_scenario
from simulator.data.randomness import generator
from simulator.report.build import Beside, write_report
from simulator.report.document import run_document
from simulator.report.quality_splits import split_rows, split_sentence
from simulator.report.quality_text import quality_sentence, quality_table, quality_tables
from simulator.scenario.load import parse_scenario

SCHEMA = json.loads((Path(simulator.__file__).parent / "report" / "run.schema.json").read_text())


def judged(**first):
    """A run of two stages with rankers over a million documents, and its quality."""
    asked = {
        "name": "small",
        "question": "Is it good?",
        "traffic": {"qps": 10, "candidates": 1_000_000, "queries": 200, "replications": 2},
        "funnel": [
            {"name": "first", "ranker": "two_tower", "shards": 20, "keep": 1000} | first,
            {"name": "second", "ranker": "mlp", "keep": 10},
        ],
    }
    answer = run_scenario(parse_scenario(json.dumps(asked)))
    return answer, quality_of_run(answer)


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A run of one stage that is judged by a log of clicks alone, and its quality by both splits."""
    folder = tmp_path_factory.mktemp("log")
    rng = generator(1, "clicks")
    user, item = rng.integers(150, size=3_000), rng.integers(40, size=3_000)
    pd.DataFrame({"user": user, "item": item, "time": np.arange(3_000)}).to_csv(folder / "clicks.csv", index=False)
    asked = {
        "name": "small",
        "question": "Is it good?",
        "traffic": {"qps": 10, "candidates": 40, "queries": 200, "replications": 2},
        "funnel": [{"name": "only", "ranker": "logistic", "keep": 10}],
        "quality": {"interactions": "clicks.csv"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMULATOR_DATA", str(folder / "cache"))
        answer = run_scenario(parse_scenario(json.dumps(asked), folder=folder))
        return answer, quality_of_run(answer)


@pytest.fixture(scope="module")
def lossy():
    """A run whose first stage leaves out slow shards."""
    return judged(deadline="2ms", cost={"distribution": "exponential", "mean": "1ms"})


def text_of(quality) -> str:
    """The table in a terminal of 80 columns."""
    out = StringIO()
    Console(file=out, width=80).print(quality_table(quality))
    return out.getvalue()


def test_the_document_fits_the_schema(lossy):
    """The document with quality validates, and without it has no such key."""
    answer, quality = lossy
    document = run_document(answer, {}, quality)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document, allow_nan=False)))
    assert document["quality"]["stages"][1]["ndcg_at_10"]["value"] == quality.ndcg.value
    assert "quality" not in run_document(answer, {})


def test_the_table_fits_eighty_columns(lossy):
    """No line is longer than 80 characters or cut off, and the assumption about counts is said."""
    text = text_of(lossy[1])
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "assumed: of what stages keep, 10 stay 10" in " ".join(text.split())


def test_the_sentence_says_what_loses_and_what_shards_cost(lossy):
    """The stage whose cut costs most is named, and the price of shards that do not answer with their coverage."""
    sentence = quality_sentence(lossy[1])
    assert "stage first loses most" in sentence
    assert "Shards that do not answer (coverage of first " in sentence
    assert "Shards" not in quality_sentence(judged()[1])


def test_the_report_shows_quality(lossy, tmp_path):
    """Page and Markdown hold the plot, the table and the sentence; a report without quality has none of it."""
    answer, quality = lossy
    with_it = write_report(answer, tmp_path / "with", {}, Beside(quality=quality)).parent
    for name in ("index.html", "report.md"):
        text = (with_it / name).read_text()
        assert "What the funnel finds" in text
        assert "mlp on all" in text
    assert (with_it / "plots" / "quality.png").exists()
    without = write_report(answer, tmp_path / "without", {}).parent
    assert "What the funnel finds" not in (without / "report.md").read_text()


def test_a_log_is_named_with_its_split_its_users_and_its_items(logged):
    """What is judged by is said plainly in 80 columns, with what counts as a click and the share of unseen users."""
    text = text_of(logged[1])
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    words = " ".join(text.split())
    assert "Judged on clicks.csv, split by time (" in words
    assert "rows of 150 users and 40 items" in words
    assert "every row counts as a click" in words
    assert "of the test rows are of users unseen in training" in words
    assert "liked left" in words
    assert "of truth" not in words


def test_both_splits_stand_side_by_side(logged):
    """The asked split is the first row, the other the second, and the sentence holds both NDCG."""
    quality = logged[1]
    by_time, at_random = split_rows(quality)
    assert (by_time[0], at_random[0]) == ("by time", "at random")
    for one, row in ((quality, by_time), (quality.other, at_random)):
        assert row[1] == f"{one.recorded.unseen:.1%}"
        assert f"{one.ndcg.value:.3f}" in split_sentence(quality)


def test_a_log_in_the_document_and_the_report(logged, tmp_path):
    """The document validates and holds both splits; page and Markdown show the table of both."""
    answer, quality = logged
    document = json.loads(json.dumps(run_document(answer, {}, quality), allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    found = document["quality"]
    assert (found["world"], found["log"]["split"], found["other_split"]["split"]) == ("clicks.csv", "time", "random")
    assert found["log"]["liked_from"] is None
    assert found["log"]["ndcg_at_10"] == found["ndcg_at_10"]
    place = write_report(answer, tmp_path, {}, Beside(quality=quality)).parent
    for name in ("index.html", "report.md"):
        text = (place / name).read_text()
        assert "The same log, split by time and at random" in text
        assert "at random" in text
        assert "Judged on clicks.csv, split by time" in text


def test_a_synthetic_world_has_no_splits(lossy):
    """Neither rows nor a sentence of splits, nor a log in the document."""
    quality = lossy[1]
    assert split_rows(quality) == []
    assert split_sentence(quality) == ""


def test_why_nothing_is_judged_is_said():
    """A funnel with a ranker and a stage without one says so in a line; one of assumed costs says nothing."""
    ranked, assumed = {"name": "a", "ranker": "mlp"}, {"name": "b", "cost": "1ms"}

    def said(*stages):
        traffic = {"qps": 1, "candidates": 9}
        return quality_tables(None, parse_scenario(json.dumps({"name": "x", "traffic": traffic, "funnel": stages})))

    assert [str(line) for line in said(ranked, assumed)] == ["What is found is not judged: stage b names no ranker."]
    assert said(assumed) == []
