"""MovieLens as a world: nothing looks ahead, nothing is shown twice, and a trained ranker beats fame."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from simulator.data.fetch import cached
from simulator.data.film_world import LIKED, make_film_world
from simulator.data.movielens import load_movielens
from simulator.errors import InputError
from simulator.rankers.metrics import ndcg_per_query
from simulator.rankers.registry import RANKERS

pytestmark = pytest.mark.skipif(
    cached("movielens-100k") is None, reason="MovieLens is not in the cache: simulator data get movielens-100k"
)


@pytest.fixture(scope="module")
def data():
    """Return MovieLens-100K."""
    return load_movielens()


@pytest.fixture(scope="module")
def world(data):
    """Return its world, split by time."""
    return make_film_world(data)


@pytest.fixture(scope="module")
def at_random(data):
    """Return its world in random order, where hundreds of people are tested."""
    return make_film_world(data, "random")


def test_every_column_has_a_name_and_is_finite(world):
    """Names and columns of users and films are as many, no two names alike, and no value is missing."""
    assert world.user_features.shape[1] == len(world.features.user)
    assert world.item_features.shape[1] == len(world.features.item)
    assert len(set(world.features.names)) == len(world.features.names)
    assert np.isfinite(world.user_features).all()
    assert np.isfinite(world.item_features).all()


def test_nothing_known_at_a_query_comes_after_it(data, world):
    """Other ratings and other films in the last tenth leave every earlier description and list as it was."""
    rows = np.arange(len(data.ratings)) >= 90_000
    changed = replace(
        data.ratings,
        label=np.where(rows, 6 - data.ratings.label, data.ratings.label),
        item=np.where(rows, data.ratings.item[::-1], data.ratings.item),
    )
    twin = make_film_world(replace(data, ratings=changed))
    before = np.arange(len(world.person)) < world.splits.test.query.min()
    assert before.sum() > 4000
    assert np.array_equal(world.user_features[before], twin.user_features[before])
    assert np.array_equal(world.item_features, twin.item_features)
    assert np.array_equal(world.popularity, twin.popularity)
    assert np.array_equal(world.splits.train.item, twin.splits.train.item)
    assert not np.array_equal(world.user_features[~before], twin.user_features[~before])


def test_a_test_list_holds_every_film_not_rated_before(data, world):
    """A list and the films that the person rated before the query make up all films, without overlap."""
    test = world.splits.test
    first_test_row = 90_000
    query = test.query[0]
    shown = test.item[test.query == query]
    log = data.ratings
    before = log.item[:first_test_row][log.user[:first_test_row] == world.person[query]]
    assert not np.isin(before, shown).any()
    assert len(shown) + len(before) == len(data.title)
    assert np.array_equal(np.sort(np.concatenate([shown, before])), np.arange(len(data.title)))


def test_clicks_are_the_films_liked_and_only_those(data, world):
    """Every liked rating of the test part is one click in the test lists."""
    assert world.splits.test.click.sum() == np.count_nonzero(data.ratings.label[90_000:] >= LIKED)
    assert world.splits.train.click.sum() == np.count_nonzero(data.ratings.label[50_000:80_000] >= LIKED)


def by_fame(world):
    """Return the rule that scores films by their popularity."""
    return lambda user, items: world.popularity[items]


def by(name, world):
    """Return the score of a trained ranker."""
    return RANKERS[name].fit(world, seed=0).score


def by_person(score, world):
    """Return the mean NDCG@10 of each person's test queries, shape (U,), NaN for who has none."""
    person = world.person[np.unique(world.splits.test.query)]
    people = world.person.max() + 1
    queries = np.bincount(person, minlength=people)
    total = np.bincount(person, ndcg_per_query(score, world, 10), people)
    return np.where(queries > 0, total / np.maximum(queries, 1), np.nan)


def lowest(apart):
    """Return the lower end of the 95% interval of the mean difference over persons: one person's queries depend."""
    known = apart[np.isfinite(apart)]
    return known.mean() - stats.t.ppf(0.975, known.size - 1) * stats.sem(known)


def lead(better, worse, world):
    """Return that end for the difference in NDCG@10 of two scores."""
    return lowest(by_person(better, world) - by_person(worse, world))


@pytest.fixture(scope="module")
def over_splits(data):
    """Return each person's NDCG@10 in five random orders, shape (5, U), by ranker and by fame."""
    worlds = [make_film_world(data, "random", seed) for seed in range(5)]
    ranked = {name: [by_person(by(name, world), world) for world in worlds] for name in ("logistic", "two_tower")}
    ranked["fame"] = [by_person(by_fame(world), world) for world in worlds]
    return {name: np.array(rows) for name, rows in ranked.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("better", "worse"), [("logistic", "fame"), ("two_tower", "logistic")])
def test_fame_is_beaten_by_logistic_regression_and_that_by_two_towers(over_splits, better, worse):
    """Over persons, each with the mean of its differences in five random orders, the whole interval is above 0.

    One order leaves an interval of 0.011, as wide as the towers' lead; that a person is in all five narrows it.
    """
    apart = over_splits[better] - over_splits[worse]  # (5, U)
    known = np.isfinite(apart)
    mean = np.where(known, apart, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    assert lowest(mean[known.any(axis=0)]) > 0


def test_a_trained_ranker_beats_fame_by_more_than_the_interval(world):
    """By time, logistic regression finds liked films better than their popularity, over persons."""
    assert lead(by("logistic", world), by_fame(world), world) > 0.02


def test_logistic_regression_beats_fame_in_random_order(at_random):
    """The whole interval of the difference lies above 0.02."""
    assert lead(by("logistic", at_random), by_fame(at_random), at_random) > 0.02


def test_a_random_split_knows_the_test_users(at_random):
    """The leak: by time most test queries are of people without a past in training, at random next to none."""
    new = at_random.features.user.index("new")
    tested = np.unique(at_random.splits.test.query)
    assert (at_random.user_features[tested, new] > at_random.user_features[:, new].min()).mean() < 0.01


def test_unusable_data_are_refused(data):
    """An unknown split, and a log in which nothing is liked, are named."""
    with pytest.raises(InputError, match="by time, random or by user; got 'month'"):
        make_film_world(data, "month")
    dull = replace(data, ratings=replace(data.ratings, label=np.minimum(data.ratings.label, 3)))
    with pytest.raises(InputError, match="got 0, 0, 0, 0 of them"):
        make_film_world(dull)
