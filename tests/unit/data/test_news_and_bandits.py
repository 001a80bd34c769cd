"""Texts, word pairs and bandit logs are read whole, and bad lines are named."""

import pytest

from simulator.data.fetch import cached
from simulator.data.lee_news import load_documents, load_word_pairs, read_lines, read_word_pairs
from simulator.data.open_bandit import load_open_bandit, read_bandit_log
from simulator.errors import InputError

news = pytest.mark.skipif(cached("lee-news") is None, reason="not in the cache: simulator data get lee-news")
bandit = pytest.mark.skipif(cached("open-bandit") is None, reason="not in the cache: simulator data get open-bandit")
HEADER = "timestamp,item_id,position,click,propensity_score\n"


@news
def test_the_news_are_300_texts():
    """One document a line, none empty."""
    documents = load_documents()
    assert len(documents) == 300
    assert min(map(len, documents)) > 100


@news
@pytest.mark.parametrize(("collection", "count"), [("wordsim353", 353), ("simlex999", 999)])
def test_the_judged_pairs_are_all_there(collection, count):
    """As many pairs as the collection's name says, judged between 0 and 10."""
    pairs = load_word_pairs(collection)
    assert len(pairs) == count
    assert all(0 <= pair.similarity <= 10 for pair in pairs)


def test_an_unknown_collection_is_told_those_there_are():
    """A name that is none is answered with the names."""
    with pytest.raises(InputError, match="there are wordsim353, simlex999"):
        load_word_pairs("wordsim")


def test_blank_lines_are_no_documents(tmp_path):
    """Lines of blanks are left out, others stripped."""
    path = tmp_path / "text"
    path.write_text("one\n\n  two \n \n")
    assert read_lines(path) == ["one", "two"]


def test_bad_texts_are_named(tmp_path):
    """Nothing there, nothing in it, and another encoding are three messages."""
    path = tmp_path / "text"
    with pytest.raises(InputError, match="cannot be read"):
        read_lines(path)
    path.write_text("\n \n")
    with pytest.raises(InputError, match="no text; expected one document a line"):
        read_lines(path)
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match=r"not UTF-8 \(byte 3\)"):
        read_lines(path)


def test_a_line_that_is_no_pair_is_named(tmp_path):
    """The message gives the line and its number."""
    path = tmp_path / "pairs"
    path.write_text("# remark\nlove\tsex\t6.77\nlove\tsex\n")
    with pytest.raises(InputError, match=r"got 'love\\tsex' in line 3"):
        read_word_pairs(path)


@bandit
@pytest.mark.parametrize(("campaign", "items"), [("all", 80), ("men", 34), ("women", 46)])
def test_random_lists_were_shown_evenly(campaign, items):
    """The random policy's propensity is one over the items, in each of three positions."""
    log = load_open_bandit("random", campaign)
    assert len(log) == 10_000
    assert log.propensity == pytest.approx(1 / items)
    assert set(log.position) == {0, 1, 2}
    assert log.affinity.shape == (10_000, items)
    assert (log.time[1:] >= log.time[:-1]).all()


def test_bandit_logs_without_their_columns_or_chances_are_named(tmp_path):
    """A missing column and a propensity of zero are told."""
    path = tmp_path / "log.csv"
    path.write_text("timestamp,item_id\n2020-01-01,1\n")
    with pytest.raises(InputError, match="no column position, click, propensity_score"):
        read_bandit_log(path)
    path.write_text(HEADER + "2020-01-01,1,1,0,0.5\n2020-01-02,1,1,0,0\n")
    with pytest.raises(InputError, match=r"got 0\.0 in row 2"):
        read_bandit_log(path)


def test_an_unknown_campaign_is_told_those_there_are():
    """A name that is none is answered with the names."""
    with pytest.raises(InputError, match="no campaign 'kids'; there are all, men, women"):
        load_open_bandit("random", "kids")
