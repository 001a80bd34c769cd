"""What every ranker keeps to, however it works inside; a new one is tested by being in the registry."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from simulator.data.worlds import WORLDS
from simulator.errors import InputError
from simulator.rankers.registry import RANKERS

ITEMS = 300


SIZES = {"columns": {"users": 120, "items": ITEMS}, "text": {"queries": 120, "documents": ITEMS}}
"""Worlds small enough to train on in a moment, by the kind of their rows."""


@pytest.fixture(scope="module", params=sorted(RANKERS))
def kind(request):
    """Return each class of the registry in turn."""
    return RANKERS[request.param]


@pytest.fixture(scope="module")
def world(kind):
    """Return a small world of the kind that the class learns from."""
    return WORLDS[kind.learns_from](seed=2, **SIZES[kind.learns_from])


@pytest.fixture(scope="module")
def ranker(kind, world):
    """Return a trained ranker of each class."""
    return kind.fit(world, seed=7)


@pytest.fixture
def candidates():
    """Return 83 different items in no order."""
    return np.random.default_rng(0).permutation(ITEMS)[:83]


def with_training_log(world, change):
    """Return the world with `change` made to its training log."""
    return replace(world, splits=replace(world.splits, train=change(world.splits.train)))


def test_scores_are_finite_and_one_for_each_candidate(ranker, candidates):
    """83 candidates get 83 finite scores in single precision."""
    scores = ranker.score(5, candidates)
    assert scores.shape == (83,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_scores_tell_candidates_and_users_apart(ranker, candidates):
    """A ranker does not give all candidates, or all users, the same scores."""
    assert np.unique(ranker.score(5, candidates)).size > 40
    assert not np.allclose(ranker.score(5, candidates), ranker.score(6, candidates))


@pytest.mark.parametrize("keep", [1, 10, 82, 83, 1000])
def test_serving_is_a_full_sort_cut_short(ranker, candidates, keep):
    """What a call returns are the first `keep` of all candidates in descending score."""
    order = np.argsort(-ranker.score(5, candidates), kind="stable")
    assert np.array_equal(ranker.serve(5, candidates, keep), candidates[order[:keep]])


def test_a_slice_scores_as_the_list_of_its_items(ranker):
    """Reading the catalogue in place changes no score beyond the last digits of single precision."""
    assert np.allclose(ranker.score(5, slice(40, 140)), ranker.score(5, np.arange(40, 140)), rtol=1e-4, atol=1e-5)


def test_a_slice_is_served_by_the_ids_of_its_items(ranker):
    """The ids that a slice keeps lie inside it and are in descending score."""
    best = ranker.serve(5, slice(40, 140), 20)
    expected = 40 + np.argsort(-ranker.score(5, slice(40, 140)), kind="stable")[:20]
    assert np.array_equal(best, expected)


def test_the_whole_catalogue_is_served_best_first(ranker):
    """A call for every item keeps as many as asked, each once, in descending score; an exact ranker keeps the best."""
    best = ranker.serve(5, slice(None), 40)
    scores = ranker.score(5, slice(None))
    assert len(set(best.tolist())) == 40
    assert (np.diff(scores[best]) <= 1e-5).all()
    if ranker.exact:
        assert np.array_equal(best, np.argsort(-scores, kind="stable")[:40])


def test_permuting_the_candidates_permutes_the_scores(ranker, candidates):
    """The score of a candidate does not depend on its place in the list."""
    order = np.random.default_rng(1).permutation(83)
    scores = ranker.score(5, candidates)
    assert np.allclose(ranker.score(5, candidates[order]), scores[order], rtol=1e-4, atol=1e-5)


def test_parameters_are_counted_as_they_are(ranker):
    """The parameter count is the sum of the sizes of the arrays, none of them double precision."""
    assert ranker.parameter_count == sum(np.asarray(block).size for block in ranker.parameters.values()) > 0
    assert {block.dtype for block in ranker.parameters.values()} == {np.dtype(np.float32)}


def test_memory_is_what_the_arrays_hold(ranker):
    """A ranker states the bytes of its parameters, item rows and index, and more for more items."""
    held = sum(block.nbytes for block in ranker.parameters.values()) + ranker.items.nbytes
    if not ranker.exact:
        held += ranker.index.nbytes
    assert ranker.memory_bytes(ITEMS) == held
    assert 0 < ranker.memory_bytes(1) < ranker.memory_bytes(2)
    assert type(ranker.memory_bytes(10**12)) is int


def test_scoring_takes_some_operations(ranker):
    """A candidate costs at least one multiply-add for each number that is kept of it."""
    assert type(ranker.flops_per_candidate) is int
    assert ranker.flops_per_candidate >= 2 * ranker.items.shape[1]


def test_scoring_reads_the_row_of_each_candidate_looked_at(ranker):
    """A candidate costs the bytes of its row; an exact ranker looks at each, another at the cells' centres besides."""
    assert type(ranker.bytes_per_candidate) is int
    assert ranker.bytes_per_candidate == ranker.items[0].nbytes > 0
    centres = 0 if ranker.exact else ranker.index.cells  # there are so few that all are looked into
    assert ranker.share_looked_at == pytest.approx(1 + centres / ITEMS)


def test_the_same_seed_gives_the_same_scores_and_leaves_the_global_generator_alone(kind, world, ranker, candidates):
    """Training twice with one seed gives equal models, bit for bit; NumPy's global numbers are not drawn or seeded."""
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is looked at
    again = kind.fit(world, seed=7)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert np.array_equal(again.score(5, candidates), ranker.score(5, candidates))


def test_training_keeps_to_one_thread(kind, world, ranker, monkeypatch):
    """Whatever was allowed before, the matrices of training are one thread's, and afterwards it is allowed again."""

    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen = []
    monkeypatch.setattr(kind, "_train", lambda *_: seen.append(threads()) or ranker.parameters)
    with threadpool_limits(2):
        before = threads()
        kind.fit(world, seed=1)
        assert threads() == before
    assert seen == [{1}]


@pytest.mark.parametrize("items", [1, 50_000])
def test_a_catalogue_of_any_size_can_be_served(ranker, items):
    """One item or 50,000: every item of the new catalogue gets a finite score and can be kept."""
    larger = ranker.for_catalogue(items, seed=3)
    assert larger.score(5, slice(0, items)).shape == (items,)
    assert larger.serve(5, np.array([items - 1]), 1).tolist() == [items - 1]
    assert larger.parameter_count == ranker.parameter_count
    assert larger.items.flags.c_contiguous
    assert larger.items.dtype == np.float32


def test_a_catalogue_is_a_function_of_its_seed(ranker):
    """The same seed gives the same items, another seed others, and no two items are equal."""
    items = ranker.for_catalogue(1000, seed=3).items
    assert np.array_equal(items, ranker.for_catalogue(1000, seed=3).items)
    assert not np.array_equal(items, ranker.for_catalogue(1000, seed=4).items)
    assert len(np.unique(items, axis=0)) == 1000


def test_a_larger_catalogue_scores_like_its_own(ranker):
    """Mean and spread of the scores in a catalogue of 50,000 are near those of its source."""
    own, larger = ranker.score(5, slice(None)), ranker.for_catalogue(50_000, seed=3).score(5, slice(None))
    assert abs(larger.mean() - own.mean()) < 0.1 * own.std()
    assert 0.9 < larger.std() / own.std() < 1.1


def test_a_ranker_can_be_sent_to_another_process(ranker, candidates):
    """A pickled ranker gives the same scores."""
    twin = pickle.loads(pickle.dumps(ranker))  # noqa: S301 - made one line above
    assert np.array_equal(twin.score(5, candidates), ranker.score(5, candidates))


def test_no_training_impressions_are_refused(kind, world):
    """An empty training set is named, with the ranker that got it."""
    empty = with_training_log(world, lambda log: log.where(np.zeros(len(log), dtype=bool)))
    with pytest.raises(InputError, match=f"{kind.name} cannot be trained: there are no"):
        kind.fit(empty, seed=0)


@pytest.mark.parametrize("clicked", [True, False])
def test_one_class_of_impressions_is_refused(kind, world, clicked):
    """A log of clicks only, or of none, is named with its counts."""
    one_class = with_training_log(world, lambda log: replace(log, click=np.full(len(log), clicked)))
    count = len(world.splits.train)
    with pytest.raises(InputError, match=f"{count if clicked else 0} of {count} training impressions"):
        kind.fit(one_class, seed=0)


def test_a_world_of_another_kind_is_refused(kind):
    """A ranker of columns is not trained on text, nor one of text on columns: both kinds are named."""
    other = next(name for name in WORLDS if name != kind.learns_from)
    with pytest.raises(InputError, match=f"{kind.name} learns from a world of {kind.learns_from}; got one of {other}"):
        kind.fit(WORLDS[other](seed=2, **SIZES[other]), seed=0)
