"""Skew, missing features, seasons and lost quality: what is planted is named first, with what it costs."""

import numpy as np
import pandas as pd
import pytest

from simulator.capacity.quality import Cut, quality_of
from simulator.capacity.score_book import ScoreBook
from simulator.data.film_log import make_film_log
from simulator.diagnosis.film_tables import film_tables
from simulator.diagnosis.lost_quality import find_lost_quality
from simulator.diagnosis.missed import find_missed
from simulator.diagnosis.seasons import cost_of_drift, find_seasons
from simulator.diagnosis.skew import find_skew, wilson
from simulator.diagnosis.table_ranker import TableRanker, ndcg_of
from simulator.diagnosis.tables import Roles, Tables
from simulator.errors import InputError
from simulator.rankers.metrics import ndcg
from simulator.scenario.diagnosis import FilmLogAsked

FEW = 300


def asked(**settings):
    """The tables of a small synthetic log."""
    return film_tables(FilmLogAsked.model_validate({"queries": FEW, **settings}), seed=1)


PLANTED = [
    ("price", "scale", "100 times"),
    ("rating", "missing", "missing online"),
    ("country", "default", "'unknown' in its place"),
    ("runtime", "type", "online"),
    ("match", "stale", "correlation"),
]


@pytest.mark.parametrize(("feature", "kind", "said"), PLANTED)
def test_a_planted_skew_is_named_first_and_by_its_kind(feature, kind, said):
    """The feature that the online path computes otherwise comes first, with how it differs and its matches."""
    share = 1.0 if kind == "type" else 0.4
    found = find_skew(asked(skew=[{"feature": feature, "kind": kind, "share": share}]))
    worst = found.worst
    assert (worst.feature, worst.kind) == (feature, kind)
    assert said in worst.detail
    assert worst.exact.low <= 1 - share <= worst.exact.high
    assert all(one.kind == "" for one in found.features[1:])


def test_a_skew_costs_quality_and_logging_at_serving_wins_it_back():
    """A price in cents costs NDCG; one function gives all of it back, and training on what is logged most of it."""
    cost = find_skew(asked(skew=[{"feature": "price", "kind": "scale"}])).cost
    assert cost.lost.high < -0.1
    assert cost.logged.low > 0.1
    assert cost.offline.value - cost.online.value == pytest.approx(-cost.lost.value)


def test_without_skew_nothing_differs_and_nothing_is_lost():
    """Equal tables match in all rows, and their skew costs exactly nothing."""
    table = make_film_log(["june"], FEW, 1, "a").table
    found = find_skew(Tables(table, table.copy(), Roles(key="id", label="click", query="query", time="month")))
    assert found.worst is None
    assert found.cost.lost.value == 0


def test_rows_without_a_common_key_are_said():
    """Paths that share no key are an error that shows a key of each."""
    one, two = pd.DataFrame({"id": [1, 2], "x": [1.0, 2.0]}), pd.DataFrame({"id": [3, 4], "x": [1.0, 2.0]})
    with pytest.raises(InputError, match="none in common, such as 1 and 3"):
        find_skew(Tables(one, two, Roles(key="id")))


def test_wilson_is_the_score_interval():
    """8 of 10 have the interval .490 to .943 (Wilson 1927); all of none have no share."""
    found = wilson(8, 10)
    assert (found.value, found.low, found.high) == (
        0.8,
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    assert np.isnan(wilson(0, 0).value)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_hidden_actor_is_found_first(seed):
    """In a world whose actors drive clicks, the actor's column gains most when given, and no decoy is missing."""
    settings = FilmLogAsked.model_validate(
        {"trained": ["june"], "served": ["june"], "queries": 800, "unused": ["actor", "director", "studio", "runtime"]}
    )
    found = find_missed(film_tables(settings, seed))
    assert found.missing.column == "actor"
    assert [one.column for one in found.candidates if one.helps] == ["actor"]
    assert found.columns[0].column == "actor"
    assert found.columns[0].q_value < 1e-6


def test_segments_tell_for_whom_it_is_worst():
    """Queries are parted by what is known of who asks: new users and query lengths among them, each third once."""
    found = find_missed(asked(trained=["june"], queries=400))
    names = [segment.name for segment in found.segments]
    assert {name.split(":")[0] for name in names} == {"age", "tenure_days", "hour", "query_words", "country", "device"}
    ages = [segment for segment in found.segments if segment.name.startswith("age")]
    assert sum(segment.queries for segment in ages) == found.queries
    mean = sum(segment.queries * segment.ndcg.value for segment in ages) / found.queries
    assert mean == pytest.approx(found.ndcg.value)


def test_nothing_is_missing_where_only_decoys_are_kept_from_it():
    """Studio and runtime decide on nothing, and neither is called missing."""
    found = find_missed(asked(trained=["june"], queries=800, unused=["studio", "runtime"]))
    assert found.missing is None


def test_december_costs_in_january_and_not_in_december():
    """A ranker of December loses NDCG in January, with an interval below zero; in another December it loses none."""
    there, back = asked(served=["january"], queries=600), asked(served=["december"], queries=600)
    assert cost_of_drift(there).lost.high < -0.005
    assert cost_of_drift(back).lost.value > -0.005


def test_seasons_show_the_genre_of_december():
    """Over the year, genre moves most against December, least in December itself."""
    found = find_seasons(asked(served=["january"]))
    assert found.features[0] == "genre"
    assert found.periods[0] == "january"
    course = dict(zip(found.periods, found.values[0], strict=True))  # noqa: PD011  no frame
    assert min(course, key=course.get) == "december"


def test_ndcg_of_tables_is_that_of_lists():
    """Query by query, NDCG of rows in any order is the NDCG of the list."""
    rng = np.random.default_rng(0)
    query = rng.permutation(np.repeat(np.arange(30), 25))
    relevance, scores = rng.random(750), rng.standard_normal(750)
    each = [ndcg(relevance[query == q], scores[query == q], 10) for q in range(30)]
    assert ndcg_of(query, relevance, scores) == pytest.approx(each)


def test_a_table_ranker_takes_what_it_never_saw():
    """Unseen categories, missing numbers and text in place of numbers give a probability, not an error."""
    rng = np.random.default_rng(0)
    train = pd.DataFrame({"n": rng.standard_normal(200), "c": rng.choice(["a", "b"], 200)})
    ranker = TableRanker.train(train, ("n", "c"), rng.random(200) < 0.5)
    odd = pd.DataFrame({"n": ["1.5", "two", None], "c": ["z", None, "a"]})
    assert np.isfinite(ranker.probability(odd)).all()


def toy_book():
    """A book of a good, a fair and a bad ranker of 200 items for 60 queries, the rare items being the relevant ones."""
    rng = np.random.default_rng(4)
    relevance = rng.random((60, 200)) ** 4
    noise = {"good": 0.05, "fair": 0.3, "bad": 3.0}
    luck = {name: rng.standard_normal((60, 200)) for name in noise}
    return ScoreBook(relevance, lambda ranker: relevance + noise[ranker] * luck[ranker])


@pytest.mark.parametrize(("rankers", "worst"), [(("bad", "good"), "first"), (("good", "bad"), "second")])
def test_the_stage_that_loses_the_good_documents_is_named(rankers, worst):
    """A bad early ranker, or a bad last one, is the stage that loses; losses add up to what lacks of 1."""
    book = toy_book()
    cuts = [Cut("first", rankers[0], 30), Cut("second", rankers[1], 10)]
    found = find_lost_quality(cuts, book)
    assert found.worst.stage == worst
    assert sum(one.lost.value for one in found.stages) == pytest.approx(1 - found.ndcg.value)
    assert found.ndcg.value == pytest.approx(quality_of(cuts, book).ndcg.value)
    assert found.worst.if_ideal.low > 0
