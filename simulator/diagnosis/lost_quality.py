"""Where a funnel loses the good documents: stage by stage from an ideal funnel down, and for whom.

In an ideal funnel every stage ranks by the truth. The stages are replaced one after the other, from the first on, by
what is really there; each takes some of the NDCG with it, and together they take all that the funnel lacks of 1. The
other way round, one stage alone is made ideal, which says what the best ranker there could win.

Shapes: T test queries, I items, n items of a stage's list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.capacity.quality import TOP_K, Cut, funnel_gains
from simulator.capacity.score_book import ScoreBook
from simulator.data.features import FloatArray
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["LostQuality", "Segment", "StageLoss", "find_lost_quality"]

IDEAL = "(the truth)"
THIRDS = ("low", "middle", "high")


@dataclass(frozen=True)
class StageLoss:
    """What one stage loses.

    Attributes
    ----------
    lost
        NDCG@10 that goes when the ideal stage is replaced by the real one, those before it being real already.
    if_ideal
        NDCG@10 that comes when this stage alone is made ideal.
    """

    stage: str
    ranker: str
    lost: Estimate
    if_ideal: Estimate


@dataclass(frozen=True)
class Segment:
    """What the funnel finds for some of the queries, or of some of the items.

    Attributes
    ----------
    name
        By what the queries or items were told apart, and which of them they are.
    queries
        How many; of a kind of item, all queries.
    lost
        What the funnel lacks of the ideal NDCG@10 for these queries; of a kind of item, its part in what it lacks.
    worst
        The stage that loses most for these queries; "" of a kind of item.
    """

    name: str
    queries: int
    lost: Estimate
    worst: str


@dataclass(frozen=True)
class LostQuality:
    """Where the funnel loses NDCG@10, by stage and by segment; `segments` with the largest losses come first."""

    ndcg: Estimate
    stages: tuple[StageLoss, ...]
    segments: tuple[Segment, ...]

    @property
    def worst(self) -> StageLoss:
        """The stage that loses most."""
        return max(self.stages, key=lambda one: one.lost.value)


def find_lost_quality(cuts: Sequence[Cut], book: ScoreBook) -> LostQuality:
    """Return where the funnel of `cuts` loses quality on the queries of `book`."""
    told = _with_truth(book)
    ideal = [cut._replace(ranker=IDEAL, coverage=1.0) for cut in cuts]
    real = list(cuts)
    courses = [_ndcg([*real[:s], *ideal[s:]], told) for s in range(len(real) + 1)]  # each (T,)
    found = courses[-1]
    lost = [before - after for before, after in pairwise(courses)]
    alone = [_ndcg([*real[:s], ideal[s], *real[s + 1 :]], told) - found for s in range(len(real))]

    def over(values: FloatArray) -> Estimate:
        return estimate(book.by_person(values).tolist())

    stages = tuple(
        StageLoss(cut.name, cut.ranker, over(one), over(two)) for cut, one, two in zip(cuts, lost, alone, strict=True)
    )
    segments = [*_by_query(book, cuts, found, lost), *_by_item(cuts, told)]
    return LostQuality(over(found), stages, tuple(sorted(segments, key=lambda one: -one.lost.value)))


def _with_truth(book: ScoreBook) -> ScoreBook:
    """Return `book` with a ranker that scores by the truth."""
    relevance = np.where(book.ranked, book.relevance, np.nan)

    def score(ranker: str) -> FloatArray:
        return book.relevance if ranker == IDEAL else book.scores(ranker)

    return ScoreBook(relevance, score, book.key, book.person, book.recorded).telling(book.about)


def _ndcg(cuts: Sequence[Cut], book: ScoreBook) -> FloatArray:
    """Return the NDCG@10 of a funnel, shape (T,)."""
    gains, ideal, _ = funnel_gains(cuts, book)
    return np.asarray(gains.sum(axis=1) / ideal.sum(axis=1))


def _by_query(book: ScoreBook, cuts: Sequence[Cut], found: FloatArray, lost: Sequence[FloatArray]) -> list[Segment]:
    """Return what is lost for the queries of each third of users by each column that is known of them."""
    segments = []
    for name, column in book.about().users.items():
        for third, chosen in _thirds(column):
            if len(np.unique(book.person[chosen])) < 2:
                continue
            losses = [one[chosen].mean() for one in lost]
            missing = _mean_of_persons(1.0 - found[chosen], book.person[chosen])
            segments.append(Segment(f"{name}: {third}", int(chosen.sum()), missing, cuts[int(np.argmax(losses))].name))
    return segments


def _by_item(cuts: Sequence[Cut], book: ScoreBook) -> list[Segment]:
    """Return what is lost of items of each third of popularity; the thirds add up to all that is lost."""
    popularity = book.about().popularity
    if popularity is None:
        return []
    gains, ideal, items = funnel_gains(cuts, book)  # (T, K), (T, K), (T, K) places
    best = book.best[:, :TOP_K]
    low, high = np.quantile(popularity, [1 / 3, 2 / 3])
    whole = ideal.sum(axis=1)
    segments = []
    for third, (least, most) in zip(("rare", "middling", "popular"), _spans(low, high), strict=True):
        lacking = np.zeros(len(whole))
        for sign, gained, places in ((1, ideal, best), (-1, gains, items)):
            met = np.take_along_axis(popularity, places, axis=1)
            lacking += sign * np.where((met >= least) & (met < most), gained, 0.0).sum(axis=1)
        part = estimate(book.by_person(lacking / whole).tolist())
        segments.append(Segment(f"items: {third}", len(whole), part, ""))
    return segments


def _spans(low: float, high: float) -> list[tuple[float, float]]:
    """Return thirds as spans from the least value to before the most."""
    return [(-np.inf, low), (low, high), (high, np.inf)]


def _thirds(column: FloatArray) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the thirds of a column's values, as (name, which rows); two where it takes two values, none of one."""
    values = np.unique(column)
    if values.size < 2:
        return []
    if values.size == 2:
        return [("low", column == values[0]), ("high", column == values[1])]
    low, high = np.quantile(column, [1 / 3, 2 / 3])
    spans = [(column >= a) & (column < b) for a, b in _spans(low, high)]
    return [(name, rows) for name, rows in zip(THIRDS, spans, strict=True) if rows.any()]


def _mean_of_persons(values: FloatArray, person: NDArray[np.int64]) -> Estimate:
    """Return the mean over persons of values of their queries."""
    _, place = np.unique(person, return_inverse=True)
    return estimate((np.bincount(place, weights=values) / np.bincount(place)).tolist())
