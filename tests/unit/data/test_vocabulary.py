import pytest

from simulator.data.vocabulary import Vocabulary
from simulator.errors import InputError


def test_frequent_words_come_first():
    """Words are in falling frequency, equally frequent ones in order of letters, and rare ones are left out."""
    found = Vocabulary.of([["b", "a", "c"], ["a", "c", "d"], ["e", "a"]], least=1)
    assert found.words == ("a", "c", "b", "d", "e")
    assert Vocabulary.of([["b", "a", "c"], ["a", "c"]], least=2).words == ("a", "c")


def test_unknown_words_are_left_out():
    """A sentence becomes the numbers of the words that are known."""
    assert Vocabulary(("x", "y")).encode(["y", "z", "x", "y"]).tolist() == [1, 0, 1]


def test_a_vocabulary_of_nothing_is_refused():
    """Where no word is frequent enough, the message says how many there were."""
    with pytest.raises(InputError, match="2 times or more; of 3 none does"):
        Vocabulary.of([["a", "b", "c"]], least=2)
