"""What is carried from one task to another helps while the other has little data of its own, and not for ever."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.errors import InputError
from simulator.rankers.pooled_words import Texts
from simulator.rankers.two_tower import TwoTower
from simulator.training.transfer import sweep
from simulator.training.transfer_tasks import user_arms, with_users, word_arms

WORDS, TOPICS, LENGTH, WIDTH = 600, 12, 12, 8


@pytest.fixture(scope="module")
def feed():
    """Return a feed of 1,200 users."""
    return make_world(users=1200, items=500, seed=0)


def texts_of(count, rng):
    """Return texts, shape (R, L), each of one topic but for half its words, and the topics, shape (R,)."""
    topic = rng.integers(TOPICS, size=count)
    own = topic[:, None] + TOPICS * rng.integers(WORDS // TOPICS, size=(count, LENGTH))
    return np.where(rng.random((count, LENGTH)) < 0.5, rng.integers(WORDS, size=(count, LENGTH)), own), topic


def spam(count, rng):
    """Return texts labelled by four of the twelve topics, one in twenty wrongly."""
    words, topic = texts_of(count, rng)
    return Texts(words, (topic % 3 == 0) ^ (rng.random(count) < 0.05))


def vectors_of(words):
    """Return a vector for each word from how often words meet in unlabelled texts: the SVD of positive PMI."""
    counts = np.zeros((WORDS, WORDS))
    for i in range(LENGTH):
        for j in set(range(LENGTH)) - {i}:
            np.add.at(counts, (words[:, i], words[:, j]), 1)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    U, S, _ = np.linalg.svd(np.log(np.maximum(counts / np.maximum(expected, 1e-9), 1)))
    return U[:, :WIDTH] * S[:WIDTH] ** 0.5


@pytest.mark.slow
def test_users_known_from_a_feed_help_to_rank_ads(feed):
    """With ads learnt from 400 users a carried tower, fine-tuned, beats one from scratch beyond the interval."""
    arms = user_arms(TwoTower.fit(feed, seed=0), feed, items=150)
    assert arms.keys() == {"scratch", "frozen", "fine_tuned"}
    (row,) = sweep({kind: arms[kind] for kind in ("scratch", "fine_tuned")}, [400], range(6))
    assert row.winner == "fine_tuned"


def test_a_frozen_tower_is_one_of_the_arms(feed):
    """The frozen arm keeps the tower of the feed: carried from towers that know nothing it ranks worse."""
    source = TwoTower.fit(feed, seed=0)
    blank = {name: block if name.startswith("item") else 0 * block for name, block in source.parameters.items()}
    kept, lost = (
        user_arms(one, feed, items=150)["frozen"](200, 0) for one in (source, replace(source, parameters=blank))
    )
    assert kept < lost


def test_words_known_from_another_corpus_help_a_filter_until_it_has_texts_enough():
    """Frozen vectors beat learning from scratch with 100 texts; with 1,000 both that move beat those frozen."""
    rng = np.random.default_rng(0)
    vectors = vectors_of(texts_of(3000, rng)[0])
    arms = word_arms(vectors, spam(1500, rng), spam(1000, rng))
    few, many = sweep(arms, [100, 1000], range(6))
    assert few.apart["frozen", "scratch"].high < 0
    assert many.apart["fine_tuned", "frozen"].high < 0
    assert many.apart["scratch", "frozen"].high < 0


def test_the_log_is_cut_by_users(feed):
    """With ten users the training log holds all rows of ten users, and test rows stay."""
    cut = with_users(feed, 10)
    train, before = cut.splits.train, feed.splits.train
    assert len(np.unique(train.user)) == 10
    assert len(train) == np.isin(before.user, np.unique(train.user)).sum()
    assert cut.splits.test is feed.splits.test


def test_more_data_than_there_is_is_refused(feed):
    """Asking for more users or texts than there are is named, with what there is."""
    with pytest.raises(InputError, match="from 1 to the 840 training users there are, got 841"):
        with_users(feed, 841)
    texts = spam(30, np.random.default_rng(0))
    with pytest.raises(InputError, match="from 10 to the 30 texts there are, got 31"):
        word_arms(np.ones((WORDS, 2)), texts, texts)["frozen"](31, 0)
