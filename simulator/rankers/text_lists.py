"""Queries with the documents they were shown, and the loss of a whole list.

Shapes: Q queries, L documents in the list of each, S tokens of a query, T tokens of a document.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from simulator.data.features import FloatArray, IntArray
from simulator.data.impressions import Impressions
from simulator.data.learnable import Learnable
from simulator.errors import InputError

__all__ = ["Lists", "cut_lists", "list_loss", "lists", "shuffled_texts", "train_and_held_out", "word_count"]

HELD_OUT = 256


class Lists(NamedTuple):
    """The words of `queries` (Q, S) and of their `documents` (Q, L, T), and the `clicks` (Q, L), 0 or 1."""

    queries: IntArray
    documents: IntArray
    clicks: FloatArray


def lists(world: Learnable, log: Impressions) -> Lists:
    """Return the lists of `log` that were clicked on somewhere: the others say nothing of the order.

    Raises
    ------
    InputError
        Where lists differ in length, or none was clicked on.
    """
    found = list(log.lists())
    lengths = {len(shown) for _, shown in found}
    if len(lengths) > 1:
        raise InputError(f"lists of text are of one length; got {sorted(lengths)}")
    if not log.click.any():
        raise InputError(f"a list to learn from has a click; got {len(found)} lists without any")
    clicks = log.click.reshape(len(found), -1).astype(np.float64)  # (Q, L)
    told = clicks.any(axis=1)
    asked = np.array([user for user, _ in found])[told]
    shown = np.stack([items for _, items in found])[told]
    return Lists(world.user_features[asked], world.item_features[shown], clicks[told])


def cut_lists(full: Lists, size: int, others: int, rng: np.random.Generator) -> Callable[[], Sequence[Lists]]:
    """Return the maker of passes: each list cut to one clicked document and `others`, `size` lists to a batch.

    The documents are drawn anew and the lists ordered anew each time. A list without so many documents that were not
    clicked fills up with clicked ones, which count as such.
    """
    shown = min(others + 1, full.clicks.shape[1])

    def epoch() -> list[Lists]:
        drawn = rng.random(full.clicks.shape)
        # Last the clicked ones, but for the one of them that is drawn first.
        place = drawn + 2 * full.clicks
        first = np.where(full.clicks > 0, drawn, 2).argmin(axis=1)
        rows = rng.permutation(len(place))
        place[np.arange(len(place)), first] = -1
        kept = np.argsort(place, axis=1)[:, :shown]
        batches = []
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            at = part[:, None], kept[part]
            batches.append(Lists(full.queries[part], full.documents[at], full.clicks[at]))
        return batches

    return epoch


def train_and_held_out(
    world: Learnable, size: int, others: int, rng: np.random.Generator
) -> tuple[Callable[[], Sequence[Lists]], Lists]:
    """Return the maker of passes over the training lists, and at most HELD_OUT validation lists cut alike."""
    train, validation = (lists(world, log) for log in (world.splits.train, world.splits.validation))
    return cut_lists(train, size, others, rng), cut_lists(validation, HELD_OUT, others, rng)()[0]


def list_loss(scores: FloatArray, clicks: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean over lists of -log softmax(scores), averaged over the clicked ones, and its gradient.

    Source: Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007, section 4, with
    clicks as the relevance that is shared out.

    Parameters
    ----------
    scores, clicks
        Shape (Q, L); each list has a click.
    """
    aim = clicks / clicks.sum(axis=1, keepdims=True)  # (Q, L)
    log_p = log_softmax(scores, axis=1)
    return -float((aim * log_p).sum()) / len(scores), (np.exp(log_p) - aim) / len(scores)


def word_count(world: Learnable) -> int:
    """Return V, the words of a text world: one more than the largest number in it."""
    return 1 + int(max(world.user_features.max(), world.item_features.max()))


def shuffled_texts(
    texts: IntArray, size: int, rng: np.random.Generator
) -> tuple[Callable[[], Sequence[IntArray]], IntArray]:
    """Return the maker of passes over nine in ten of `texts`, shape (R, T), R >= 2, and the others, held out."""
    order = rng.permutation(len(texts))
    aside = max(1, len(texts) // 10)
    held_out, train = texts[order[:aside]], texts[order[aside:]]

    def epoch() -> list[IntArray]:
        mixed = train[rng.permutation(len(train))]
        return [mixed[start : start + size] for start in range(0, len(mixed), size)]

    return epoch, held_out
