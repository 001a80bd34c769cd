"""The quality of a funnel: what must hold for any scores, and what holds on the default world."""

import json
from itertools import pairwise

import numpy as np
import pytest

from simulator.capacity.judged import has_quality
from simulator.capacity.quality import TOP_K, Cut, cuts_of, quality_of, quality_of_run, scaled_keep
from simulator.capacity.run import run_scenario
from simulator.capacity.score_book import ScoreBook, book_of
from simulator.data.randomness import generator
from simulator.data.world import make_world
from simulator.rankers.metrics import ndcg
from simulator.scenario.load import parse_scenario
from simulator.statistics.intervals import estimate

NOISE = {"rough": 2.0, "fair": 1.0, "fine": 0.3}
THREE = (Cut("first", "rough", 60), Cut("second", "fair", 30), Cut("third", "fine", 15))


@pytest.fixture(scope="module")
def toy() -> ScoreBook:
    """200 items for 300 users whose relevance is skewed, and three rankers that see its log through noise."""
    utility = generator(1, "utility").standard_normal((300, 200))

    def score(ranker: str):
        return utility + NOISE[ranker] * generator(1, ranker).standard_normal(utility.shape)

    return ScoreBook(np.exp(utility) / 50, score)


@pytest.fixture(scope="module")
def default() -> ScoreBook:
    """The rankers of the default world."""
    return book_of(make_world())


def test_one_stage_finds_all_that_its_ranker_would_pick(toy):
    """A funnel of one stage has recall 1 against its own ranker, of ten and of all that it keeps, and loses nothing."""
    (stage,) = quality_of([Cut("only", "fine", 20)], toy).stages
    assert (stage.recall.value, stage.recall_of_kept.value, stage.loss.value) == (1, 1, 0)


def test_the_ndcg_is_that_of_the_metric(toy):
    """A single stage's NDCG@10 is the mean over users of the rankers' own metric."""
    found = quality_of([Cut("only", "fair", 200)], toy)
    own = [ndcg(toy.relevance[t], toy.scores("fair")[t], TOP_K) for t in range(300)]
    assert found.ndcgs == pytest.approx(own, rel=1e-12)
    assert found.ndcg == estimate(found.ndcgs.tolist())


def test_keeping_all_loses_nothing(toy):
    """Where every stage hands on all items the funnel is as good as ranking everything with the last ranker."""
    found = quality_of([cut._replace(keep=200) for cut in THREE], toy)
    assert [stage.loss.value for stage in found.stages] == [0, 0, 0]
    assert [stage.recall.value for stage in found.stages] == [1, 1, 1]
    assert found.ndcg == found.everything
    assert found.losing is None


def test_recall_rises_with_what_is_kept(toy):
    """The first stage's recall of the last ranker's ten best and of the truth's never falls as it keeps more."""
    stages = [quality_of([THREE[0]._replace(keep=n), THREE[2]], toy).stages[0] for n in (10, 20, 50, 100, 200)]
    for recall in ([one.recall.value for one in stages], [one.true_recall.value for one in stages]):
        assert all(b > a for a, b in pairwise(recall))
        assert recall[-1] == 1


def test_recall_counts_what_is_left(toy):
    """Each stage's recalls are, user by user, the shares of three sets that its list still holds."""
    found = quality_of(THREE, toy)

    def best(scores, count):
        return set(np.argsort(-scores, kind="stable")[:count].tolist())

    shares = []
    for t in range(300):
        left = set(range(200))
        for cut in THREE:
            scores = np.where(np.isin(np.arange(200), list(left)), toy.scores(cut.ranker)[t], -np.inf)
            left = best(scores, cut.keep)
            wanted = best(toy.scores("fine")[t], 10), best(toy.scores("fine")[t], cut.keep), best(toy.relevance[t], 10)
            shares.append([len(left & one) / len(one) for one in wanted])
    means = np.array(shares).reshape(300, 3, 3).mean(axis=0)
    for stage, expected in zip(found.stages, means, strict=True):
        recalls = stage.recall.value, stage.recall_of_kept.value, stage.true_recall.value
        assert recalls == pytest.approx(tuple(expected), rel=1e-12)


def test_losses_add_up(toy):
    """The stages' losses sum to what the funnel lacks of ranking everything, and the largest one is named."""
    found = quality_of(THREE, toy)
    losses = [stage.loss.value for stage in found.stages]
    assert sum(losses) == pytest.approx(found.loss.value, rel=1e-9)
    assert found.loss.value == pytest.approx(found.everything.value - found.ndcg.value, rel=1e-9)
    assert found.losing == found.stages[int(np.argmax(losses))].cut.name == "first"


def test_the_stage_that_cuts_too_deep_is_named(toy):
    """With a first stage that keeps nearly all and a second that keeps ten, the second loses the good documents."""
    found = quality_of([Cut("first", "fair", 190), Cut("second", "rough", 10), Cut("third", "fine", 10)], toy)
    assert found.losing == "second"


def test_quality_falls_with_coverage(toy):
    """The fewer shards answer, the lower NDCG is, and what that costs is a paired difference to all of them."""
    full = quality_of(THREE, toy)
    assert full.coverage_loss is None
    costs = []
    for coverage in (0.99, 0.9, 0.7, 0.4):
        found = quality_of([THREE[0]._replace(shards=50, coverage=coverage), *THREE[1:]], toy)
        assert found.coverage_loss == estimate((full.ndcgs - found.ndcgs).tolist())
        costs.append(found.coverage_loss.value)
    assert costs[0] > 0
    assert all(b > a for a, b in pairwise(costs))


def test_an_answer_is_missing_as_often_as_shards_do_not_answer(toy):
    """Where half the shards answer, half of the ten best are left, within 4 standard errors over users."""
    (stage,) = quality_of([Cut("only", "fine", 200, shards=1000, coverage=0.5)], toy).stages
    assert abs(stage.recall.value - 0.5) < 4 * (0.25 / (10 * 300)) ** 0.5


def test_lists_shorter_than_ten_count_what_they_lack():
    """A funnel that hands on one item of ten equally good ones has the first discount over the sum of ten."""
    book = ScoreBook(np.full((2, 10), 0.5), lambda _: np.tile(np.arange(10.0), (2, 1)))
    found = quality_of([Cut("only", "any", 1)], book)
    assert found.ndcg.value == pytest.approx(1 / sum(1 / np.log2(rank + 1) for rank in range(1, 11)))
    assert found.stages[0].true_recall.value == 0.1


@pytest.mark.parametrize(
    ("keep", "candidates", "scaled"),
    [(500, 4096, 500), (50, 1000, 50), (5, 10**8, 5), (10, 10**8, 10), (10**8, 10**8, 4096), (10**4, 10**8, 132)],
)
def test_what_is_kept_is_scaled_on_a_logarithmic_scale(keep, candidates, scaled):
    """Ten stay ten and all stay all; with an item for each candidate nothing is scaled."""
    assert scaled_keep(keep, candidates, 4096) == scaled


def test_fewer_candidates_than_items_are_a_part_of_them(toy):
    """A book of 50 items has each user's scores and truth of the same 50 of them, and of fewer no other numbers."""
    part = toy.with_items(50)
    assert part.relevance.shape == (300, 50)
    for t in (0, 299):
        where = np.searchsorted(np.sort(toy.relevance[t]), part.relevance[t])
        items = np.argsort(toy.relevance[t])[where]
        assert len(set(items.tolist())) == 50
        assert np.array_equal(part.scores("fair")[t], toy.scores("fair")[t, items])


def test_the_funnel_is_nearly_as_good_as_its_last_ranker(default):
    """On the default world two_tower, logistic and mlp together find nearly what mlp finds, and more than two_tower."""
    funnel = [Cut("retrieve", "two_tower", 200), Cut("rank", "logistic", 50), Cut("rerank", "mlp", 10)]
    found, alone = quality_of(funnel, default), quality_of([Cut("only", "two_tower", 10)], default)
    assert found.everything.value == quality_of([Cut("only", "mlp", 10)], default).ndcg.value
    assert found.loss.high < 0.01
    assert estimate((found.ndcgs - alone.ndcgs).tolist()).low > 0.05


def scenario(*stages, **traffic):
    """A scenario of the given stages at a low load."""
    asked = {"name": "small", "traffic": {"qps": 10, "queries": 200, "replications": 2, **traffic}, "funnel": stages}
    return parse_scenario(json.dumps(asked))


def test_a_run_has_quality_where_all_stages_have_rankers():
    """A funnel with a stage of assumed cost and no ranker has no quality; one of rankers has that of its cuts."""
    assumed = scenario({"name": "a", "ranker": "mlp"}, {"name": "b", "cost": "1ms"}, candidates=100)
    assert not has_quality(assumed)
    assert quality_of_run(run_scenario(assumed)) is None
    answer = run_scenario(scenario({"name": "a", "ranker": "mlp", "keep": 12}, candidates=100))
    found = quality_of_run(answer)
    assert (found.items, found.candidates, found.scaled) == (100, 100, False)
    assert found.stages[0].cut == Cut("a", "mlp", 12)


def test_a_deadline_that_loses_shards_costs_quality():
    """Coverage seen in the run becomes quality lost, at the stage that has the deadline."""
    stage = {"name": "a", "ranker": "mlp", "shards": 20, "deadline": "1ms"}
    slow = {"cost": {"distribution": "exponential", "mean": "1ms"}}
    answer = run_scenario(scenario(stage | slow, {"name": "b", "ranker": "mlp", "keep": 10}, candidates=1000))
    found = quality_of_run(answer)
    first, second = (one.cut.coverage for one in found.stages)
    assert first == pytest.approx(1 - np.exp(-1), abs=0.05)
    assert second == 1
    assert found.coverage_loss.low > 0
    assert found.losing == "a"


def test_cuts_follow_the_scenario(toy):
    """A stage without `keep` hands on all that reaches it; later stages keep no more than earlier ones."""
    funnel = scenario({"name": "a", "ranker": "mlp"}, {"name": "b", "ranker": "logistic", "keep": 20}, candidates=200)
    assert [cut.keep for cut in cuts_of(funnel, toy)] == [200, 20]
