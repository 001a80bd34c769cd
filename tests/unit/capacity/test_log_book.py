"""Quality judged by a recorded log: met items play no part, users are what is independent, the leak is shown."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from simulator.capacity import log_book as log_book_module
from simulator.capacity.judged import book_for, check_quality, has_quality, why_not_judged
from simulator.capacity.log_book import log_book
from simulator.capacity.quality import TOP_K, Cut, quality_of, quality_of_run
from simulator.capacity.run import run_scenario
from simulator.capacity.score_book import ScoreBook
from simulator.data.fetch import cached
from simulator.data.randomness import generator
from simulator.errors import InputError
from simulator.rankers.metrics import ndcg
from simulator.scenario.load import parse_scenario
from simulator.statistics.intervals import estimate

ITEMS = 60
CUTS = (Cut("first", "rough", 30), Cut("second", "fine", 10))
OWN = """
import numpy as np

class Learner:
    def fit(self, world):
        log = world.splits.train
        self.clicks = np.bincount(log.item[log.click], minlength=len(world.item_features)).astype(float)
        self.rows = world.item_features.astype(np.float32)

    def score(self, query, candidates):
        return [self.clicks[np.flatnonzero((self.rows == one).all(axis=1))[0]] for one in candidates]

class Untaught:
    def score(self, query, candidates):
        return np.zeros(len(candidates))

class Estimator(Untaught):
    def fit(self, X, y): pass

class Broken(Untaught):
    def fit(self, world):
        raise KeyError("price")
"""


@pytest.fixture(scope="module")
def toy() -> ScoreBook:
    """Queries of 80 people, up to four of each, over 60 items of which some are met, and likes among the others."""
    rng = generator(2, "toy")
    person = np.sort(rng.integers(80, size=200))
    met = rng.random((200, ITEMS)) < 0.3
    liked = (rng.random((200, ITEMS)) < 0.1) & ~met
    kept = liked.any(axis=1)
    noise = {name: rng.standard_normal((200, ITEMS)) for name in ("rough", "fine")}

    def score(ranker):
        return ({"rough": 1.0, "fine": 3.0}[ranker] * liked + noise[ranker] + 100.0 * met)[kept]

    return ScoreBook(np.where(met, np.nan, liked)[kept], score, person=person[kept])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a log of clicks, worked in, with a cache of its own."""
    rng = generator(1, "clicks")
    user, item = rng.integers(150, size=6_000), rng.integers(ITEMS, size=6_000)
    clicked = rng.random(6_000) < np.where(user % 3 == item % 3, 0.8, 0.1)
    table = {"user": user, "item": item, "time": np.arange(6_000), "clicked": clicked.astype(int)}
    pd.DataFrame(table).to_csv(tmp_path / "clicks.csv", index=False)
    (tmp_path / "their_judged.py").write_text(OWN)
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    sys.modules.pop("their_judged", None)


def scenario(folder, *rankers, **sections):
    """A funnel of rankers, judged by the log in the folder."""
    asked = {
        "name": "small",
        "traffic": {"qps": 10, "candidates": ITEMS, "queries": 200, "replications": 2},
        "funnel": [{"name": f"s{i}", "ranker": name, "cost": "1ms"} for i, name in enumerate(rankers)],
        "quality": {"interactions": "clicks.csv", "label": "clicked"},
    }
    return parse_scenario(json.dumps(asked | sections), folder=folder)


def test_met_items_are_not_ranked(toy):
    """NDCG is the metric over the items that were not met, though every ranker puts those that were first."""
    found = quality_of([Cut("only", "fine", ITEMS)], toy)
    scores = toy.scores("fine")
    own = [ndcg(toy.relevance[t][open_], scores[t][open_], TOP_K) for t, open_ in enumerate(toy.ranked)]
    assert found.ndcgs == pytest.approx(toy.by_person(np.array(own)), rel=1e-12)
    assert found.ranked == toy.ranked.sum(axis=1).mean()


def test_what_is_left_is_the_share_of_the_liked(toy):
    """Recall of the truth after a stage is the share of a query's likes among what it keeps, counted one by one."""
    found = quality_of(CUTS, toy)
    shares = []
    for t, open_ in enumerate(toy.ranked):
        items = np.flatnonzero(open_)
        kept = items[np.argsort(-toy.scores("rough")[t][items])][:30]
        liked = set(np.flatnonzero(toy.relevance[t]).tolist())
        shares.append(len(liked & set(kept.tolist())) / len(liked))
    assert found.stages[0].true_recall.value == pytest.approx(toy.by_person(np.array(shares)).mean(), rel=1e-12)


def test_keeping_everything_loses_nothing_though_some_are_met(toy):
    """Where every stage keeps as many as there are items, recall is 1 and nothing is lost."""
    found = quality_of([cut._replace(keep=ITEMS) for cut in CUTS], toy)
    for stage in found.stages:
        assert (stage.recall.value, stage.recall_of_kept.value, stage.true_recall.value) == (1, 1, 1)
        assert stage.loss.value == 0


def test_asking_again_makes_no_interval_narrower(toy):
    """Every query put in three times by the same person leaves every estimate and interval as it was."""
    thrice = np.repeat(np.arange(len(toy.person)), 3)
    relevance = np.where(toy.ranked, toy.relevance, np.nan)[thrice]
    again = ScoreBook(relevance, lambda ranker: toy.scores(ranker)[thrice], person=toy.person[thrice])
    once, often = quality_of(CUTS, toy), quality_of(CUTS, again)
    assert often.queries == 3 * once.queries
    assert often.persons == once.persons
    for mine, theirs in zip(once.stages, often.stages, strict=True):
        for name in ("recall", "true_recall", "ndcg", "loss"):
            assert vars(getattr(theirs, name)) == pytest.approx(vars(getattr(mine, name)), rel=1e-9, abs=1e-12)


def test_the_interval_is_that_of_the_persons_means(toy):
    """It is Student's over one mean a person."""
    found = quality_of(CUTS, toy)
    assert found.ndcg == estimate(found.ndcgs.tolist())
    assert len(found.ndcgs) == found.persons == len(np.unique(toy.person))


def test_candidates_are_drawn_from_what_is_not_met(toy):
    """Of 20 candidates none was met where 20 are open, and queries of which no like is drawn are left out."""
    part = toy.with_items(20)
    assert part.ranked.all()
    assert (part.relevance.max(axis=1) > 0).all()
    assert part.relevance.shape[0] == len(part.person) < len(toy.person)
    with pytest.raises(InputError, match="of 1 candidates: expected test queries of at least 2 users"):
        ScoreBook(np.eye(2, 100), lambda _: np.zeros((2, 100))).with_items(1)


def test_trained_scores_are_kept_until_the_log_changes(place, monkeypatch):
    """A second process reads what the first one trained; with another row it trains anew."""
    asked = scenario(place, "logistic").quality
    first = log_book(asked, "time").scores("logistic")
    forget()
    trained = []
    monkeypatch.setattr(log_book_module, "trained_scores", lambda *told: trained.append(told) or first)
    assert np.array_equal(log_book(asked, "time").scores("logistic"), first)
    assert not trained
    with (place / "clicks.csv").open("a") as file:
        file.write("1,1,9999999,0\n")
    forget()
    log_book(asked, "time").scores("logistic")
    assert len(trained) == 1


def forget():
    """Let this process know no log."""
    log_book.cache_clear()
    log_book_module._read.cache_clear()


def test_a_run_is_judged_by_both_splits(place):
    """The asked split has the quality, the other stands beside it, with its own users."""
    answer = run_scenario(scenario(place, "logistic"))
    found = quality_of_run(answer)
    assert (found.recorded.name, found.recorded.split, found.other.recorded.split) == ("clicks.csv", "time", "random")
    assert found.recorded.rows + found.recorded.again == 6_000
    assert quality_of_run(answer, both=False).other is None
    assert quality_of_run(answer, both=False).ndcg == found.ndcg


def test_a_users_own_ranker_is_judged_where_it_learns(place):
    """A ranker that counts clicks orders each query by them, in a funnel of its own and behind one of ours."""
    book = book_for(scenario(place, "their_judged:Learner"))
    scores = book.scores("their_judged:Learner")
    rows = pd.read_csv(place / "clicks.csv").drop_duplicates(["user", "item"])
    learnt = rows.iloc[round(0.5 * len(rows)) : round(0.8 * len(rows))]
    clicks = learnt[learnt.clicked == 1].item.value_counts().reindex(range(ITEMS), fill_value=0)
    assert (scores == clicks.to_numpy()).all()
    found = quality_of_run(run_scenario(scenario(place, "logistic", "their_judged:Learner")))
    assert found.everything.value == pytest.approx(
        quality_of([Cut("only", "their_judged:Learner", 10)], book).ndcg.value
    )


@pytest.mark.parametrize(
    ("rankers", "reason"),
    [
        (("logistic", "their_judged:Untaught"), r"stage s1: their_judged:Untaught has no fit\(world\)"),
        (("their_judged:Estimator",), r"stage s0: their_judged:Estimator has no fit\(world\)"),
        (("their_judged:Nobody",), "stage s0: their_judged:Nobody: expected a class Nobody"),
        (("logistic", None), "stage s1 names no ranker"),
        (("logistic", "word2vec"), "learn from different worlds, of columns and of text"),
        (("word2vec",), "a log of users and items has no text for its rankers to learn from"),
    ],
)
def test_why_a_funnel_is_not_judged_is_said(place, rankers, reason):
    """Where a ranker cannot be trained on the log, that is the reason, and asking for quality an error."""
    asked = scenario(place, *rankers)
    assert not has_quality(asked)
    with pytest.raises(InputError, match=f"section quality: .*{reason}"):
        check_quality(asked)


@pytest.mark.usefixtures("place")
def test_a_funnel_without_the_section_is_not_judged_and_no_error():
    """Without a section the run goes on, and the reason is there to be said."""
    stage = {"name": "a", "ranker": "their_judged:Untaught", "cost": "1ms"}
    traffic = {"qps": 1, "candidates": 9, "queries": 99, "replications": 2}
    asked = parse_scenario(json.dumps({"name": "x", "traffic": traffic, "funnel": [stage]}))
    assert "has no fit(world)" in why_not_judged(asked)
    assert quality_of_run(run_scenario(asked)) is None


def test_a_fit_that_fails_is_named(place):
    """What it raised is told, with what it is given."""
    with pytest.raises(InputError, match=r"their_judged:Broken: fit\(world\) failed with KeyError: 'price'; it learns"):
        book_for(scenario(place, "their_judged:Broken")).scores("their_judged:Broken")


@pytest.mark.skipif(
    cached("movielens-100k") is None, reason="MovieLens is not in the cache: simulator data get movielens-100k"
)
def test_a_random_split_of_movielens_leaks():
    """By time 85.8% of the test rows are of users unseen in training, at random none; NDCG is higher by far there."""
    films = parse_scenario(
        "{name: x, traffic: {qps: 1, candidates: 1682}, funnel: [{name: a, ranker: logistic}], "
        "quality: {world: movielens-100k}}"
    )
    by_time, at_random = (
        quality_of([Cut("a", "logistic", 1682)], book_for(films, split)) for split in ("time", "random")
    )
    assert by_time.recorded.unseen == 0.8582
    assert at_random.recorded.unseen < 0.001
    assert at_random.ndcg.low > by_time.ndcg.high
