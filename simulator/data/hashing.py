"""Text as columns without a dictionary: words hashed into buckets, weighted by how rare they are.

Shapes: n documents, D buckets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulator.data.features import FloatArray
from simulator.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["HashedText", "hashed_counts", "words_of"]

WORD = re.compile(r"\b\w\w+\b")
SIGN = np.uint64(1 << 63)


def words_of(document: str) -> list[str]:
    """Return the words of two or more letters or digits, in lower case and in their order."""
    return WORD.findall(document.lower())


def hashed_counts(documents: Sequence[str], buckets: int) -> "csr_array":
    """Return how often words of each bucket occur, shape (n, D), each word counting up or down by its own sign.

    The signs make words that share a bucket cancel rather than add up: inner products keep their expectation.

    Source: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009, section 2.

    Parameters
    ----------
    documents
        Texts, at least one.
    buckets
        D, at least 1; equal on every machine and in every session for equal words.
    """
    from pandas.util import hash_array  # heavy, and only text needs it
    from scipy.sparse import coo_array

    if buckets < 1:
        raise InputError(f"words are hashed into at least 1 bucket; got {buckets}")
    if not documents:
        raise InputError("there are no documents; text features need at least one")
    words = [words_of(document) for document in documents]
    row = np.repeat(np.arange(len(documents)), [len(found) for found in words])
    hashed = hash_array(np.array([word for found in words for word in found], dtype=object))
    sign = np.where(hashed & SIGN, -1.0, 1.0)
    column = ((hashed & ~SIGN) % np.uint64(buckets)).astype(np.int64)
    counts = coo_array((sign, (row, column)), shape=(len(documents), buckets)).tocsr()  # sums what falls together
    counts.eliminate_zeros()
    return counts


@dataclass(frozen=True, eq=False)
class HashedText:
    """The weights of buckets, learnt from documents for training and used unchanged when serving.

    Attributes
    ----------
    idf
        The weight of each bucket, at least 1, shape (D,).
    """

    idf: FloatArray

    @classmethod
    def fit(cls, documents: Sequence[str], buckets: int = 4096) -> Self:
        """Return weights 1 + ln((1 + n) / (1 + documents with the bucket)): a bucket that all have weighs 1.

        Source: Manning, Raghavan & Schütze, "Introduction to information retrieval", 2008, section 6.2, with one
        more document that has every word.
        """
        counts = hashed_counts(documents, buckets)
        having = np.bincount(counts.indices, minlength=buckets)
        return cls(1.0 + np.log((1 + len(documents)) / (1 + having)))

    def rows(self, documents: Sequence[str]) -> "csr_array":
        """Return the weighted counts, shape (n, D), each row of length 1, or of zeros where there is no word."""
        from scipy.sparse import diags_array  # SciPy's sparse part is slow to load

        weighted = hashed_counts(documents, len(self.idf)).multiply(self.idf).tocsr()
        length = np.sqrt(weighted.multiply(weighted).sum(axis=1))
        rows: csr_array = (diags_array(1.0 / np.where(length > 0, length, 1.0)) @ weighted).tocsr()
        return rows
