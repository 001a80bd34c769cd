"""The worst predictions, and which feature is missing that would have made them better.

The rows that the ranker gets most wrong are set beside the rest, among the clicked and the others alike. For each
column, used or not, the clicks that it leaves unexplained are added up over ten bins or the categories: of one that
the ranker makes full use of, they are luck. Each column that it does not use is then really given to it and the ranker
retrained: what that gains on queries held out, paired, says whether it is the missing one.

Shapes: R rows, Q queries.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, false_discovery_control, norm

from simulator.data.features import FloatArray
from simulator.data.randomness import generator
from simulator.diagnosis.drift import kolmogorov_smirnov
from simulator.diagnosis.table_ranker import TableRanker, by_query, mean_of, ndcg_of
from simulator.diagnosis.tables import Tables, check_labels, is_number, numbers_of
from simulator.statistics.intervals import Estimate

__all__ = ["Candidate", "ColumnMisses", "Missed", "TableSegment", "find_missed"]

WORST = 0.1
BINS = 10
MOST_VALUES = 50
HELD_OUT = 0.4
MOST_ROWS = 200_000
FEWEST_QUERIES = 30
SMALLEST = 1e-9


@dataclass(frozen=True)
class ColumnMisses:
    """How the worst predictions differ from the rest in one column.

    Attributes
    ----------
    used
        Whether the ranker is given the column.
    distance
        The largest difference of the distribution functions of worst and rest, of categories half the sum of the
        differences of their shares: 0 alike, 1 apart.
    unexplained
        Root mean square, over bins weighted by rows, of clicks less expected clicks a row.
    q_value
        The chance of as much unexplained by luck, false discoveries controlled over columns.
    where
        The bin or category with most clicks, or lacking clicks, that are unexplained, and how many a row.
    """

    column: str
    used: bool
    distance: float
    unexplained: float
    q_value: float
    where: str


@dataclass(frozen=True)
class TableSegment:
    """NDCG@10 for some of the queries: those in a third, or of a category, of what is known of who asks."""

    name: str
    queries: int
    ndcg: Estimate


@dataclass(frozen=True)
class Candidate:
    """What the ranker gains when it is given one more column, on held-out queries.

    Attributes
    ----------
    loss, ndcg
        Log loss less, and NDCG@10 more.
    beside
        Log loss less where it is given the best candidate already; of that itself as `loss`.
    """

    column: str
    loss: Estimate
    ndcg: Estimate
    beside: Estimate

    @property
    def helps(self) -> bool:
        """Whether the gain in log loss is beyond luck, beside the best candidate too."""
        return self.loss.low > 0 and self.beside.low > 0


@dataclass(frozen=True)
class Missed:
    """The worst predictions.

    Attributes
    ----------
    rows, queries, worst
        Rows and queries held out, and how many rows count as the worst.
    loss, ndcg
        Of the ranker as it is, on them.
    columns
        Those first that leave most unexplained.
    candidates
        Those first that gain most; empty where the ranker is given every column.
    segments
        Kinds of query, those first for which the ranker finds least.
    """

    rows: int
    queries: int
    worst: int
    loss: Estimate
    ndcg: Estimate
    columns: tuple[ColumnMisses, ...]
    candidates: tuple[Candidate, ...]
    segments: tuple[TableSegment, ...]

    @property
    def missing(self) -> Candidate | None:
        """The feature that is missing: the one that gains most, beyond luck; None if none does."""
        return next((one for one in self.candidates if one.helps), None)


def find_missed(tables: Tables) -> Missed | None:
    """Return the worst predictions of a ranker trained on the training table; None without labels or enough queries.

    The interval of a candidate's gain is widened for the number of candidates that are tried (Bonferroni).
    """
    label = tables.roles.label
    if label is None or label not in tables.train:
        return None
    rows = _sampled(tables)
    table, clicked = tables.train.iloc[rows], check_labels(tables.train[label], tables.names[0])[rows]
    truth = clicked.astype(np.float64) if tables.truth is None else tables.truth[rows]
    query = _queries(table, tables.roles.query)
    luck = generator(0, "held-out queries").random(query.max() + 1)
    held = luck[query] < HELD_OUT
    if min(np.unique(query[held]).size, np.unique(query[~held]).size) < FEWEST_QUERIES:
        return None
    if min(clicked[held].sum(), clicked[~held].sum(), (~clicked[held]).sum(), (~clicked[~held]).sum()) == 0:
        return None
    learnt, judged = table[~held], table[held]
    lists, relevance, hits = query[held], truth[held], clicked[held]

    def course(features: tuple[str, ...]) -> tuple[FloatArray, FloatArray, FloatArray]:
        chance = TableRanker.train(learnt, features, clicked[~held]).probability(judged)
        return chance, by_query(lists, _log_loss(chance, hits)), ndcg_of(lists, relevance, chance)

    chance, loss, ndcg = course(tables.used)
    unused = [name for name in tables.roles.unused if name in table]
    tried = {name: course((*tables.used, name)) for name in unused}
    best = min(tried, key=lambda name: tried[name][1].mean(), default=None)
    candidates = []
    for name, (_, with_it, better) in tried.items():
        less, more = (_widened(mean_of(one), len(unused)) for one in (loss - with_it, better - ndcg))
        beside = less
        if best is not None and name != best:
            _, with_both, _ = course((*tables.used, best, name))
            beside = _widened(mean_of(tried[best][1] - with_both), len(unused))
        candidates.append(Candidate(name, less, more, beside))
    worst = _worst(chance, hits)
    return Missed(
        rows=len(judged),
        queries=np.unique(lists).size,
        worst=int(worst.sum()),
        loss=mean_of(loss),
        ndcg=mean_of(ndcg),
        columns=_columns(judged, (*tables.used, *unused), (chance, hits, worst), frozenset(tables.used)),
        candidates=tuple(sorted(candidates, key=lambda one: -one.loss.value)),
        segments=_segments(judged, tables.features, (lists, relevance), ndcg),
    )


def _segments(
    table: pd.DataFrame, names: tuple[str, ...], found: tuple[NDArray[np.int64], FloatArray], ndcg: FloatArray
) -> tuple[TableSegment, ...]:
    """Return NDCG@10, shape (Q,), by each column that is the same all over a query; `found` are (query, relevance).

    Queries without a relevant row have none, and are left out.
    """
    query, relevance = found
    _, place = np.unique(query, return_inverse=True)
    if place.size == place.max() + 1:
        return ()  # every row is a query of its own
    known = np.bincount(place, weights=relevance) > 0
    segments = []
    for name in names:
        groups = table[name].groupby(place)
        if groups.nunique(dropna=False).max() > 1:
            continue
        values = groups.first()[known]
        codes, labels = _thirds(values)
        for code in range(len(labels)):
            chosen = codes == code
            if chosen.sum() >= FEWEST_QUERIES:
                segments.append(TableSegment(f"{name}: {labels[code]}", int(chosen.sum()), mean_of(ndcg[chosen])))
    return tuple(sorted(segments, key=lambda one: one.ndcg.value))


def _thirds(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return which third each value of a column is in, or which category, and what these are called."""
    if not is_number(column):
        return _bins(column)
    values = numbers_of(column)
    edges = np.unique(np.nanquantile(values, [1 / 3, 2 / 3])) if np.isfinite(values).any() else np.zeros(0)
    codes = np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="left"))
    ends = [f"up to {edge:.4g}" for edge in edges] + ([f"above {edges[-1]:.4g}"] if edges.size else ["all"])
    return codes.astype(np.int64), [*ends, "missing"]


def _widened(found: Estimate, tries: int) -> Estimate:
    """Return an estimate whose interval holds for the best of so many tries."""
    factor = float(norm.isf(0.025 / max(1, tries)) / norm.isf(0.025))
    return Estimate(
        found.value, found.value - factor * (found.value - found.low), found.value + factor * (found.high - found.value)
    )


def _sampled(tables: Tables) -> NDArray[np.int64]:
    """Return the rows of some whole queries of a table that is too large to retrain on again and again."""
    query = _queries(tables.train, tables.roles.query)
    share = MOST_ROWS / len(query)
    if share >= 1:
        return np.arange(len(query))
    return np.flatnonzero((generator(0, "sampled queries").random(query.max() + 1) < share)[query])


def _queries(table: pd.DataFrame, query: str | None) -> NDArray[np.int64]:
    """Return the number of each row's query; each row is its own without queries."""
    if query is None or query not in table:
        return np.arange(len(table))
    return np.asarray(np.unique(table[query], return_inverse=True)[1], dtype=np.int64)


def _log_loss(chance: FloatArray, clicked: NDArray[np.bool_]) -> FloatArray:
    """Return the log loss of each row."""
    right = np.where(clicked, chance, 1.0 - chance)
    return np.asarray(-np.log(np.maximum(right, SMALLEST)))


def _worst(chance: FloatArray, clicked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows are the worst tenth, among those clicked and among the others."""
    loss = _log_loss(chance, clicked)
    worst = np.zeros(loss.size, dtype=bool)
    for kind in (clicked, ~clicked):
        worst |= kind & (loss >= np.quantile(loss[kind], 1 - WORST))
    return worst


def _columns(
    table: pd.DataFrame,
    names: tuple[str, ...],
    found: tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]],
    used: frozenset[str],
) -> tuple[ColumnMisses, ...]:
    """Return how worst and rest differ in each column; `found` are the chances, the clicks, and which are the worst."""
    chance, clicked, worst = found
    drafts = []
    for name in names:
        codes, labels = _bins(table[name])
        rows = np.bincount(codes, minlength=len(labels))
        over = np.bincount(codes, weights=clicked - chance, minlength=len(labels))
        luck = np.bincount(codes, weights=chance * (1 - chance), minlength=len(labels))
        met = rows > 0
        chi_squared = float(np.sum(over[met] ** 2 / np.maximum(luck[met], SMALLEST)))
        p_value = float(chi2.sf(chi_squared, int(met.sum())))
        rate = np.where(met, over / np.maximum(rows, 1), 0.0)
        most = int(np.argmax(over**2 / np.maximum(luck, SMALLEST)))
        size = float(np.sqrt(np.average(rate**2, weights=rows)))
        where = f"{labels[most]}: {rate[most]:+.3f}"
        drafts.append((name, _distance(table[name], worst), size, p_value, where))
    q_values = false_discovery_control([draft[3] for draft in drafts])
    misses = [
        ColumnMisses(name, name in used, distance, size, float(q_value), where)
        for (name, distance, size, _, where), q_value in zip(drafts, q_values, strict=True)
    ]
    return tuple(sorted(misses, key=lambda one: -one.unexplained))


def _bins(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return the bin of each row, and what the bins are called; what is missing has the last."""
    if not is_number(column):
        texts = column.astype("string")
        values = list(map(str, texts.value_counts().index[:MOST_VALUES]))
        places = np.asarray(pd.Index(values).get_indexer(pd.Index(texts)))
        places = np.where(texts.isna().to_numpy(), len(values) + 1, np.where(places < 0, len(values), places))
        return places.astype(np.int64), [*values, "others", "missing"]
    numbers = numbers_of(column)
    known = numbers[np.isfinite(numbers)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if known.size else np.zeros(0)
    codes = np.where(np.isnan(numbers), edges.size + 1, np.searchsorted(edges, numbers, side="right"))
    ends = ["", *(f"{edge:.4g}" for edge in edges), ""]
    spans = [f"{low} to {high}".strip() for low, high in pairwise(ends)]
    return codes.astype(np.int64), [*spans, "missing"]


def _distance(column: pd.Series, worst: NDArray[np.bool_]) -> float:
    """Return how far apart the values of worst and rest are."""
    if is_number(column):
        return kolmogorov_smirnov(column[worst], column[~worst])
    codes, labels = _bins(column)
    shares = [np.bincount(codes[rows], minlength=len(labels)) / max(1, rows.sum()) for rows in (worst, ~worst)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
