import numpy as np
import pytest
from scipy.special import expit

from simulator.data.text_truth import BASE, SENSE, TOPIC
from simulator.data.text_world import (
    DOCUMENT_TOKENS,
    OWN,
    PARTS,
    QUERY_TOKENS,
    SENTENCES,
    TOPICS,
    WORDS,
    make_text_world,
)
from simulator.errors import InputError


@pytest.fixture(scope="module")
def world():
    """Return a world of 400 queries and 300 documents."""
    return make_text_world(queries=400, documents=300, seed=5)


def test_equal_arguments_give_equal_worlds(world):
    """The same seed gives the same words and clicks, another seed others."""
    twin, other = (make_text_world(queries=400, documents=300, seed=seed) for seed in (5, 6))
    assert np.array_equal(world.item_features, twin.item_features)
    assert np.array_equal(world.splits.train.click, twin.splits.train.click)
    assert not np.array_equal(world.item_features, other.item_features)


def test_texts_are_words_of_the_vocabulary(world):
    """Queries and documents are rows of whole numbers below V, of their own lengths."""
    assert world.user_features.shape == (400, QUERY_TOKENS)
    assert world.item_features.shape == (300, DOCUMENT_TOKENS)
    for texts in (world.user_features, world.item_features):
        assert texts.min() >= 0
        assert texts.max() < WORDS


def test_a_sentence_has_the_own_words_of_its_topic_only(world):
    """Each sentence has as many words of one topic's own as PARTS says, and none of another topic's."""
    sentences = world.item_features.reshape(300, SENTENCES, QUERY_TOKENS)
    topics = np.where(sentences < TOPICS * OWN, sentences // OWN, -1)
    own = topics == world.truth.told[:, :, None]
    assert (own.sum(axis=2) == PARTS[0]).all()
    assert ((topics == -1) | own).all()


def test_twins_share_their_other_words(world):
    """The words that are wanted are the same set for the topics 2 k and 2 k + 1, and others for other twins."""
    words = [set(world.truth.wanted[world.truth.asked == topic].ravel()) for topic in range(TOPICS)]
    for topic in range(0, TOPICS, 2):
        assert words[topic] == words[topic + 1]
        assert not words[topic] & words[(topic + 2) % TOPICS]


def test_what_a_click_takes(world):
    """A document is worth what the query's words in its sentences on the topic are worth, computed word by word."""
    truth = world.truth
    for user, item in ((0, 0), (3, 17), (9, 250), (11, 40)):
        worth = 0.0
        for k in range(SENTENCES):
            sentence = set(world.item_features[item].reshape(SENTENCES, -1)[k].tolist())
            met = np.mean([word in sentence for word in truth.wanted[user].tolist()])
            worth = max(worth, (TOPIC + SENSE * met) * (truth.told[item, k] == truth.asked[user]))
        assert truth.click_probability(user, np.array([item]))[0] == pytest.approx(expit(BASE + worth), rel=1e-12)


def test_one_query_or_one_for_each_document(world):
    """Probabilities of many queries at once are those of each alone."""
    users, items = np.arange(20), np.arange(100, 120)
    together = world.truth.click_probability(users, items)
    alone = [world.truth.click_probability(int(u), np.array([i]))[0] for u, i in zip(users, items, strict=True)]
    assert np.array_equal(together, alone)


def test_clicks_follow_the_truth(world):
    """The clicks of the whole log are within five standard errors of what their probabilities add up to."""
    for log in (world.splits.train, world.splits.test):
        p = world.truth.click_probability(log.user, log.item)
        assert abs(log.click.sum() - p.sum()) < 5 * np.sqrt((p * (1 - p)).sum())


def test_the_log_shows_documents_that_share_words(world):
    """What is shown shares more words with its query than documents in general, by five standard errors."""
    log, holds = world.splits.train, world.truth.holds.any(axis=1)

    def shared(users, items):
        return np.take_along_axis(holds[items], world.user_features[users], axis=1).sum(axis=1)

    shown, anyone = shared(log.user, log.item), shared(log.user, np.random.default_rng(0).permutation(log.item))
    error = np.sqrt(shown.var() / len(shown) + anyone.var() / len(anyone))
    assert shown.mean() - anyone.mean() > 5 * error


@pytest.mark.parametrize("sizes", [{"queries": 2}, {"shown": 0}, {"documents": 19}])
def test_worlds_that_are_too_small_are_refused(sizes):
    """The number that is too small is named."""
    with pytest.raises(InputError, match=f"a text world needs {next(iter(sizes))} >= "):
        make_text_world(**sizes)
