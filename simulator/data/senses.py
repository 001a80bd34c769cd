"""A corpus in which "apple" is a fruit in one sentence and a company in another.

Shapes: R sentences, T tokens of each.
"""

from dataclasses import dataclass

import numpy as np

from simulator.data.features import IntArray
from simulator.data.randomness import generator
from simulator.data.vocabulary import Vocabulary
from simulator.errors import InputError

__all__ = ["AMBIGUOUS", "SENSES", "Senses", "make_senses"]

AMBIGUOUS = "apple"

FRUIT = ["juicy", "ripe", "orchard", "pie", "tree", "sweet", "harvest", "peel", "pear", "cherry", "basket", "cider"]
COMPANY = ["shares", "phone", "profit", "market", "launch", "software", "laptop", "chief", "patent", "store", "sales"]
SENSES = {"fruit": FRUIT, "company": COMPANY}

ANYWHERE = ["the", "a", "of", "and", "with", "new", "good", "year", "people", "today", "more", "from"]

OF_SENSE = 4
OF_NONE = 5
"""Words of a sentence that tell its sense, and words that do not, besides the ambiguous one."""


@dataclass(frozen=True, eq=False)
class Senses:
    """Sentences that each have the ambiguous word once.

    Attributes
    ----------
    vocabulary
        The words.
    sentences
        The numbers of the words of each sentence, shape (R, T).
    sense
        Which of SENSES a sentence means, shape (R,).
    place
        Where the ambiguous word stands, shape (R,).
    """

    vocabulary: Vocabulary
    sentences: IntArray
    sense: IntArray
    place: IntArray


def make_senses(sentences: int = 2000, seed: int = 0) -> Senses:
    """Return a corpus of `sentences` sentences, at least 2, in which either sense is as likely.

    The words of a sentence are drawn and ordered at random: what stands beside the word tells, no fixed place.
    """
    if sentences < 2:
        raise InputError(f"a corpus of two senses needs sentences >= 2; got {sentences}")
    rng = generator(seed, "senses")
    sense = rng.permutation(np.arange(sentences) % len(SENSES))
    written = []
    for which in sense:
        telling, others = rng.choice((FRUIT, COMPANY)[which], OF_SENSE), rng.choice(ANYWHERE, OF_NONE)
        written.append(rng.permutation([AMBIGUOUS, *telling, *others]).tolist())
    vocabulary = Vocabulary((AMBIGUOUS, *ANYWHERE, *FRUIT, *COMPANY))
    tokens = np.array([vocabulary.encode(sentence) for sentence in written])  # (R, T)
    return Senses(vocabulary, tokens, sense, np.argmax(tokens == vocabulary.number[AMBIGUOUS], axis=1))
