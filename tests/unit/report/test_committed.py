"""The committed reports against the code: what they say is what the scenarios give today."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.bias.answer import find_bias
from simulator.bias.click_rates import click_rates
from simulator.bias.recorded import find_recorded
from simulator.capacity.compare import compare
from simulator.capacity.quality import Quality, quality_of_run
from simulator.capacity.run import run_scenario
from simulator.data.fetch import cached
from simulator.diagnosis.answer import diagnose
from simulator.report.bias_document import bias_document
from simulator.report.bias_sentence import bias_sentence
from simulator.report.compare_document import compare_document
from simulator.report.compare_sentence import compare_sentence
from simulator.report.diagnose_document import diagnose_document
from simulator.report.document import run_document
from simulator.report.quality_text import quality_document
from simulator.report.recorded import recorded_document, recorded_sentence
from simulator.report.sentence import answer_sentence
from simulator.report.train_document import train_document
from simulator.report.train_text import train_sentence
from simulator.scenario.grid import load_grid
from simulator.scenario.load import load_scenario, load_study
from simulator.scenario.model import Scenario
from simulator.training.answer import find_training
from tests.documents import assert_alike, leaves

ROOT = Path(__file__).parents[3]
STUDIES = sorted((ROOT / "scenarios").glob("*.yaml"))
BIASED = [path for path in STUDIES if (bias := load_study(path).bias) and not bias.recorded]
RECORDED = [path for path in STUDIES if (bias := load_study(path).bias) and bias.recorded]
TRAINED = [path for path in STUDIES if load_study(path).training]
DIAGNOSED = [path for path in STUDIES if load_study(path).diagnosis]
SCENARIOS = [path for path in STUDIES if isinstance(load_study(path), Scenario)]
COMPARING = [path for path in SCENARIOS if load_scenario(path).compare]
LONG = {
    "a_day", "balancing", "deadline", "hedging", "hedging_load", "lost_replica", "popular_first", "slow_shard",
    "slow_tail",
}  # fmt: skip
"""Comparisons, diagnoses and bias loops that take the longest, up to half a minute each."""
LEARNT = {"contextual_search", "film_funnel"}
"""Runs judged by rankers that take half a minute to learn."""


def unless_long(paths: list[Path], long: set[str] = LONG) -> list[Any]:
    """Paths as a test's parameters, those that take long marked as slow."""
    return [pytest.param(path, id=path.name, marks=[pytest.mark.slow] if path.stem in long else []) for path in paths]


# Standard deviation over training seeds of what the stages of funnel_width, small_team and two_stages find, five seeds.
SPREAD_OF_SEEDS = {"recall_at_10": 0.014, "true_recall_at_10": 0.013, "ndcg_at_10": 0.0043}


def assert_same(path: Path, document: dict[str, Any], digits: int = 9) -> None:
    """The document in a file equals `document` but for where it was made, and for what was learnt there."""
    fresh = json.loads(json.dumps(document))
    assert_alike(json.loads(path.read_text()), fresh, digits, ("provenance", "quality"))


@pytest.mark.parametrize("path", unless_long(SCENARIOS, LEARNT))
def test_committed_reports_are_what_the_scenarios_give(path):
    """Each committed report holds the numbers of a fresh run, to nine digits, and its sentence."""
    scenario = load_scenario(path)
    if scenario.quality.recorded and cached(scenario.quality.world) is None:
        pytest.skip(f"{scenario.quality.world} is not in the cache: simulator data get {scenario.quality.world}")
    folder = ROOT / "reports" / scenario.name
    answer = run_scenario(scenario)
    assert_same(folder / "report.json", run_document(answer, {}))
    assert answer_sentence(answer) in (folder / "report.md").read_text()
    assert_as_good(json.loads((folder / "report.json").read_text()).get("quality"), quality_of_run(answer))


def assert_as_good(committed: dict[str, Any] | None, fresh: Quality | None) -> None:
    """The committed quality has the fresh one's stages, and their numbers but for what another training gives.

    Training rounds differently from machine to machine, which ends as another seed does: the numbers may differ by
    three standard deviations of the difference between two seeds.
    """
    assert (committed is None) == (fresh is None)
    if committed is None or fresh is None:
        return
    document = quality_document(fresh)
    assert leaves(committed).keys() == leaves(document).keys()
    assert committed["losing_stage"] == document["losing_stage"]
    for mine, theirs in zip(document["stages"], committed["stages"], strict=True):
        assert [mine[key] for key in ("name", "keep", "items")] == [theirs[key] for key in ("name", "keep", "items")]
        for key, spread in SPREAD_OF_SEEDS.items():
            assert mine[key]["value"] == pytest.approx(theirs[key]["value"], abs=3 * 2**0.5 * spread), key


@pytest.mark.parametrize("path", unless_long(COMPARING))
def test_committed_comparisons_are_what_the_scenarios_give(path):
    """Each committed comparison holds the numbers of a fresh one, to nine digits, and its sentence."""
    grid = load_grid(path)
    folder = ROOT / "reports" / grid.base.name
    comparison = compare(grid)
    assert_same(folder / "compare.json", compare_document(comparison, {}))
    assert compare_sentence(comparison) in (folder / "report.md").read_text()


def without_learnt(document: dict[str, Any]) -> dict[str, Any]:
    """A bias document but for the arms whose models training rounds differently from machine to machine."""
    arms = [arm for arm in document["arms"] if arm["policy"]["recommender"] != "personalised"]
    return document | {"arms": arms}


@pytest.mark.parametrize("path", unless_long(BIASED))
def test_committed_bias_is_what_the_scenarios_give(path, tmp_path):
    """Each committed bias answer holds the numbers of a fresh one, to five digits, and its sentence.

    Chances of a click have seven digits.
    """
    answer = find_bias(load_study(path))
    folder = ROOT / "reports" / answer.study.name
    committed = tmp_path / "bias.json"
    committed.write_text(json.dumps(without_learnt(json.loads((folder / "bias.json").read_text()))))
    assert_same(committed, without_learnt(bias_document(answer, {})), digits=5)
    assert bias_sentence(answer) in (folder / "report.md").read_text()


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_committed_answers_from_logs_are_what_the_scenarios_give(path):
    """Each committed answer from recorded logs holds the numbers of a fresh one, to nine digits, and its sentence."""
    study = load_study(path)
    if study.bias and study.bias.log is None and cached(study.bias.world) is None:
        pytest.skip(f"{study.bias.world} is not in the cache: simulator data get {study.bias.world}")
    answer = find_recorded(study)
    folder = ROOT / "reports" / study.name
    assert_same(folder / "bias.json", recorded_document(answer, {}))
    assert recorded_sentence(answer) in (folder / "report.md").read_text()


@pytest.mark.parametrize("path", TRAINED, ids=lambda path: path.name)
def test_committed_training_is_what_the_scenarios_give(path):
    """Each committed training answer holds the numbers of a fresh one, to five digits, and its sentence.

    What is trained for a sweep of transfer or a go or no-go takes long, and rounds differently from machine to machine:
    left out.
    """
    study = load_study(path)
    training = study.training.model_copy(update={"transfer": None, "splits": None})
    answer = find_training(study.model_copy(update={"training": training}), clicks=click_rates(study))
    folder = ROOT / "reports" / study.name
    committed = json.loads((folder / "training.json").read_text())
    fresh = train_document(answer, {})
    if committed["transfer"] or committed["go_no_go"]:
        fresh |= {name: committed[name] for name in ("transfer", "go_no_go", "answer")}
    else:
        assert train_sentence(answer) in (folder / "report.md").read_text()
    assert_same(folder / "training.json", fresh, digits=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in TRAINED if path.stem in {"transfer", "go_no_go"}], ids=lambda path: path.name
)
def test_committed_sweeps_are_what_training_gives(path):
    """Each committed loss, NDCG and difference lies within the interval of a fresh one, and verdicts are the same."""
    study = load_study(path)
    if study.training.splits and cached("movielens-100k") is None:
        pytest.skip("movielens-100k is not in the cache: simulator data get movielens-100k")
    committed = json.loads((ROOT / "reports" / study.name / "training.json").read_text())
    fresh = train_document(find_training(study), {})
    for name in ("go_no_go", "transfer"):
        told, found = leaves(committed[name] or {}), leaves(fresh[name] or {})
        assert told.keys() == found.keys()
        for key, value in found.items():
            if key.endswith(".value"):
                of = key.removesuffix("value")
                assert found[f"{of}low"] <= told[key] <= found[f"{of}high"], key
            elif key.endswith((".verdict", ".chosen", ".winner")):
                assert told[key] == value, key


@pytest.mark.parametrize("path", unless_long(DIAGNOSED))
def test_committed_diagnoses_are_what_the_scenarios_give(path):
    """Each committed diagnosis holds the numbers of a fresh one, to five digits, and its sentence.

    A ranker's weights are fitted to six digits.
    """
    study = load_study(path)
    document = diagnose_document(diagnose(study), {})
    folder = ROOT / "reports" / study.name
    assert_same(folder / "diagnosis.json", document, digits=5)
    assert document["answer"] in (folder / "report.md").read_text()
