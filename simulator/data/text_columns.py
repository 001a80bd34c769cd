"""A world of text as one of columns: each text's words hashed into buckets, weighted by how rare they are.

So a model of columns, such as the logistic regression, learns from text without a dictionary.

Shapes: U queries, I documents, D buckets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from simulator.data.features import Features, FloatArray, IntArray, Match
from simulator.data.hashing import HashedText
from simulator.data.learnable import Judged, Truthful
from simulator.data.splits import Splits
from simulator.errors import InputError

__all__ = ["TextColumns", "text_columns"]

BUCKETS = 64


@dataclass(frozen=True, eq=False)
class TextColumns:
    """Queries and documents as hashed columns, with the log and the truth of the world of text they come from.

    Attributes
    ----------
    user_features, item_features
        The TF-IDF weights of queries, shape (U, D), and of documents, shape (I, D), each row of length 1.
    splits, truth
        Those of the world of text.
    features
        Names of the buckets, and one pair column: the cosine of query and document.
    """

    kind: ClassVar[str] = "columns"

    user_features: FloatArray
    item_features: FloatArray
    splits: Splits
    truth: Truthful
    features: Features


def text_columns(world: Judged, buckets: int = BUCKETS) -> TextColumns:
    """Return `world`, whose rows are numbers of words, as a world of columns; ids and log stay as they are.

    Rarity is learnt from the documents alone, and weighs queries too.

    Raises
    ------
    InputError
        Where the world is none of text, or there is no bucket.
    """
    if world.kind != "text":
        raise InputError(f"expected a world of text to hash the words of, got one of {world.kind}")
    documents = _written(world.item_features)
    hashed = HashedText.fit(documents, buckets)
    names = [f"bucket {number}" for number in range(buckets)]
    features = Features(
        user=tuple(f"query {name}" for name in names),
        item=tuple(f"document {name}" for name in names),
        pairs=(Match("cosine", 0, 0, buckets, 1.0),),
    )
    users, items = (hashed.rows(texts).toarray() for texts in (_written(world.user_features), documents))
    return TextColumns(users, items, world.splits, world.truth, features)


def _written(texts: Iterable[IntArray]) -> list[str]:
    """Return each text as words in a line, such as "w17 w4"."""
    return [" ".join(f"w{word}" for word in text.tolist()) for text in texts]
