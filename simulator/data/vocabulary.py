"""Words and the whole numbers that stand for them.

Shapes: V words, n tokens of a text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from simulator.data.features import IntArray
from simulator.errors import InputError

__all__ = ["Vocabulary"]


@dataclass(frozen=True)
class Vocabulary:
    """The words of a corpus, the most frequent first; a word's number is its place."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]], least: int = 1) -> Self:
        """Return the words that `sentences` have at least `least` times, equally frequent ones in order of letters.

        Raises
        ------
        InputError
            Where no word is that frequent.
        """
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = sorted((word for word, count in counts.items() if count >= least), key=lambda w: (-counts[w], w))
        if not kept:
            raise InputError(f"a vocabulary needs a word that occurs {least} times or more; of {len(counts)} none does")
        return cls(tuple(kept))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def number(self) -> dict[str, int]:
        """The number of each word."""
        return {word: number for number, word in enumerate(self.words)}

    def encode(self, sentence: Iterable[str]) -> IntArray:
        """Return the numbers of the words of `sentence`, shape (n,), leaving out words that are not known."""
        known = (self.number.get(word) for word in sentence)
        return np.array([number for number in known if number is not None], dtype=np.int64)
