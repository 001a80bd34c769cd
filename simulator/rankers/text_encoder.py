"""Bi-encoders: one model embeds query and document alike, and the cosine between the two is the score.

Documents are embedded once, when the catalogue is built; a call embeds its query and multiplies the matrix of
document embeddings by what comes out.

Shapes: R texts, Q queries, L documents in a list, S and T tokens of a query and of a document, W embedding width,
n candidates.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, final

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.rankers.base import Parameters, Ranker
from simulator.rankers.layers import unit, unit_gradient
from simulator.rankers.text_lists import Lists, list_loss

__all__ = ["TextEncoder", "cosine_loss_and_gradient", "token_rows"]

SHARPNESS = 12.0
"""What cosines are multiplied by before the softmax, which between -1 and 1 could prefer nothing strongly."""

TEXTS_AT_ONCE = 1024

Embedded = tuple[FloatArray, Any]


def cosine_loss_and_gradient(
    embed: Callable[[Parameters, IntArray], Embedded],
    embed_gradient: Callable[[Parameters, FloatArray, Any], dict[str, FloatArray]],
    parameters: Parameters,
    batch: Lists,
) -> tuple[float, Parameters]:
    """Return the list loss of the cosines between queries and documents, and its gradient by parameter.

    Parameters
    ----------
    embed
        Gives the embeddings, shape (R, W), of texts, shape (R, tokens), and what its gradient needs.
    embed_gradient
        Gives the gradient by parameter from the gradient by embeddings, shape (R, W), and what was kept.
    parameters, batch
        What `embed` takes, and Q lists, Q >= 1.
    """
    Q, L, T = batch.documents.shape
    q, kept_q = embed(parameters, batch.queries)  # (Q, W)
    d, kept_d = embed(parameters, batch.documents.reshape(Q * L, T))  # (Q L, W)
    q_unit, q_length = unit(q)
    d_unit, d_length = unit(d)
    by_list = d_unit.reshape(Q, L, -1)
    loss, slope = list_loss(SHARPNESS * np.einsum("qw,qlw->ql", q_unit, by_list), batch.clicks)

    slope *= SHARPNESS  # (Q, L)
    dq = unit_gradient(np.einsum("ql,qlw->qw", slope, by_list), q_unit, q_length)
    dd = unit_gradient((slope[:, :, None] * q_unit[:, None, :]).reshape(Q * L, -1), d_unit, d_length)
    of_queries, of_documents = embed_gradient(parameters, dq, kept_q), embed_gradient(parameters, dd, kept_d)
    return loss, {name: block + of_documents[name] for name, block in of_queries.items()}


def token_rows(rows: FloatArray) -> IntArray:
    """Return the numbers of words that a ranker keeps in single precision, exact below 2^24."""
    return rows.astype(np.int64)


class TextEncoder(Ranker):
    """A model that turns a text into one vector; users are queries, kept as words, items are embeddings."""

    learns_from: ClassVar[str] = "text"

    @staticmethod
    @abstractmethod
    def embed(parameters: Parameters, texts: IntArray) -> FloatArray:
        """Return the embeddings, shape (R, W), of texts, shape (R, tokens), in the precision of `parameters`."""

    @classmethod
    @final
    def _item_rows(cls, parameters: Parameters, item_features: FloatArray) -> FloatArray:
        texts = token_rows(item_features)
        parts = (texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE))
        return np.vstack([unit(cls.embed(parameters, part))[0] for part in parts])

    @final
    @property
    def flops_per_candidate(self) -> int:
        """2 W, the inner product: the query is embedded once a call, documents before any call."""
        width: int = self.items.shape[1]
        return 2 * width

    @final
    def _scores(self, user: FloatArray, rows: FloatArray) -> FloatArray:
        return rows @ unit(self.embed(self.parameters, token_rows(user[None]))[0])[0]
