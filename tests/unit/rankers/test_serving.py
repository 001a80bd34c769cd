from typing import ClassVar

import numpy as np
import pytest

from simulator.rankers.base import Ranker
from simulator.rankers.logistic import Logistic
from simulator.rankers.mlp import MLP
from simulator.rankers.two_tower import TwoTower

A, B, C = 10, 12, 2


class Fixed(Ranker):
    """Scores every item by the one number kept of it."""

    name: ClassVar[str] = "fixed"

    @classmethod
    def _train(cls, world, rng):
        raise NotImplementedError

    @staticmethod
    def _item_rows(parameters, item_features):
        raise NotImplementedError

    @property
    def flops_per_candidate(self):
        """Return none: nothing is computed."""
        return 0

    def _scores(self, user, rows):
        return rows[:, 0]


class Short(Fixed):
    """Forgets the last candidate."""

    def _scores(self, user, rows):
        return rows[1:, 0]


def fixed(scores, kind=Fixed):
    """Return a ranker that gives item i the i-th of `scores`."""
    return kind({}, np.zeros((2, 1), np.float32), np.array(scores, dtype=np.float32)[:, None])


def numbers(*shape):
    """Return reproducible random numbers in single precision."""
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def test_the_best_are_served_in_descending_score():
    """Of five candidates the three with the highest scores come back, best first, by their own ids."""
    ranker = fixed([0.1, 0.9, 0.5, 0.7, 0.3])
    assert ranker.serve(0, np.array([4, 3, 2, 1, 0]), keep=3).tolist() == [1, 3, 2]


def test_a_slice_is_served_by_catalogue_ids():
    """What a slice keeps is named by its place in the catalogue, not in the slice."""
    assert fixed([0.1, 0.9, 0.5, 0.7, 0.3]).serve(0, slice(2, 5), keep=2).tolist() == [3, 2]


def test_equal_scores_are_served_in_the_order_given():
    """Ties at the edge of what is kept go to the candidate that was named first."""
    ranker = fixed([1.0, 1.0, 2.0, 1.0, 0.0])
    assert ranker.serve(0, np.array([3, 4, 1, 2, 0]), keep=3).tolist() == [2, 3, 1]


@pytest.mark.parametrize("keep", [5, 6, 10**9])
def test_keeping_all_or_more_serves_every_candidate(keep):
    """A keep beyond the candidates returns them all."""
    assert fixed([0.1, 0.9, 0.5, 0.7, 0.3]).serve(0, slice(None), keep).tolist() == [1, 3, 2, 4, 0]


@pytest.mark.parametrize("keep", [1, 7, 99, 100])
def test_serving_equals_sorting_everything_even_among_many_ties(keep):
    """The first `keep` of a full stable sort are served, on scores with only four distinct values."""
    scores = np.random.default_rng(keep).integers(4, size=100)
    assert np.array_equal(fixed(scores).serve(0, slice(0, 100), keep), np.argsort(-scores, kind="stable")[:keep])


@pytest.mark.parametrize(
    ("user", "items", "message"),
    [
        (2, slice(0, 2), "users are 0 to 1; got 2"),
        (-1, slice(0, 2), "users are 0 to 1; got -1"),
        (0, np.array([0, 3]), "items are 0 to 2; got 0 to 3"),
        (0, np.array([-1, 1]), "items are 0 to 2; got -1 to 1"),
        (0, np.array([], dtype=np.int64), "at least 1 item"),
        (0, np.array([[0, 1]]), "at least 1 item"),
        (0, slice(2, 2), "contiguous and not empty"),
        (0, slice(0, 3, 2), "contiguous and not empty"),
    ],
)
def test_unknown_users_and_candidates_are_refused_with_their_value(user, items, message):
    """A user or item outside what is served, and an empty list, are named in the message."""
    with pytest.raises(ValueError, match=message):
        fixed([0.0, 1.0, 2.0]).score(user, items)


def test_scores_that_are_not_finite_are_refused_and_counted():
    """One NaN and one infinity among four scores: the message says 2 of 4, by whom, for whom."""
    with pytest.raises(ValueError, match="fixed gave 2 of 4 scores that are not finite, for user 1"):
        fixed([0.0, np.nan, np.inf, 1.0]).score(1, slice(0, 4))


def test_a_ranker_that_loses_a_candidate_is_caught():
    """A model that returns too few scores is refused rather than served."""
    with pytest.raises(ValueError, match=r"shape \(2,\) for 3 candidates"):
        fixed([0.0, 1.0, 2.0], Short).score(0, slice(0, 3))


def test_keeping_nothing_is_refused():
    """A call that keeps no candidate has no meaning."""
    with pytest.raises(ValueError, match="keep = 0"):
        fixed([0.0]).serve(0, slice(0, 1), keep=0)


def test_an_empty_catalogue_is_refused():
    """Neither memory nor a catalogue exists for zero items."""
    for ask in (lambda r: r.memory_bytes(0), lambda r: r.for_catalogue(0, seed=1)):
        with pytest.raises(ValueError, match="at least 1 item; got 0"):
            ask(fixed([0.0]))


def test_a_logistic_regression_counted_by_hand():
    """24 weights and an intercept; 19 operations for the pair, 2 x 14 for the sum, 1 for the user: 48."""
    ranker = Logistic({"w": numbers(A + B + C), "b": numbers(1)}, numbers(3, A), numbers(5, B))
    assert (ranker.parameter_count, ranker.flops_per_candidate) == (25, 48)
    assert ranker.memory_bytes(1000) == 4 * (25 + 1000 * 12)


def tiny_mlp(items):
    """Return a network with layers of 3 and 2 units."""
    blocks = {"W1": numbers(A + B + C, 3), "b1": numbers(3), "W2": numbers(3, 2), "b2": numbers(2)}
    return MLP({**blocks, "w3": numbers(2)}, numbers(3, A), numbers(items, B))


def test_an_mlp_counted_by_hand():
    """Layers of 3 and 2 units: 75 + 8 + 2 parameters; 19 + 2 x 14 x 3 + 12 + 4 + 10 = 129 operations."""
    ranker = tiny_mlp(5)
    assert (ranker.parameter_count, ranker.flops_per_candidate) == (85, 129)
    assert ranker.memory_bytes(10) == 4 * (85 + 10 * 12)


def test_two_towers_counted_by_hand():
    """Towers of 4 hidden units and width 3: 56 and 64 parameters; an inner product of 3 is 6 operations."""
    user = {"user_W1": numbers(A, 4), "user_b1": numbers(4), "user_W2": numbers(4, 3)}
    item = {"item_W1": numbers(B, 4), "item_b1": numbers(4), "item_W2": numbers(4, 3)}
    ranker = TwoTower({**user, **item}, numbers(3, A), numbers(5, 3))
    assert (ranker.parameter_count, ranker.flops_per_candidate) == (56 + 64, 6)
    assert ranker.memory_bytes(10) == 4 * (120 + 10 * 3)


def test_an_mlp_scores_blocks_of_candidates_as_it_scores_them_alone():
    """A call of 5,000 candidates, more than are worked on at once, scores each as a call of one does."""
    ranker = tiny_mlp(5000)
    scores = ranker.score(1, slice(0, 5000))
    alone = [ranker.score(1, np.array([item]))[0] for item in range(0, 5000, 499)]
    assert np.allclose(scores[::499], alone, rtol=1e-4, atol=1e-5)
