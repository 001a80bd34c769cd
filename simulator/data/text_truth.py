"""The known truth behind the clicks of a text world: what queries ask for and what documents say.

Shapes: U queries, I documents, K sentences in a document, V words, S words with two senses in a query, n rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulator.data.features import FloatArray, IntArray

__all__ = ["TextTruth"]

BASE = -3.5
TOPIC = 1.0
SENSE = 4.5


@dataclass(frozen=True, eq=False)
class TextTruth:
    """Topics of queries and of sentences, and which words are meant; a ranker sees the words only.

    A sentence on another topic is of no use even where it has the very words of the query: they mean something else
    in it. A document is worth as much as the best of its sentences on the topic, and such a sentence more the more
    of the query's words it speaks of.

    Attributes
    ----------
    asked, told
        The topics of queries, shape (U,), and of the sentences of documents, shape (I, K).
    wanted
        The words of each query that have two senses, shape (U, S).
    holds
        Which words each sentence has, shape (I, K, V).
    """

    asked: IntArray
    told: IntArray
    wanted: IntArray
    holds: NDArray[np.bool_]

    def click_probability(self, users: int | IntArray, items: IntArray) -> FloatArray:
        """Return the probability that those who ask click on documents they are shown, shape (n,).

        Parameters
        ----------
        users
            One query for all the documents, or one for each, shape (n,).
        items
            The documents shown, shape (n,).
        """
        asked = np.broadcast_to(self.asked[users], len(items))[:, None]  # (n, 1)
        wanted = np.broadcast_to(self.wanted[users], (len(items), self.wanted.shape[1]))[:, None]  # (n, 1, S)
        met = np.take_along_axis(self.holds[items], wanted, axis=2).mean(axis=2)  # (n, K)
        worth = (self.told[items] == asked) * (TOPIC + SENSE * met)  # (n, K)
        return np.asarray(expit(BASE + worth.max(axis=1)))
