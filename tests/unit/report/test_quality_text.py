"""The quality of a funnel as users see it: table, sentence, document, report."""

import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

import simulator
from simulator.capacity.quality import quality_of_run
from simulator.capacity.run import run_scenario
from simulator.report.build import Beside, write_report
from simulator.report.document import run_document
from simulator.report.quality_text import quality_sentence, quality_table
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
